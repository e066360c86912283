"""One number of a sysfs attribute, its file kept open: opening costs several times what reading does."""

import errno
import os
from pathlib import Path

# Longer than any 64-bit number with its newline.
_LONGEST = 64
# How long a value may stand still before the file behind it is looked at again.
_PATIENCE_SECONDS = 1.0
_CLOSED = -1

# "gone" includes the closed file (EBADF): it is worth opening again, by its path.
_REASONS = {
    errno.EBADF: "gone",
    errno.ENOENT: "gone",
    errno.ENODEV: "gone",
    errno.ENXIO: "gone",
    errno.ESTALE: "gone",
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.ETIMEDOUT: "timeout",
    errno.EAGAIN: "busy",
    errno.EBUSY: "busy",
    errno.EOPNOTSUPP: "not_supported",
    errno.ENODATA: "not_supported",
}


class Unreadable(Exception):
    """The number cannot be had this time; `reason` is a short metric label, the text is for people."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class Attribute:
    """An integer in a file, read with one `pread`; what vanished or was replaced is opened again by its path."""

    __slots__ = ("_changed", "_descriptor", "_inode", "_raw", "_signed", "_terminated", "_value", "path")

    def __init__(self, path: Path, *, signed: bool = False) -> None:
        self.path = path
        self._signed = signed
        self._descriptor = _CLOSED
        self._inode = (0, 0)
        self._raw: bytes | None = None
        self._value = 0
        self._changed = 0.0
        self._terminated = False

    def open(self) -> None:
        """Open the file, or open it anew. Raises OSError."""
        self.close()
        self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self._inode = (status.st_dev, status.st_ino)

    def close(self) -> None:
        """Close the file; harmless twice."""
        if self._descriptor != _CLOSED:
            os.close(self._descriptor)
            self._descriptor = _CLOSED

    def read(self, now: float) -> int:
        """Return the number now; `now` is the caller's monotonic time. Raises Unreadable."""
        try:
            raw = self._pread()
        except Unreadable as unreadable:
            if unreadable.reason != "gone":
                raise
            raw = self._pread_anew()
        if raw == self._raw:
            if now - self._changed < _PATIENCE_SECONDS:
                return self._value
            # A kept-open file that was replaced by renaming shows its last number forever.
            self._changed = now
            if self._is_replaced():
                raw = self._pread_anew()
        self._value = self._parsed(raw)
        if raw != self._raw:
            self._raw = raw
            self._changed = now
        return self._value

    def _pread(self) -> bytes:
        try:
            return os.pread(self._descriptor, _LONGEST, 0)
        except PermissionError as error:
            # Permission was checked when it was opened: some drivers say this of a device in reset or asleep.
            raise Unreadable("busy", f"{self.path}: the driver refuses to read it now") from error
        except OSError as error:
            raise self._unreadable(error) from error

    def _pread_anew(self) -> bytes:
        try:
            self.open()
        except OSError as error:
            raise self._unreadable(error) from error
        return self._pread()

    def _is_replaced(self) -> bool:
        try:
            status = self.path.stat()
        except OSError:
            return True
        return (status.st_dev, status.st_ino) != self._inode

    def _parsed(self, raw: bytes) -> int:
        if not self._is_whole(raw):
            # A writer that truncates first may be caught between two calls; it is done by the next one.
            raw = self._pread()
        whole = self._is_whole(raw)
        # Insisted on once only: a writer that stops writing newlines costs one reading, not all.
        self._terminated = raw.endswith(b"\n")
        text = raw.strip()
        if not whole or not (text.isdigit() or (self._signed and text[:1] == b"-" and text[1:].isdigit())):
            self._raw = None
            raise Unreadable("garbage", f"{self.path} holds {raw[:24]!r}, which is not a whole number of its kind")
        return int(text)

    def _is_whole(self, raw: bytes) -> bool:
        return bool(raw) and (raw.endswith(b"\n") or not self._terminated)

    def _unreadable(self, error: OSError) -> Unreadable:
        number = error.errno or errno.EIO
        return Unreadable(_REASONS.get(number, "io"), f"{self.path}: {os.strerror(number)}")
