"""One document in a file mapped into memory: rewritten every second without touching the disk, never half-written.

Like the journal it survives the death of this process and not a power cut.
"""

import mmap
import os
import struct
import zlib
from pathlib import Path

from joulecast.errors import JoulecastError

_HEAD = struct.Struct("<QII")  # sequence number, length, CRC-32 of the document
SIZE_BYTES = 128 * 1024


class Slate:
    """Two halves, written in turn: whatever ends in the middle of one leaves the other."""

    def __init__(self, path: Path, size: int = SIZE_BYTES) -> None:
        """Map the file, made with all of its blocks. Raises JoulecastError where there is no room for it."""
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, size)
                self._memory = mmap.mmap(descriptor, size)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise JoulecastError(
                f"{path} cannot be made ({error.strerror})", f"free {size} bytes in its directory"
            ) from error
        self._half = size // 2
        self._sequence = max((sequence for sequence, _ in self._documents()), default=0)

    def write(self, document: bytes) -> bool:
        """Replace the document. False if it is too long, and then the old one stays."""
        if _HEAD.size + len(document) > self._half:
            return False
        self._sequence += 1
        begin = (self._sequence % 2) * self._half
        self._memory[begin + _HEAD.size : begin + _HEAD.size + len(document)] = document
        _HEAD.pack_into(self._memory, begin, self._sequence, len(document), zlib.crc32(document))
        return True

    def hand_over(self) -> None:
        """The newest document was too long and is kept elsewhere: what is here must not be taken for it."""
        self.write(b"")

    def read(self) -> bytes | None:
        """The document written last, whole; None if there is none here."""
        return max(self._documents(), default=(0, None))[1] or None

    def close(self) -> None:
        """Unmap the file; harmless twice."""
        self._memory.close()

    def _documents(self) -> list[tuple[int, bytes]]:
        """Both halves that hold a whole document."""
        found = []
        for begin in (0, self._half):
            sequence, length, checksum = _HEAD.unpack_from(self._memory, begin)
            document = self._memory[begin + _HEAD.size : begin + _HEAD.size + length]
            if sequence and len(document) == length <= self._half and zlib.crc32(document) == checksum:
                found.append((sequence, document))
        return found
