"""What RaplSensor finds on each shape of powercap tree, and what it reads from it."""

from pathlib import Path

import pytest
from doubles.sysfs import NARROW_RANGE_UJ, WIDE_RANGE_UJ, Layout, PowercapTree, describe_cpu

from exporter.sensors.rapl import RaplSensor
from exporter.sensors.sensor import Quantity, Reading, SensorAbsent, SensorFailed, Series, survey
from joulecast.component import Component, SeriesKey, is_node_part
from joulecast.provenance import Provenance

PACKAGE_0 = SeriesKey(Component.CPU, "0", "package")
DRAM_0 = SeriesKey(Component.DRAM, "0", "dram")
LAYOUTS: tuple[Layout, ...] = ("symlinked", "nested", "flat")


def joules(sensor: RaplSensor, now: float = 0.0) -> dict[SeriesKey, float]:
    """Everything readable, by key; a key that is read twice fails."""
    readings: dict[SeriesKey, float] = {}
    for reading in sensor.read(now):
        assert isinstance(reading, Reading), reading
        assert reading.joules is not None
        assert reading.series.key not in readings
        readings[reading.series.key] = reading.joules
    return readings


def by_key(found: object) -> dict[SeriesKey, Series]:
    """Index what `discover` returned."""
    assert isinstance(found, list)
    return {series.key: series for series in found}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_zone_is_found_once_in_every_layout(tmp_path: Path, layout: Layout) -> None:
    """Links, nested and flat directories are three faces of the same zones; nested DRAM is not lost."""
    tree = PowercapTree.server(tmp_path, layout=layout, mmio=True, psys=True)
    tree.add_zone("package-0/core")
    tree.add_zone("package-0/uncore")
    sensor = RaplSensor(tree.sysfs)

    found = sensor.discover()

    assert sorted(series.key for series in found) == [
        (Component.CPU, "0", "core"),
        (Component.CPU, "0", "package"),
        (Component.CPU, "0", "uncore"),
        (Component.CPU, "1", "package"),
        (Component.DRAM, "0", "dram"),
        (Component.DRAM, "1", "dram"),
        (Component.PLATFORM, "psys", "psys"),
    ]
    assert joules(sensor)[DRAM_0] == pytest.approx(tree.shown_joules("package-0/dram"), abs=1e-9)


def test_only_packages_and_dram_are_parts_of_the_node(tmp_path: Path) -> None:
    """Psys contains the packages and cores are inside them: none of those is ever added to a package."""
    tree = PowercapTree.server(tmp_path, sockets=1, psys=True)
    tree.add_zone("package-0/core")
    tree.add_zone("package-0/uncore")

    found = RaplSensor(tree.sysfs).discover()

    assert {series.key for series in found if is_node_part(series.key)} == {PACKAGE_0, DRAM_0}


def test_each_zone_has_its_own_range(tmp_path: Path) -> None:
    """One range for all zones would count 196 kJ too much at each wrap of a DRAM counter."""
    tree = PowercapTree.server(tmp_path, sockets=1)

    series = by_key(RaplSensor(tree.sysfs).discover())

    assert series[PACKAGE_0].range_joules == pytest.approx(WIDE_RANGE_UJ * 1e-6)
    assert series[DRAM_0].range_joules == pytest.approx(NARROW_RANGE_UJ * 1e-6)


def test_readings_follow_the_counters_through_a_wrap(tmp_path: Path) -> None:
    """The sensor shows the bare counter; unwrapping it is the meter's work."""
    tree = PowercapTree.server(tmp_path, sockets=1)
    tree.add_zone("package-1", start_uj=WIDE_RANGE_UJ - 1_000_000)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    before = joules(sensor)

    tree.burn({"package-0": 7.5, "package-1": 3.0})
    after = joules(sensor, 0.1)

    assert after[PACKAGE_0] - before[PACKAGE_0] == pytest.approx(7.5)
    assert after[SeriesKey(Component.CPU, "1", "package")] == pytest.approx(2.0, abs=2e-6)


def test_a_series_says_what_the_meter_must_know(tmp_path: Path) -> None:
    """Measured, a counter, its file, its step, its pace and its error."""
    tree = PowercapTree.server(tmp_path, sockets=1)

    series = by_key(RaplSensor(tree.sysfs).discover())[PACKAGE_0]

    assert (series.sensor, series.provenance, series.quantity) == ("rapl", Provenance.MEASURED, Quantity.COUNTER)
    assert Path(series.source).samefile(tree.zones["package-0"].energy_file)
    assert series.resolution_joules == pytest.approx(61e-6, rel=0.01)
    assert series.update_seconds == pytest.approx(0.001)
    assert series.relative_error == pytest.approx(0.05)


def test_amd_counters_are_trusted_less(tmp_path: Path) -> None:
    """AMD's zones bear Intel's name; the kernel's CPU identity tells them apart."""
    tree = PowercapTree.server(tmp_path, sockets=1, dram=False)
    describe_cpu(tree.sysfs, "amd")

    (series,) = RaplSensor(tree.sysfs).discover()

    assert series.relative_error == pytest.approx(0.10)


def test_dies_are_devices_of_their_own(tmp_path: Path) -> None:
    """A package per die (Cascade Lake AP, first EPYCs) is named by socket and die."""
    tree = PowercapTree(tmp_path)
    tree.add_zone("package-0-die-0")
    tree.add_zone("package-0-die-1")
    tree.add_zone("package-0-die-1/dram")

    found = RaplSensor(tree.sysfs).discover()

    assert {series.key for series in found} == {
        (Component.CPU, "0-die0", "package"),
        (Component.CPU, "0-die1", "package"),
        (Component.DRAM, "0-die1", "dram"),
    }


