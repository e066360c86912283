"""How far a listing of intervals has been dealt with, in memory and on wish in a file."""

import fcntl
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, Self

from joulecast.errors import JoulecastError

_FORMAT = 1
_REMEDY = "remove it: what Grafana has is not posted twice"


class Bookmark:
    """Up to the cursor all has been met; after it, what is in `done`. Of these the `pending` are still to be marked.

    `since` is what the listing begins with, wall time or None for all; a file that goes further back has its own. The
    cursor stays behind the present, since intervals may be told of long after they began. With a `file`, nobody
    else uses that file meanwhile, and `subject` says whose listing it is: another's is refused. Raises JoulecastError.
    """

    def __init__(self, file: Path | None = None, subject: str = "", since: float | None = None) -> None:
        self.cursor = ""
        self.pending: set[str] = set()
        self.done: set[str] = set()
        self._file = file
        self._subject = subject
        self.since = since
        self._lock: IO[str] | None = None
        self._kept: dict[str, Any] = {}
        if file is not None:
            self._take(file)
            try:
                self._read(file)
            except BaseException:
                self.close()
                raise

    def knows(self, interval_id: str) -> bool:
        """Whether the listing has come past this one before."""
        return interval_id in self.done

    def wait_for(self, interval_id: str) -> None:
        """This one is not final yet."""
        self.pending.add(interval_id)

    def settled(self, interval_id: str) -> None:
        """This one was waited for, and is dealt with."""
        self.pending.discard(interval_id)

    def passed(self, interval_id: str, begin: float | None, horizon: float) -> None:
        """The listing has come past this one; where it began before the horizon, it need not be listed again."""
        self.done.add(interval_id)
        if begin is not None and begin < horizon:
            self.cursor = interval_id
            self.done = {each for each in self.done if each > interval_id}

    def keep(self) -> None:
        """Write the file anew, whole or not at all."""
        state = {
            "format": _FORMAT,
            "subject": self._subject,
            "since": self.since,
            "cursor": self.cursor,
            "pending": sorted(self.pending),
            "done": sorted(self.done),
        }
        if self._file is None or state == self._kept:
            return
        part = self._file.with_name(f".{self._file.name}.{os.getpid()}.part")
        try:
            with part.open("w", encoding="utf-8") as stream:
                json.dump(state, stream)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(self._file)
        except OSError as error:
            with suppress(OSError):
                part.unlink()
            raise self._unwritable(error) from None
        self._kept = state

    def close(self) -> None:
        """Let others use the file."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _take(self, file: Path) -> None:
        try:
            self._lock = file.with_name(f"{file.name}.lock").open("a", encoding="utf-8")
        except OSError as error:
            raise self._unwritable(error) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self.close()
            raise JoulecastError(
                f"another `joulecast grafana annotate` uses {file}", "let it end, or give each a --cursor-file"
            ) from None

    def _read(self, file: Path) -> None:
        try:
            state = json.loads(file.read_text(encoding="utf-8"))
            form, subject, since = state["format"], state["subject"], state["since"]
            cursor, pending, done = state["cursor"], set(state["pending"]), set(state["done"])
            sound = form == _FORMAT and all(isinstance(text, str) for text in (subject, cursor, *pending, *done))
            sound = sound and (since is None or isinstance(since, int | float))
        except FileNotFoundError:
            return
        except OSError as error:
            raise JoulecastError(f"{file} cannot be read ({error.strerror})", "check --cursor-file") from None
        except (ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            raise JoulecastError(f"{file} is no cursor file of this version", _REMEDY)
        if subject != self._subject:
            raise JoulecastError(
                f"{file} belongs to another exporter, Grafana or set of filters", f"name another file, or {_REMEDY}"
            )
        if since is not None and (self.since is None or self.since < since):
            return  # more is asked for than the file covers: begin anew
        self.cursor, self.pending, self.done, self.since = cursor, pending, done, since

    def _unwritable(self, error: OSError) -> JoulecastError:
        return JoulecastError(
            f"{self._file} cannot be written ({error.strerror})", "check --cursor-file and its folder"
        )
