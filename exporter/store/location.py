"""Where a store lives: a path or a URL, and the database behind it."""

from pathlib import Path

from exporter.store.database import Backend
from exporter.store.sqlite import SqliteFile, Synchronous
from joulecast.errors import JoulecastError


def backend_at(store: str | Path, synchronous: Synchronous, max_pages: int | None) -> Backend:
    """The database at a path, or at a URL of SQLite or PostgreSQL. Raises JoulecastError for any other."""
    if isinstance(store, Path) or "://" not in store:
        return SqliteFile(Path(store), synchronous, max_pages)
    scheme, _, place = store.partition("://")
    if scheme in {"sqlite", "sqlite+pysqlite"}:
        return SqliteFile(_file(place), synchronous, max_pages)
    if scheme in {"postgresql", "postgresql+psycopg"}:
        return _server(f"postgresql://{place}")
    raise JoulecastError(  # the rest of it may hold a password
        f"{scheme}:// is no store this release can use",
        "give a path, sqlite:////path/to/file.db, or postgresql://user@host/database",
    )


def _server(url: str) -> Backend:
    try:
        from exporter.store.postgresql import PostgresqlServer
    except ImportError as missing:
        raise JoulecastError(
            f"a PostgreSQL store needs the postgresql extra ({missing})", "pip install 'joulecast[postgresql]'"
        ) from None
    return PostgresqlServer(url)


def _file(place: str) -> Path:
    host, _, path = place.partition("?")[0].partition("/")
    if host or path in {"", ":memory:"}:
        raise JoulecastError(
            "the sqlite:// store names no file, and would be forgotten with the process",
            "give it a file, as sqlite:////var/lib/joulecast/joulecast.db",
        )
    return Path(path)
