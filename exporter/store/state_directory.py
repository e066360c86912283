"""The directory that outlives the process: made private, and claimed by one exporter at a time."""

import fcntl
import os
from pathlib import Path
from typing import Self

from joulecast.errors import JoulecastError


class StateDirectory:
    """A claimed state directory; the claim ends with `release`, or with the process however it dies."""

    def __init__(self, path: Path) -> None:
        """Create the directory if need be (0700) and claim it. Raises JoulecastError."""
        self.path = path
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Never truncated before the claim holds: it names the holder to whoever comes second.
            self._lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JoulecastError(
                f"the state directory {path} cannot be used ({error.strerror})",
                "make it writable for the exporter's user, or choose another with --state-dir",
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(self._lock, 32, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(self._lock)
            raise JoulecastError(
                f"another exporter (pid {holder}) uses the state directory {path}",
                "stop it, or give this one its own --state-dir",
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    @property
    def database(self) -> Path:
        """Where the store is unless told otherwise."""
        return self.path / "joulecast.db"

    def release(self) -> None:
        """Let another exporter claim it; harmless twice."""
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
