"""Two lasting connections to the store, one that writes and one that lists, reopened by themselves after a failure."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Table
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, NotSupportedError, ProgrammingError

from exporter.intervals.ledger import LedgerUnavailable
from joulecast.clock import Clock

# After a failure the next attempt waits this long, so that a store that answers slowly cannot hold up every begin.
RETRY_SECONDS = 2.0

# These say that our SQL is wrong, not that the store is away.
_BUGS = (IntegrityError, ProgrammingError, DataError, NotSupportedError)

logger = logging.getLogger(__name__)


class Backend(Protocol):
    """What differs between databases."""

    shared: bool  # by several nodes, each under its own name

    @property
    def engine(self) -> Engine:
        """Hands out new connections, unpooled: `Database` keeps them."""
        ...

    def diagnose(self, error: DBAPIError) -> LedgerUnavailable:
        """The failure in a person's words, with its remedy."""
        ...

    def is_damage(self, error: DBAPIError) -> bool:
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
        if self._damaged.is_set():
            self._writer.close()
        return self._writer.transaction()

    def reading(self) -> AbstractContextManager[Connection]:
        """A transaction for listings, beside the writing one and never in its way. Raises LedgerUnavailable."""
        return self._reader.transaction()

    def close(self) -> None:
        """Close both connections; harmless twice."""
        self._reader.close()
        self._writer.close()

    def _open_writer(self) -> Connection:
        if self._damaged.is_set():
            self._start_afresh()
        try:
            return self._open_migrated()
        except DBAPIError as error:
            if not self._backend.is_damage(error):
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
        self._connect = connect
        self._backend = backend
        self._clock = clock
        self._damaged = damaged
        self._lock = threading.RLock()  # a failed transaction closes its own connection
        self._connection: Connection | None = None
        self._failure: LedgerUnavailable | None = None
        self._retry_at = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        with self._lock:
            if self._failure is not None and self._clock.monotonic() < self._retry_at:
                raise LedgerUnavailable(self._failure.problem, self._failure.remedy)
            try:
                if self._connection is None:
                    self._connection = self._connect()
                with self._connection.begin():
                    yield self._connection
            except _BUGS:
                raise
            except DBAPIError as error:
                raise self._failed(error) from error
            self._failure = None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _failed(self, error: DBAPIError) -> LedgerUnavailable:
        if self._backend.is_damage(error):
            self._damaged.set()
        self.close()
        self._failure = self._backend.diagnose(error)
        self._retry_at = self._clock.monotonic() + RETRY_SECONDS
        return self._failure
