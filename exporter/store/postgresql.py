"""The store on a PostgreSQL server, for fleets: many nodes, one database, each node's rows under its name."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from psycopg import Connection as Driver
from psycopg import DataError, Error, IntegrityError, NotSupportedError, ProgrammingError, connect
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.errors import InsufficientPrivilege, UndefinedTable
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader

from exporter.intervals.ledger import LedgerUnavailable
from exporter.store.database import Cursor, Row
from joulecast.errors import JoulecastError

# Unless the URL says otherwise: give up soon when the server is away.
_DEFAULTS: Mapping[str, Any] = {"connect_timeout": "3", "client_encoding": "utf8"}
_SHOWN = ("host", "port", "dbname", "user")  # of what a URL may say; the rest may be secret
_BUGS = (IntegrityError, ProgrammingError, DataError, NotSupportedError)
# For the server's administrator to mend, or for the connection that writes to make.
_NO_BUGS = (InsufficientPrivilege, UndefinedTable)
_PARAMETER = re.compile(r":(\w+)")


class PostgresqlServer:
    """Implements `database.Backend`. `url` is one of libpq's; raises JoulecastError for one that libpq cannot read."""

    shared = True
    # The server cannot even look into JSON that holds a NUL.
    label_is = r"CASE WHEN strpos(CAST(labels AS TEXT), '\u0000') > 0 THEN TRUE ELSE labels ->> :key{0} = :label{0} END"
    # The number means nothing; it is the same for all exporters.
    begin_alone: Sequence[str] = ("BEGIN", "SELECT pg_advisory_xact_lock(6074877)")
    error: type[Exception] = Error

    def __init__(self, url: str) -> None:
        said = _said(url)
        self._conninfo = make_conninfo("", **{**_DEFAULTS, **said})
        self._place = " ".join(f"{name}={said[name]}" for name in _SHOWN if name in said) or "by libpq's defaults"

    def connect(self) -> "_Connection":
        """A connection that commits every statement outside of BEGIN and COMMIT, and leaves JSON to the codec."""
        driver: Driver[Any] = connect(self._conninfo, autocommit=True, row_factory=dict_row)
        driver.adapters.register_loader("json", TextLoader)
        return _Connection(driver)

    def is_bug(self, error: Exception) -> bool:
        """Unless it is about rights, or about a database that no exporter has written yet."""
        return isinstance(error, _BUGS) and not isinstance(error, _NO_BUGS)

    def diagnose(self, error: BaseException) -> LedgerUnavailable:
        """The server's own words, first line only: the rest repeats the query."""
        reason = str(error).strip().partition("\n")[0]
        return LedgerUnavailable(
            f"the PostgreSQL store ({self._place}): {reason}",
            "check that the server runs, is reachable and accepts this user",
        )

    def is_damage(self, error: BaseException) -> bool:  # noqa: ARG002 - the server looks after its own files
        """Never: a server's files are its administrator's."""
        return False

    def set_aside(self, wall: float) -> Path:
        """Never asked, since nothing is damage."""
        raise NotImplementedError


def _said(url: str) -> Mapping[str, Any]:
    """What a URL says, by libpq's names of it."""
    said: Mapping[str, Any] | None
    try:
        said = conninfo_to_dict(url)
    except ProgrammingError:
        said = None
    # An unescaped @ makes the password's end look like the host; libpq's own words would repeat either.
    if said is None or "@" in str(said.get("host")):
        raise JoulecastError(
            "the store's PostgreSQL URL cannot be read",
            "write it as postgresql://user@host/database, odd characters of a password as %40 and so on",
        )
    return said


class _Connection:
    """Implements `database.Connection`."""

    def __init__(self, driver: Driver[Any]) -> None:
        self._driver = driver

    def execute(self, sql: str, parameters: Row | None = None) -> Cursor:
        return self._driver.execute(_in_drivers_style(sql), parameters)

    def executemany(self, sql: str, rows: Iterable[Row]) -> None:
        self._driver.cursor().executemany(_in_drivers_style(sql), rows)

    def close(self) -> None:
        self._driver.close()


@lru_cache(maxsize=64)
def _in_drivers_style(sql: str) -> bytes:
    return _PARAMETER.sub(r"%(\1)s", sql).encode()
