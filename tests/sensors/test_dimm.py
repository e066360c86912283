"""DRAM power by formula: from real lists of modules, from bad ones, and from the size of the memory alone."""

from pathlib import Path

import pytest
from doubles.procfs import ProcTree
from doubles.smbios_tables import TYPE_DDR3, TYPE_DDR5, TYPE_RAM, install, memory_device, table
from doubles.sysfs import public_directory, unprivileged

from exporter.sensors.dimm import MODULE_FARADS, DimmSensor, module_watts
from exporter.sensors.sensor import Finding, SensorAbsent, Series, survey
from exporter.sensors.smbios import MemoryModule
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

GIB_IN_KIB = 2**20


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """A real machine of 64 GiB, without SMBIOS until a test installs one under tmp_path / "sys"."""
    return ProcTree(tmp_path / "proc", memory_kib=64 * GIB_IN_KIB)


def find(tree: ProcTree) -> tuple[Series, float, Finding]:
    """The series and its watts, as the sampler would get them."""
    sensor = DimmSensor(tree.procfs.parent / "sys", tree.procfs)
    finding = survey(sensor)
    (reading,) = sensor.read(0.0)
    assert reading.watts is not None
    assert [reading.series] == list(finding.series)
    return reading.series, reading.watts, finding


def test_the_formula_of_the_paper(tree: ProcTree) -> None:
    """P is the sum over DIMMs of 1/2 C V^2 f, with f the clock: half of the transfer rate."""
    modules = [memory_device(configured_speed=2933), memory_device(kind=TYPE_DDR5, speed=4800, millivolts=1100)]
    install(tree.procfs.parent / "sys", table(*modules))
    _, watts, _ = find(tree)

    assert watts == pytest.approx(0.5 * MODULE_FARADS * (1.2**2 * 2933e6 / 2 + 1.1**2 * 4800e6 / 2))


def test_a_modelled_dram_series(tree: ProcTree) -> None:
    """Modelled, +-50 %, part of node power, and its note lists the modules."""
    install(tree.procfs.parent / "sys", table(*[memory_device()] * 8))
    series, watts, finding = find(tree)

    assert series.key == SeriesKey(Component.DRAM, "dimms")
    assert (series.provenance, series.relative_error) == (Provenance.MODELLED, 0.5)
    assert series.note == "8 x 32 GiB DDR4-3200 at 1.2 V, 4.0 W"
    assert watts <= series.max_watts
    assert finding.caveats == ()


@pytest.mark.parametrize(
    ("module_type", "transfers", "volts", "least", "most"),
    [
        ("DDR3", 1600e6, 1.5, 2, 4),
        ("DDR4", 2133e6, 1.2, 2, 4),
        ("DDR4", 3200e6, 1.2, 3, 5),
        ("DDR5", 5600e6, 1.1, 4, 7),
    ],
)
def test_a_module_is_of_published_size(
    module_type: str, transfers: float, volts: float, least: float, most: float
) -> None:
    """Each generation of server module comes out at a few watts, as vendors and other tools say."""
    assert least < module_watts(MemoryModule("", "", module_type, None, transfers, volts)) < most


def test_what_the_firmware_leaves_out_comes_from_the_type(tree: ProcTree) -> None:
    """Unknown speed and voltage are those of JEDEC for the type; the note does not pretend to know them."""
    install(tree.procfs.parent / "sys", table(memory_device(kind=TYPE_DDR3, speed=0, millivolts=0)))
    series, watts, _ = find(tree)

    assert watts == pytest.approx(0.5 * MODULE_FARADS * 1.5**2 * 800e6)
    assert series.note == "1 x 32 GiB DDR3, 3.1 W"


def test_without_smbios_modules_are_assumed(tree: ProcTree) -> None:
    """A board without SMBIOS gets 32 GB modules for its memory, a wider error, and a note that says so."""
    series, watts, _ = find(tree)

    assert watts == pytest.approx(2 * 0.5 * MODULE_FARADS * 1.2**2 * 2933e6 / 2)
    assert series.relative_error == 0.75
    assert series.note.startswith("assumed: 2 x 32 GiB DDR4-2933")
    assert "no SMBIOS" in series.note


def test_a_virtual_machine_has_a_slice_of_its_host(tmp_path: Path) -> None:
    """The module that QEMU lists is fiction: 8 GiB are a quarter of a real one, and the note says why."""
    tree = ProcTree(tmp_path / "proc", memory_kib=8 * GIB_IN_KIB, virtual=True)
    install(tmp_path / "sys", table(memory_device(kind=TYPE_RAM, speed=0, millivolts=0, manufacturer="QEMU")))
    series, watts, _ = find(tree)

    assert watts == pytest.approx(0.25 * 3.7, rel=0.01)
    assert series.relative_error == 0.75
    assert "virtual machine" in series.note


def test_a_terabyte_host_is_not_a_heater(tmp_path: Path) -> None:
    """A rule of watts per gigabyte gave 378 W for 1 TB; 32 modules stay near 120 W, and more memory adds no slots."""
    terabyte = find(ProcTree(tmp_path / "1" / "proc", memory_kib=1024 * GIB_IN_KIB))
    four = find(ProcTree(tmp_path / "4" / "proc", memory_kib=4096 * GIB_IN_KIB))

    assert 60 < terabyte[1] < 130
    assert "32 x 32 GiB" in terabyte[0].note
    assert four[1] == terabyte[1]


@pytest.mark.parametrize("content", [b"", b"\xff" * 100, table(memory_device())[:50], table(memory_device(size_mib=0))])
def test_bad_tables_fall_back_to_the_assumption(tree: ProcTree, content: bytes) -> None:
    """Empty, garbage, truncated or without a module: power is still modelled, from the memory's size."""
    install(tree.procfs.parent / "sys", content)
    series, watts, _ = find(tree)

    assert watts > 0
    assert series.note.startswith("assumed:")


def test_a_bad_table_is_told(tree: ProcTree) -> None:
    """The doctor hears why the firmware's list was not used."""
    install(tree.procfs.parent / "sys", table(memory_device())[:50])
    *_, finding = find(tree)

    assert [str(caveat) for caveat in finding.caveats] == ["the SMBIOS table is cut short at byte 34"]


def test_a_denied_table_is_told_with_its_remedy() -> None:
    """The table is root's only: without root the modules are assumed, and the caveat says how to grant it."""
    with public_directory() as directory:
        tree = ProcTree(directory / "proc")
        install(directory / "sys", table(memory_device())).chmod(0)
        with unprivileged():
            series, _, finding = find(tree)

    assert "denied" in series.note
    assert "CAP_DAC_READ_SEARCH" in finding.caveats[0].remedy


def test_a_machine_without_memory_is_absent(tmp_path: Path) -> None:
    """With neither SMBIOS nor /proc/meminfo there is nothing to model, which is an absence and not 0 W."""
    with pytest.raises(SensorAbsent, match="gives no memory size"):
        DimmSensor(tmp_path / "sys", tmp_path / "proc").discover()


def test_rediscovery_hands_out_the_same_series(tree: ProcTree) -> None:
    """The meter knows a series by identity, so a second discovery must not make another."""
    sensor = DimmSensor(tree.procfs.parent / "sys", tree.procfs)

    assert sensor.discover()[0] is sensor.discover()[0]
