"""Two lasting connections to the store, one that writes and one that lists, reopened by themselves after a failure."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DBAPIError

from exporter.intervals.ledger import LedgerUnavailable
from exporter.store.prepared import Prepared, Row
from joulecast.clock import Clock

# After a failure the next attempt waits this long, so that a store that answers slowly cannot hold up every begin.
RETRY_SECONDS = 2.0

# Engine options: JSON columns are written and read as text, which the codec makes and reads outside of all locks.
JSON_AS_TEXT: dict[str, Any] = {"json_serializer": str, "json_deserializer": lambda text: text}

logger = logging.getLogger(__name__)


class Backend(Protocol):
    """What differs between databases."""

    shared: bool  # by several nodes, each under its own name

    @property
    def engine(self) -> Engine:
        """Hands out new connections, unpooled: `Database` keeps them."""
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

    def upsert(self, table: Table) -> Any:
        """An insert statement of the dialect that offers `on_conflict_do_update`."""
        ...


class Database:
    """The store's connections. `migrate` runs in a transaction whenever the writing one is opened."""

    def __init__(self, backend: Backend, migrate: Callable[[Connection], None], clock: Clock) -> None:
        self._backend = backend
        self._migrate = migrate
        self._clock = clock
        self._damaged = threading.Event()
        self._writer = _Link(self._open_writer, backend, clock, self._damaged)
        self._reader = _Link(backend.engine.connect, backend, clock, self._damaged)

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may write; others that write wait. Raises LedgerUnavailable."""
        return self._healthy_writer().transaction()

    def run(self, statement: Prepared, row: Row) -> int:
        """Run a writing statement once, by itself a transaction; returns how many rows it touched."""
        return self._healthy_writer().run(statement, row)

    def run_all(self, statement: Prepared, rows: Iterable[Row]) -> None:
        """Run a writing statement for each row, in one transaction."""
        self._healthy_writer().run_all(statement, rows)

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction for listings, beside the writing one and never in its way. Raises LedgerUnavailable."""
        return self._reader.transaction()

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
        except DBAPIError as error:
            if error.orig is None or not self._backend.is_damage(error.orig):
                raise
        self._start_afresh()
        return self._open_migrated()

    def _open_migrated(self) -> Connection:
        connection = self._backend.engine.connect()
        try:
            with connection.begin():
                self._migrate(connection)
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
        dbapi: Any = backend.engine.dialect.loaded_dbapi
        self._driver_error: type[Exception] = dbapi.Error
        # These say that our SQL is wrong, not that the store is away.
        self._bugs = (dbapi.IntegrityError, dbapi.ProgrammingError, dbapi.DataError, dbapi.NotSupportedError)
        self._connect = connect
        self._backend = backend
        self._clock = clock
        self._damaged = damaged
        self._lock = threading.RLock()  # a failed transaction closes its own connection
        self._connection: Connection | None = None
        self._driver: Any = None
        self._failure: LedgerUnavailable | None = None
        self._retry_at = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._opened() as connection, connection.begin():
            yield connection

    def run(self, statement: Prepared, row: Row) -> int:
        with self._opened():
            # SQLite commits by itself what stands outside of BEGIN and COMMIT; then this commit does nothing.
            touched: int = self._driver.execute(statement.sql, statement.parameters(row)).rowcount
            self._driver.commit()
            return touched

    def run_all(self, statement: Prepared, rows: Iterable[Row]) -> None:
        # Rows may come one by one: only what the driver takes of them is in memory at once.
        parameters = [statement.parameters(row) for row in rows]
        with self.transaction():
            self._driver.cursor().executemany(statement.sql, parameters)

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = self._driver = None

    @contextmanager
    def _opened(self) -> Iterator[Connection]:
        with self._lock:
            if self._failure is not None and self._clock.monotonic() < self._retry_at:
                raise LedgerUnavailable(self._failure.problem, self._failure.remedy)
            try:
                if self._connection is None:
                    self._connection = self._connect()
                    self._driver = self._connection.connection.driver_connection
                yield self._connection
            except (DBAPIError, self._driver_error) as error:
                self.close()
                cause = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
                if isinstance(cause, self._bugs):
                    raise
                raise self._failed(cause) from error
            self._failure = None

    def _failed(self, cause: BaseException) -> LedgerUnavailable:
        if self._backend.is_damage(cause):
            self._damaged.set()
        self._failure = self._backend.diagnose(cause)
        self._retry_at = self._clock.monotonic() + RETRY_SECONDS
        return self._failure
