"""A small write-ahead journal: records in a file mapped into memory, so that keeping one costs no system call.

What is in the map survives the death of this process, however sudden, since the pages are the kernel's. It does not
survive a power cut; whoever needs that commits to the database itself (`--store-sync full`).
"""

import mmap
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from joulecast.errors import JoulecastError

MAGIC = b"JCJOURNAL1\n\0\0\0\0\0"
_HEAD = struct.Struct("<II")  # length and CRC-32 of the payload; a length of 0 ends the records
_NO_MORE = bytes(_HEAD.size)
SIZE_BYTES = 1024 * 1024


class Journal:
    """Records in order. Its owner serialises the calls."""

    def __init__(self, path: Path, size: int = SIZE_BYTES) -> None:
        """Map the file, made with all of its blocks so that a full disk cannot break a write later.

        Raises JoulecastError where there is no room for it, or where the file is something else.
        """
        self.path = path
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                is_new = os.fstat(descriptor).st_size == 0
                os.posix_fallocate(descriptor, 0, size)
                self._memory = mmap.mmap(descriptor, size)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise JoulecastError(
                f"the journal {path} cannot be made ({error.strerror})", f"free {size} bytes in its directory"
            ) from error
        if is_new or not any(self._memory[: len(MAGIC)]):
            self._memory[: len(MAGIC)] = MAGIC
        elif self._memory[: len(MAGIC)] != MAGIC:
            raise JoulecastError(f"{path} is no journal of this release", "move it away, or choose another --state-dir")
        self._size = size
        self._end = len(MAGIC)
        for record in self.records():
            self._end += _HEAD.size + len(record)

    @property
    def is_empty(self) -> bool:
        """Whether it holds no record."""
        return self._end == len(MAGIC)

    def append(self, payload: bytes) -> bool:
        """Keep a record; on return it survives this process. False if there is no room, and then nothing is kept."""
        begin = self._end + _HEAD.size
        end = begin + len(payload)
        if end + _HEAD.size > self._size:
            return False
        # The length is written last: until then a reader sees the old end.
        self._memory[begin : end + _HEAD.size] = payload + _NO_MORE
        _HEAD.pack_into(self._memory, self._end, len(payload), zlib.crc32(payload))
        self._end = end
        return True

    def records(self) -> Iterator[bytes]:
        """Every whole record; what a death cut short is not among them."""
        position = len(MAGIC)
        while position + _HEAD.size <= self._size:
            length, checksum = _HEAD.unpack_from(self._memory, position)
            position += _HEAD.size
            payload = self._memory[position : position + length]
            if not length or len(payload) < length or zlib.crc32(payload) != checksum:
                return
            yield payload
            position += length

    def clear(self) -> None:
        """Forget every record: they are elsewhere now."""
        self._memory[len(MAGIC) : len(MAGIC) + _HEAD.size] = bytes(_HEAD.size)
        self._end = len(MAGIC)

    def close(self) -> None:
        """Unmap the file; harmless twice."""
        self._memory.close()
