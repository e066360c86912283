"""The exporter's store, read by plain SQL: SQLite's file or PostgreSQL's server. Nothing is written, nothing locked."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean
from typing import Any
from urllib.parse import quote

from joulecast.errors import JoulecastError
from predictor.readers.intervals import MeasuredInterval, Part, describes_a_model

SCHEMA_VERSION = 2
"""The newest version of the store's tables that is understood."""

_DATABASE = "joulecast.db"  # in a state directory
_VERSION = "SELECT MAX(version) FROM schema_version"
_FINISHED = (
    "SELECT interval_id, phase, begin_monotonic, end_monotonic, labels, counts, account FROM intervals "
    "WHERE status = 'finished' AND account IS NOT NULL ORDER BY interval_id"
)


def intervals_of_store(store: str) -> Iterator[MeasuredInterval]:
    """Every finished interval that names its model, from a file, a state directory, or a PostgreSQL URL.

    Raises JoulecastError for a store that cannot be read, or of a newer schema.
    """
    rows = _postgresql(store) if store.startswith("postgresql") else _sqlite(_path(store))
    for interval_id, phase, begin, end, labels, counts, account in rows:
        known = _document(labels)
        if describes_a_model(known):
            yield _interval((interval_id, phase, end - begin), known, _document(counts), _document(account))


def store_name(store: str) -> str:
    """How messages call it: never with a password."""
    return "the PostgreSQL store" if store.startswith("postgresql") else f"the store {_path(store)}"


def _interval(identity: tuple[str, str, float], labels: Any, counts: Any, account: Any) -> MeasuredInterval:
    interval_id, phase, duration = identity
    usage = account["usage"]
    counted = [device for device in account["devices"] if device["counted"]]
    components = [device["component"] for device in counted]
    return MeasuredInterval(
        interval_id=interval_id,
        phase=phase,
        duration_seconds=duration,
        labels=labels,
        counts=counts,
        parts={name: _part(energy) for name, energy in account["components"].items()},
        devices={component: components.count(component) for component in components},
        below_resolution=account["node"]["below_resolution"],
        cpu_utilization_ratio=usage["cpu_utilization_ratio"],
        gpu_utilization_ratio=_mean(gpu["utilization_ratio"] for gpu in usage["gpus"]),
        # The exporter's memory utilisation is occupancy, not how busy the controller is.
        gpu_memory_used_ratio=_mean(gpu["memory_utilization_ratio"] for gpu in usage["gpus"]),
    )


def _part(energy: Any) -> Part:
    return Part(energy["gross_joules"], energy["uncertainty_joules"], energy["coverage"], energy["provenance"])


def _mean(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _document(value: Any) -> Any:
    """JSON, which PostgreSQL's driver has read already."""
    return json.loads(value) if isinstance(value, str) else value


def _path(store: str) -> Path:
    path = Path(store.removeprefix("sqlite:///"))
    return path / _DATABASE if path.is_dir() else path


def _sqlite(path: Path) -> Iterator[Sequence[Any]]:
    if not path.is_file():
        raise JoulecastError(f"there is no store {path}", "name the exporter's --state-dir, or its file there")
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
            _check_version(store_name(str(path)), connection.execute(_VERSION).fetchone()[0])
            yield from connection.execute(_FINISHED)
    except sqlite3.Error as error:
        raise JoulecastError(
            f"{store_name(str(path))} cannot be read ({error})",
            "name the exporter's joulecast.db; where its directory is read-only, copy it with its -wal file",
        ) from error


def _postgresql(url: str) -> Iterator[Sequence[Any]]:
    try:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict
    except ModuleNotFoundError as missing:
        raise JoulecastError(
            "reading a PostgreSQL store needs the postgresql extra", "pip install 'joulecast[postgresql]'"
        ) from missing
    url = url.replace("+psycopg", "", 1)
    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:  # its words may repeat the password
        raise JoulecastError(
            "the PostgreSQL URL cannot be read",
            "write it as postgresql://user@host/database, odd characters of a password as %40 and so on",
        ) from None
    try:
        with psycopg.connect(url) as connection:
            connection.read_only = True
            version = connection.execute(_VERSION).fetchone()
            _check_version(store_name(url), version[0] if version else None)
            with connection.cursor("records") as cursor:  # named: rows stay on the server until they are wanted
                yield from cursor.execute(_FINISHED)
    except psycopg.Error as error:
        first = str(error).strip().splitlines()[0]
        raise JoulecastError(f"{store_name(url)} cannot be read ({first})", "check --store and the server") from error


def _check_version(store: str, version: int | None) -> None:
    if version is None or version > SCHEMA_VERSION:
        raise JoulecastError(
            f"{store} has version {version}, this release reads {SCHEMA_VERSION}",
            "use the release that wrote it, or `joulecast intervals export` and --records",
        )
