"""Raw SMBIOS tables as firmware writes them, byte by byte (DMTF DSP0134), good ones and bad ones."""

import struct
from pathlib import Path

END_OF_TABLE = b"\x7f\x04\xff\xff\x00\x00"
BIOS_INFORMATION = struct.pack("<BBH", 0, 18, 0) + bytes([1, 2]) + bytes(12) + b"Vendor\x00Version\x00\x00"

TYPE_RAM, TYPE_FLASH, TYPE_DDR3, TYPE_DDR4, TYPE_DDR5 = 0x07, 0x09, 0x18, 0x1A, 0x22


def memory_device(  # every argument is a field of the structure
    *,
    size_mib: int = 32 * 1024,
    kind: int = TYPE_DDR4,
    speed: int = 3200,
    configured_speed: int = 0,
    millivolts: int = 1200,
    locator: str = "DIMM_A1",
    manufacturer: str = "Samsung",
    length: int = 0x5C,
    extended_speed: int = 0,
) -> bytes:
    """One structure of type 17; `length` cuts it where older versions of the specification end."""
    body = bytearray(0x5C)
    struct.pack_into("<BBH", body, 0, 17, length, 0x1100)
    struct.pack_into("<HH", body, 0x08, 72, 64)
    struct.pack_into("<H", body, 0x0C, min(size_mib, 0x7FFF))
    struct.pack_into("<BBBBB", body, 0x0E, 9, 0, 1, 2, kind)
    struct.pack_into("<H", body, 0x15, speed)
    struct.pack_into("<B", body, 0x17, 3)
    struct.pack_into("<I", body, 0x1C, size_mib if size_mib >= 0x7FFF else 0)
    struct.pack_into("<HHHH", body, 0x20, configured_speed, 1140, 1260, millivolts)
    struct.pack_into("<I", body, 0x54, extended_speed)
    strings = f"{locator}\0BANK 0\0{manufacturer}\0\0".encode()
    return bytes(body[:length]) + strings


def table(*structures: bytes) -> bytes:
    """A whole table, with a structure before them and its end."""
    return b"".join([BIOS_INFORMATION, *structures, END_OF_TABLE])


def install(sysfs: Path, content: bytes, *, entry_point: bytes | None = None) -> Path:
    """Put a table where the kernel shows it, with the entry point of SMBIOS 3 unless told; returns the table's file."""
    directory = sysfs / "firmware/dmi/tables"
    directory.mkdir(parents=True, exist_ok=True)
    file = directory / "DMI"
    file.write_bytes(content)
    anchor = struct.pack("<5sBBBBBBBIQ", b"_SM3_", 0, 24, 3, 5, 0, 1, 0, len(content), 0)
    (directory / "smbios_entry_point").write_bytes(anchor if entry_point is None else entry_point)
    return file


def entry_point_2(table_length: int) -> bytes:
    """The entry point of SMBIOS 2, which states how long the table is."""
    entry = bytearray(31)
    entry[:4] = b"_SM_"
    entry[16:21] = b"_DMI_"
    struct.pack_into("<H", entry, 0x16, table_length)
    return bytes(entry)
