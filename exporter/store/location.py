"""Where a store lives: a path or a URL, and the database behind it."""

from pathlib import Path

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from exporter.store.database import Backend
from exporter.store.sqlite import SqliteFile, Synchronous
from joulecast.errors import JoulecastError


def backend_at(store: str | Path, synchronous: Synchronous, max_pages: int | None) -> Backend:
    """The database at a path, or at a URL of SQLite or PostgreSQL. Raises JoulecastError for any other."""
    url = _url(store)
    if url is None:
        return SqliteFile(Path(store), synchronous, max_pages)
    if url.get_backend_name() == "sqlite":
        return SqliteFile(_path(url), synchronous, max_pages)
    from exporter.store.postgresql import PostgresqlServer

    return PostgresqlServer(url)


def _url(store: str | Path) -> URL | None:
    """The store as a URL, or None for a plain path."""
    if isinstance(store, Path) or "://" not in store:
        return None
    try:
        url = make_url(store)
    except ArgumentError:
        raise _unusable(store) from None
    if url.get_backend_name() not in {"sqlite", "postgresql"}:
        raise _unusable(url.render_as_string(hide_password=True))
    return url.set(drivername="postgresql+psycopg") if url.drivername == "postgresql" else url


def _path(url: URL) -> Path:
    if not url.database or url.database == ":memory:":
        raise JoulecastError(
            f"the store {url} would be forgotten with the process",
            "give it a file, as sqlite:////var/lib/joulecast/joulecast.db",
        )
    return Path(url.database)


def _unusable(store: str) -> JoulecastError:
    return JoulecastError(
        f"{store!r} is no store this release can use",
        "give a path, sqlite:////path/to/file.db, or postgresql+psycopg://user@host/database",
    )
