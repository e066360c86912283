"""The firmware's list of memory modules, read from raw tables, good and bad."""

from pathlib import Path

import pytest
from doubles.smbios_tables import (
    END_OF_TABLE,
    TYPE_DDR3,
    TYPE_DDR5,
    TYPE_FLASH,
    TYPE_RAM,
    entry_point_2,
    install,
    memory_device,
    table,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from exporter.sensors.smbios import SmbiosError, read_memory_modules

GIB = 2**30


def test_a_module_with_everything_filled_in(tmp_path: Path) -> None:
    """Locator, maker, type, size, transfer rate and voltage come out in base units."""
    install(tmp_path, table(memory_device(configured_speed=2933)))
    (module,) = read_memory_modules(tmp_path)

    assert (module.locator, module.manufacturer, module.type) == ("DIMM_A1", "Samsung", "DDR4")
    assert (module.size_bytes, module.transfers_per_second, module.volts) == (32 * GIB, 2933e6, 1.2)


def test_the_rated_speed_stands_in_for_the_configured_one(tmp_path: Path) -> None:
    """A firmware that does not say how fast the module runs says how fast it may."""
    install(tmp_path, table(memory_device(speed=2666, configured_speed=0)))

    assert read_memory_modules(tmp_path)[0].transfers_per_second == 2666e6


def test_speeds_above_the_word_are_in_the_wide_field(tmp_path: Path) -> None:
    """0xFFFF in the old field sends the reader to the one of SMBIOS 3.3."""
    install(tmp_path, table(memory_device(kind=TYPE_DDR5, speed=0xFFFF, extended_speed=8800)))

    assert read_memory_modules(tmp_path)[0].transfers_per_second == 8800e6


def test_empty_slots_and_firmware_chips_are_not_memory(tmp_path: Path) -> None:
    """A slot of size 0 is empty, and a flash chip is not main memory."""
    install(tmp_path, table(memory_device(size_mib=0), memory_device(), memory_device(size_mib=16, kind=TYPE_FLASH)))

    assert len(read_memory_modules(tmp_path)) == 1


@pytest.mark.parametrize(("size_mib", "expected"), [(8192, 8 * GIB), (128 * 1024, 128 * GIB)])
def test_sizes(tmp_path: Path, size_mib: int, expected: int) -> None:
    """Small sizes are in a word, those of 32 GiB and more in the wide field."""
    install(tmp_path, table(memory_device(size_mib=size_mib)))

    assert read_memory_modules(tmp_path)[0].size_bytes == expected


def test_old_firmware_leaves_fields_out(tmp_path: Path) -> None:
    """A structure of SMBIOS 2.3 ends before the voltage: it is unknown, not garbage from the strings behind it."""
    install(tmp_path, table(memory_device(kind=TYPE_DDR3, speed=1333, length=0x1B, size_mib=4096)))
    (module,) = read_memory_modules(tmp_path)

    assert (module.type, module.transfers_per_second, module.volts) == ("DDR3", 1333e6, None)


@pytest.mark.parametrize(("millivolts", "speed"), [(0, 0), (1, 1), (12, 60), (65535, 0), (5000, 40000)])
def test_implausible_values_are_unknown(tmp_path: Path, millivolts: int, speed: int) -> None:
    """Firmware writes 0 for unknown, and sometimes nonsense; neither is believed."""
    install(tmp_path, table(memory_device(millivolts=millivolts, speed=speed)))
    (module,) = read_memory_modules(tmp_path)

    assert (module.volts, module.transfers_per_second) == (None, None)


def test_a_virtual_module(tmp_path: Path) -> None:
    """QEMU lists one module of no particular type and unknown speed."""
    install(tmp_path, table(memory_device(kind=TYPE_RAM, speed=0, millivolts=0, manufacturer="QEMU", locator="DIMM 0")))
    (module,) = read_memory_modules(tmp_path)

    assert (module.manufacturer, module.type, module.transfers_per_second) == ("QEMU", "", None)


def test_a_missing_entry_point_is_no_obstacle(tmp_path: Path) -> None:
    """The table alone is enough."""
    install(tmp_path, table(memory_device()))
    (tmp_path / "firmware/dmi/tables/smbios_entry_point").unlink()

    assert len(read_memory_modules(tmp_path)) == 1


@pytest.mark.parametrize("keep", [3, 30, 60, -8])
def test_a_truncated_table_is_an_error(tmp_path: Path, keep: int) -> None:
    """A table that ends inside a structure would hide modules: it is refused, with the byte where it ends."""
    install(tmp_path, table(memory_device(), memory_device())[:keep])

    with pytest.raises(SmbiosError, match="cut short at byte"):
        read_memory_modules(tmp_path)


def test_a_table_shorter_than_its_entry_point_says(tmp_path: Path) -> None:
    """SMBIOS 2 states the length of the table, so that a loss between two structures is noticed too."""
    whole = table(memory_device())
    install(tmp_path, whole[: -len(END_OF_TABLE)], entry_point=entry_point_2(len(whole)))

    with pytest.raises(SmbiosError, match=r"cut short: \d+ of \d+ bytes"):
        read_memory_modules(tmp_path)


def test_an_entry_point_of_something_else_is_an_error(tmp_path: Path) -> None:
    """What has no SMBIOS signature is not read as SMBIOS."""
    install(tmp_path, table(memory_device()), entry_point=b"RSD PTR and more, long enough to be read")

    with pytest.raises(SmbiosError, match="signature"):
        read_memory_modules(tmp_path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=200)
@given(garbage=st.binary(max_size=400), place=st.integers(0, 400))
def test_garbage_is_an_error_or_a_list(tmp_path: Path, garbage: bytes, place: int) -> None:
    """Whatever bytes the firmware holds, the outcome is modules or an SmbiosError, and nothing else."""
    whole = bytearray(table(memory_device(), memory_device()))
    whole[place : place + len(garbage)] = garbage
    install(tmp_path, bytes(whole))

    try:
        modules = read_memory_modules(tmp_path)
    except SmbiosError:
        return
    assert all(module.volts is None or 0 < module.volts < 4 for module in modules)
