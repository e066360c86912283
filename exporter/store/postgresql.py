"""The store on a PostgreSQL server, for fleets: many nodes, one database, each node's rows under its name."""

from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, Table, create_engine
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import NullPool

from exporter.intervals.ledger import LedgerUnavailable
from exporter.store.database import JSON_AS_TEXT
from joulecast.errors import JoulecastError

_CONNECT_SECONDS = 3


class PostgresqlServer:
    """Implements `database.Backend`."""

    shared = True

    def __init__(self, url: URL) -> None:
        self._url = url
        self._place = url.render_as_string(hide_password=True)

    @cached_property
    def engine(self) -> Engine:
        """Connections that give up soon when the server is away."""
        try:
            return create_engine(
                self._url, poolclass=NullPool, connect_args={"connect_timeout": _CONNECT_SECONDS}, **JSON_AS_TEXT
            )
        except (ModuleNotFoundError, NoSuchModuleError) as missing:
            raise JoulecastError(
                f"the driver for {self._place} is not installed ({missing})",
                "pip install 'psycopg[binary]' and write the store as postgresql+psycopg://...",
            ) from None

    def diagnose(self, error: BaseException) -> LedgerUnavailable:
        """The server's own words, first line only: the rest repeats the query."""
        reason = str(error).strip().partition("\n")[0]
        return LedgerUnavailable(
            f"the store {self._place}: {reason}", "check that the server runs, is reachable and accepts this user"
        )

    def is_damage(self, error: BaseException) -> bool:  # noqa: ARG002 - the server looks after its own files
        """Never: a server's files are its administrator's."""
        return False

    def set_aside(self, wall: float) -> Path:
        """Never asked, since nothing is damage."""
        raise NotImplementedError

    def upsert(self, table: Table) -> Any:
        """PostgreSQL's INSERT ... ON CONFLICT."""
        return insert(table)
