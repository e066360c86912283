"""Two lasting connections to the store, one that writes and one that lists, reopened by themselves after a failure."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from exporter.intervals.ledger import LedgerUnavailable
from joulecast.clock import Clock

# After a failure the next attempt waits this long, so that a store that answers slowly cannot hold up every begin.
RETRY_SECONDS = 2.0

Row = Mapping[str, Any]

logger = logging.getLogger(__name__)


class Cursor(Protocol):
    """What became of a statement."""

    @property
    def rowcount(self) -> int:
        """How many rows it touched."""
        ...

    def fetchall(self) -> list[Any]:
        """The rows it found; a value is asked by the name of its column. JSON columns are text."""
        ...


class Connection(Protocol):
    """A driver's connection, in which a transaction is exactly what lies between BEGIN and COMMIT, DDL included."""

    def execute(self, sql: str, parameters: Row = ..., /) -> Cursor:
        """Run one statement, its parameters named as in `:node`."""
        ...

    def executemany(self, sql: str, rows: Iterable[Row], /) -> object:
        """Run one statement for each row."""
        ...

    def close(self) -> object:
        """Undo what was not committed, and disconnect."""
        ...


class Backend(Protocol):
    """What differs between databases."""

    shared: bool  # by several nodes, each under its own name
    label_is: str  # whether label `:keyN` is `:labelN`, in which `{0}` stands for N; it may be wrong to say yes
    begin_alone: Sequence[str]  # a transaction that no other exporter's migration runs beside
    error: type[Exception]  # of the driver

    def connect(self) -> Connection:
        """A new connection."""
        ...

    def is_bug(self, error: Exception) -> bool:
        """Whether it says that our SQL is wrong, not that the store is away."""
        ...

    def diagnose(self, error: BaseException) -> LedgerUnavailable:
        """The driver's exception in a person's words, with a remedy."""
        ...

    def is_damage(self, error: BaseException) -> bool:
        """Whether the data themselves are broken, so that no retry can help."""
        ...

    def set_aside(self, wall: float) -> Path:
        """Rename the damaged data, deleting nothing, and return where they are now."""
        ...


class Database:
    """The store's connections. `migrate` runs in a transaction whenever the writing one is opened."""

    def __init__(self, backend: Backend, migrate: Callable[[Connection], None], clock: Clock) -> None:
        self._backend = backend
        self._migrate = migrate
        self._clock = clock
        self._damaged = threading.Event()
        self._writer = _Link(self._open_writer, backend, clock, self._damaged)
        self._reader = _Link(backend.connect, backend, clock, self._damaged)

    def open(self) -> None:
        """Make sure that the store can be written. Raises LedgerUnavailable, as all that follow."""
        with self._healthy_writer().connection():
            pass

    def run(self, sql: str, row: Row) -> int:
        """Run a writing statement once, by itself a transaction; returns how many rows it touched."""
        with self._healthy_writer().connection() as connection:
            return connection.execute(sql, row).rowcount

    def run_all(self, sql: str, rows: Iterable[Row]) -> None:
        """Run a writing statement for each row, in one transaction; rows may come one by one, none is kept."""
        with self._healthy_writer().connection() as connection:
            connection.execute("BEGIN")
            connection.executemany(sql, rows)
            connection.execute("COMMIT")

    def rows(self, sql: str, parameters: Row) -> Sequence[Row]:
        """What a query finds, beside the writing connection and never in its way."""
        with self._reader.connection() as connection:
            return connection.execute(sql, parameters).fetchall()

    def close(self) -> None:
        """Close both connections; harmless twice."""
        self._reader.close()
        self._writer.close()

    def _healthy_writer(self) -> "_Link":
        if self._damaged.is_set():
            self._writer.close()  # so that it is opened afresh
        return self._writer

    def _open_writer(self) -> Connection:
        if self._damaged.is_set():
            self._start_afresh()
        try:
            return self._open_migrated()
        except self._backend.error as error:
            if not self._backend.is_damage(error):
                raise
        self._start_afresh()
        return self._open_migrated()

    def _open_migrated(self) -> Connection:
        connection = self._backend.connect()
        try:
            for statement in self._backend.begin_alone:
                connection.execute(statement)
            self._migrate(connection)
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        return connection

    def _start_afresh(self) -> None:
        self._reader.close()
        aside = self._backend.set_aside(self._clock.wall())
        self._damaged.clear()
        logger.warning("the store was damaged and is now at %s; a new one begins, nothing was deleted", aside)


class _Link:
    """One connection behind one lock."""

    def __init__(
        self, connect: Callable[[], Connection], backend: Backend, clock: Clock, damaged: threading.Event
    ) -> None:
        self._connect = connect
        self._backend = backend
        self._clock = clock
        self._damaged = damaged
        self._lock = threading.RLock()  # a failure closes its own connection
        self._connection: Connection | None = None
        self._failure: LedgerUnavailable | None = None
        self._retry_at = 0.0

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """The connection, for one caller at a time; closed if anything fails, which undoes what was not committed."""
        with self._lock:
            if self._failure is not None and self._clock.monotonic() < self._retry_at:
                raise LedgerUnavailable(self._failure.problem, self._failure.remedy)
            try:
                if self._connection is None:
                    self._connection = self._connect()
                yield self._connection
            except BaseException as error:
                self.close()
                if not isinstance(error, self._backend.error) or self._backend.is_bug(error):
                    raise
                raise self._failed(error) from error
            self._failure = None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _failed(self, cause: BaseException) -> LedgerUnavailable:
        if self._backend.is_damage(cause):
            self._damaged.set()
        self._failure = self._backend.diagnose(cause)
        self._retry_at = self._clock.monotonic() + RETRY_SECONDS
        return self._failure