def test_more_than_ten_zones_keep_their_parents(tmp_path: Path) -> None:
    """intel-rapl:10:0 belongs to intel-rapl:10, not to intel-rapl:1."""
    tree = PowercapTree.server(tmp_path, sockets=12)

    found = RaplSensor(tree.sysfs).discover()

    dram = {series.key.device for series in found if series.key.component is Component.DRAM}
    assert dram == {str(socket) for socket in range(12)}


def test_a_mmio_twin_is_not_counted_twice(tmp_path: Path) -> None:
    """intel-rapl-mmio shows the same package through another register: one is used, and a caveat says so."""
    tree = PowercapTree.server(tmp_path, sockets=1, mmio=True)
    sensor = RaplSensor(tree.sysfs)

    found = sensor.discover()

    assert [series.key for series in found] == [PACKAGE_0, DRAM_0]
    assert "/intel-rapl:0/" in found[0].source
    assert any("intel-rapl-mmio:0 counts the same as intel-rapl:0" in str(caveat) for caveat in sensor.caveats())


def test_mmio_alone_is_used(tmp_path: Path) -> None:
    """Where only the mmio driver is loaded its package is the package."""
    tree = PowercapTree(tmp_path)
    tree.add_zone("mmio:package-0")

    assert [series.key for series in RaplSensor(tree.sysfs).discover()] == [PACKAGE_0]


@pytest.mark.parametrize("range_text", [None, "", "0", "unknown"])
def test_without_a_range_a_wrap_is_never_guessed(tmp_path: Path, range_text: str | None) -> None:
    """An absent, zero or garbled range is not the usual one: the series has none, and a caveat says what it costs."""
    tree = PowercapTree.server(tmp_path, sockets=1, dram=False)
    if range_text is None:
        (tree.zones["package-0"].directory / "max_energy_range_uj").unlink()
    else:
        tree.write("package-0", "max_energy_range_uj", range_text)
    sensor = RaplSensor(tree.sysfs)

    (series,) = sensor.discover()

    assert series.range_joules is None
    assert any("does not tell its range" in str(caveat) for caveat in sensor.caveats())
    assert joules(sensor)[PACKAGE_0] == pytest.approx(tree.shown_joules("package-0"))


def test_a_counter_beyond_its_range_disowns_the_range(tmp_path: Path) -> None:
    """A stated range that is smaller than the counter cannot be where it wraps."""
    tree = PowercapTree.server(tmp_path, sockets=1, dram=False)
    tree.write("package-0", "max_energy_range_uj", "1000\n")
    sensor = RaplSensor(tree.sysfs)

    (series,) = sensor.discover()

    assert series.range_joules is None
    assert any("contradicts its range" in str(caveat) for caveat in sensor.caveats())


@pytest.mark.parametrize(
    ("limit_watts", "expected"),
    [(None, 1000.0), (270.0, 810.0), (15.0, 300.0), (1e6, 3000.0)],
)
def test_the_bound_comes_from_the_limits(tmp_path: Path, limit_watts: float | None, expected: float) -> None:
    """Twice the limit and a half more; never tight when a limit is low, never absurd when it is."""
    tree = PowercapTree(tmp_path)
    tree.add_zone("package-0", limit_watts=limit_watts)

    (series,) = RaplSensor(tree.sysfs).discover()

    assert series.max_watts == pytest.approx(expected)


def test_no_powercap_is_absent(tmp_path: Path) -> None:
    """The normal case on virtual machines and ARM, not an error."""
    with pytest.raises(SensorAbsent, match=r"no .*/class/powercap"):
        RaplSensor(tmp_path).discover()


def test_powercap_without_rapl_is_absent(tmp_path: Path) -> None:
    """A powercap class of other drivers only has no RAPL, and nobody else's counter is called RAPL."""
    zone = tmp_path / "class" / "powercap" / "arm-scmi:0"
    zone.mkdir(parents=True)
    (zone / "name").write_text("package-0\n")
    (zone / "energy_uj").write_text("1\n")

    assert survey(RaplSensor(tmp_path)).status == "absent"


def test_discovering_again_keeps_the_series(tmp_path: Path) -> None:
    """The meter knows series by identity, so a second look hands out the same objects, and new zones beside them."""
    tree = PowercapTree.server(tmp_path, sockets=1)
    sensor = RaplSensor(tree.sysfs)
    first = sensor.discover()

    tree.add_zone("package-1")
    second = sensor.discover()

    assert [series for series in second if series in first] == list(first)
    assert len(second) == len(first) + 1


def test_reading_before_discovery_fails(tmp_path: Path) -> None:
    """Nothing open is a failure, not an empty success."""
    sensor = RaplSensor(PowercapTree.server(tmp_path).sysfs)

    with pytest.raises(SensorFailed):
        list(sensor.read(0.0))


def test_closing_twice_is_harmless(tmp_path: Path) -> None:
    """Shutdown may run after a failed start."""
    sensor = RaplSensor(PowercapTree.server(tmp_path).sysfs)
    sensor.discover()

    sensor.close()
    sensor.close()

    with pytest.raises(SensorFailed):
        list(sensor.read(0.0))
