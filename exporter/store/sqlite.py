"""The store as one SQLite file: the only place that knows SQLite's pragmas, error codes and side files."""

import os
import sqlite3
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from exporter.intervals.ledger import LedgerUnavailable

# NORMAL survives the death of the process: a commit is in the kernel's hands. A power cut may cost the last moments
# before it, never the file. FULL waits for the disk at every commit.
Synchronous = Literal["normal", "full"]

_BUSY_SECONDS = 0.5  # a begin waits this long for another program's lock, then is kept in memory

# By the prefix of SQLite's own name of the error; first match counts.
_REMEDIES = (
    ("SQLITE_FULL", "the disk is full", "free space there; writing resumes by itself"),
    ("SQLITE_READONLY", "it cannot be written", "mount it read-write and let the exporter's user write there"),
    (
        "SQLITE_BUSY",
        "another program keeps it locked",
        "end that program's transaction, or copy the file to work on it",
    ),
    ("SQLITE_LOCKED", "another program keeps it locked", "end that program's transaction"),
    (
        "SQLITE_CANTOPEN",
        "it cannot be opened",
        "check that its directory exists and the exporter's user may write there",
    ),
    (
        "SQLITE_CORRUPT",
        "it is damaged",
        "nothing to do: it is set aside and a new one begins; look at the disk's health",
    ),
    ("SQLITE_NOTADB", "it is no SQLite file", "nothing to do: it is set aside and a new one begins"),
    ("SQLITE_IOERR", "the disk gives errors", "check free space and the kernel's log for that disk"),
)
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")
_BUGS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError, sqlite3.NotSupportedError)
_SIDE_FILES = ("", "-wal", "-shm")


class SqliteFile:
    """Implements `database.Backend`. `max_pages` bounds the file, in pages of 4 KiB."""

    shared = False
    label_is = """json_extract(labels, '$."' || :key{0} || '"') = :label{0}"""
    begin_alone: Sequence[str] = ("BEGIN",)  # whoever claimed the state directory is alone
    error: type[Exception] = sqlite3.Error

    def __init__(self, path: Path, synchronous: Synchronous = "normal", max_pages: int | None = None) -> None:
        self.path = path
        self._synchronous = synchronous
        self._max_pages = max_pages

    def connect(self) -> sqlite3.Connection:
        """A connection that commits every statement outside of BEGIN and COMMIT."""
        self._create_private()
        connection = sqlite3.connect(self.path, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            connection.row_factory = sqlite3.Row
            (mode,) = connection.execute("PRAGMA journal_mode = WAL").fetchone()
            # Without WAL (some network file systems) only FULL keeps the file whole.
            synchronous = self._synchronous if mode == "wal" else "full"
            connection.execute(f"PRAGMA synchronous = {synchronous}")
            connection.execute("PRAGMA cache_size = -256")  # KiB: what is read again is in the kernel's cache
            connection.execute("PRAGMA wal_autocheckpoint = 4000")  # 16 MB: fewer commits pay for a checkpoint
            connection.execute("PRAGMA journal_size_limit = 33554432")
            if self._max_pages is not None:
                connection.execute(f"PRAGMA max_page_count = {self._max_pages:d}")
        except BaseException:
            connection.close()
            raise
        return connection

    def is_bug(self, error: Exception) -> bool:
        """By its class in the DB-API."""
        return isinstance(error, _BUGS)

    def diagnose(self, error: BaseException) -> LedgerUnavailable:
        """The failure by SQLite's name of it."""
        name = _name(error)
        for prefix, problem, remedy in _REMEDIES:
            if name.startswith(prefix):
                return LedgerUnavailable(f"the store {self.path}: {problem}", remedy)
        return LedgerUnavailable(f"the store {self.path}: {error}", "check the file and its directory")

    def is_damage(self, error: BaseException) -> bool:
        """Whether SQLite found the file itself broken."""
        return _name(error).startswith(_DAMAGE)

    def set_aside(self, wall: float) -> Path:
        """Rename the file and its side files to `<name>.corrupt-<time>`, so that they still belong together."""
        stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(wall))
        aside = self.path.with_name(f"{self.path.name}.corrupt-{stamp}")
        attempt = 1
        while aside.exists():  # twice within a second; renaming onto the first would delete it
            attempt += 1
            aside = self.path.with_name(f"{self.path.name}.corrupt-{stamp}-{attempt}")
        for suffix in _SIDE_FILES:
            side = Path(f"{self.path}{suffix}")
            if side.exists():
                side.rename(f"{aside}{suffix}")
        return aside

    def _create_private(self) -> None:
        """Labels may name people and projects: 0600 when new (SQLite's side files follow); an owner may widen it."""
        try:
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError:
            return  # it exists, or SQLite is about to say in its own words why it cannot


def _name(error: BaseException) -> str:
    return getattr(error, "sqlite_errorname", "")
