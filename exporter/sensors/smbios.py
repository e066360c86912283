"""Memory modules as the firmware lists them: SMBIOS structures of type 17, read raw (DMTF DSP0134, section 7.18).

Firmware writes these tables by hand and they are often wrong, so every field is checked before it is believed.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from joulecast.errors import JoulecastError
from joulecast.quantities import BYTES_PER_MEBIBYTE, bytes_from_kibibytes, volts_from_millivolts

_MEMORY_DEVICE = 17
_END_OF_TABLE = 127
_HEADER = struct.Struct("<BBH")  # type, length of the formatted part, handle

_WORD_UNKNOWN = 0xFFFF
_SIZE_IN_EXTENDED_FIELD = 0x7FFF
_MEMORY_TYPES = {
    0x12: "DDR",
    0x13: "DDR2",
    0x14: "DDR2",  # FB-DIMM
    0x18: "DDR3",
    0x1A: "DDR4",
    0x1B: "LPDDR",
    0x1C: "LPDDR2",
    0x1D: "LPDDR3",
    0x1E: "LPDDR4",
    0x20: "HBM",
    0x21: "HBM2",
    0x22: "DDR5",
    0x23: "LPDDR5",
    0x24: "HBM3",
}
_NOT_MAIN_MEMORY = frozenset({0x05, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x1F})  # video, ROM, flash and EEPROM chips, NVDIMM-F
_PLAUSIBLE_MEGATRANSFERS = range(100, 20_001)
_PLAUSIBLE_MILLIVOLTS = range(300, 3_301)


class SmbiosError(JoulecastError):
    """The firmware's table is not what the specification says."""


@dataclass(frozen=True, slots=True)
class MemoryModule:
    """One populated slot. None and "" stand for what the firmware does not say, or says implausibly."""

    locator: str
    manufacturer: str
    type: str  # "DDR4"
    size_bytes: int | None
    transfers_per_second: float | None  # as configured, else as rated: DDR moves two per clock
    volts: float | None  # as configured


def read_memory_modules(sysfs: Path) -> list[MemoryModule]:
    """The populated memory slots. Raises OSError when the table cannot be read, SmbiosError when it makes no sense."""
    tables = sysfs / "firmware/dmi/tables"
    table = (tables / "DMI").read_bytes()
    with suppress(FileNotFoundError):  # the table speaks for itself; the entry point only adds its length
        _check_entry_point((tables / "smbios_entry_point").read_bytes(), len(table))
    modules = (
        _memory_module(formatted, strings) for kind, formatted, strings in _structures(table) if kind == _MEMORY_DEVICE
    )
    return [module for module in modules if module is not None]


def _check_entry_point(entry: bytes, table_length: int) -> None:
    if entry[:5] == b"_SM3_":
        return  # states a maximum, not a length
    if entry[:4] != b"_SM_" or len(entry) < 0x18:
        raise SmbiosError("the SMBIOS entry point has no known signature")
    (stated,) = struct.unpack_from("<H", entry, 0x16)
    if table_length < stated:
        raise SmbiosError(f"the SMBIOS table is cut short: {table_length} of {stated} bytes")


def _structures(table: bytes) -> Iterator[tuple[int, bytes, list[str]]]:
    """Type, formatted part and strings of each structure, in order."""
    offset = 0
    while offset < len(table):
        if offset + _HEADER.size > len(table):
            raise SmbiosError(f"the SMBIOS table is cut short at byte {offset}")
        kind, length, _handle = _HEADER.unpack_from(table, offset)
        if length < _HEADER.size:
            raise SmbiosError(f"the SMBIOS structure at byte {offset} claims {length} bytes, fewer than its own header")
        end = table.find(b"\0\0", offset + length)
        if end < 0:
            raise SmbiosError(f"the SMBIOS table is cut short at byte {offset}")
        strings = table[offset + length : end].split(b"\0")
        yield kind, table[offset : offset + length], [text.decode("utf-8", "replace").strip() for text in strings]
        if kind == _END_OF_TABLE:
            return
        offset = end + 2


def _memory_module(formatted: bytes, strings: list[str]) -> MemoryModule | None:
    """The module of a type 17 structure; None for an empty slot and for what is not main memory."""

    def number(offset: int, layout: str) -> int:
        """A field; 0, which always means unknown, where this firmware's older structure ends before it."""
        if offset + struct.calcsize(layout) > len(formatted):
            return 0
        return int(struct.unpack_from(layout, formatted, offset)[0])

    def text(offset: int) -> str:
        index = number(offset, "<B")
        return strings[index - 1] if 0 < index <= len(strings) else ""

    size = number(0x0C, "<H")
    kind = number(0x12, "<B")
    if size == 0 or kind in _NOT_MAIN_MEMORY:
        return None
    millivolts = number(0x26, "<H")
    return MemoryModule(
        locator=text(0x10),
        manufacturer=text(0x17),
        type=_MEMORY_TYPES.get(kind, ""),
        size_bytes=_size_bytes(size, number(0x1C, "<I")),
        transfers_per_second=_transfers(number(0x20, "<H"), number(0x58, "<I"))
        or _transfers(number(0x15, "<H"), number(0x54, "<I")),
        volts=volts_from_millivolts(millivolts) if millivolts in _PLAUSIBLE_MILLIVOLTS else None,
    )


def _size_bytes(size: int, extended: int) -> int | None:
    if size == _WORD_UNKNOWN:
        return None
    if size == _SIZE_IN_EXTENDED_FIELD:
        return (extended & 0x7FFF_FFFF) * BYTES_PER_MEBIBYTE or None
    if size & 0x8000:  # the top bit changes the unit
        return bytes_from_kibibytes(size & 0x7FFF)
    return size * BYTES_PER_MEBIBYTE


def _transfers(megatransfers: int, extended: int) -> float | None:
    """Transfers per second of a speed field; its escape value sends us to the wider field of SMBIOS 3.3."""
    if megatransfers == _WORD_UNKNOWN:
        megatransfers = extended
    return megatransfers * 1e6 if megatransfers in _PLAUSIBLE_MEGATRANSFERS else None
