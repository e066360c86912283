"""Denied, vanishing and broken zones: each is told, and none takes the others down."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.sysfs import PowercapTree, public_directory, unprivileged

from exporter.sensors.rapl import RaplSensor
from exporter.sensors.sensor import Missed, Reading, SensorDenied, survey


@pytest.fixture
def shared() -> Iterator[Path]:
    """A place that an unprivileged user may look into."""
    with public_directory() as directory:
        yield directory


def outcome(sensor: RaplSensor, now: float) -> dict[str, str]:
    """For each "component/device", "ok" or the reason why not."""
    return {
        f"{one.series.key.component}/{one.series.key.device}": one.reason if isinstance(one, Missed) else "ok"
        for one in sensor.read(now)
    }


def test_denied_is_not_absent(shared: Path) -> None:
    """Counters that are root's alone are a permission to be granted: the message says how."""
    tree = PowercapTree.server(shared)
    tree.deny()
    with unprivileged():
        finding = survey(RaplSensor(tree.sysfs))

    assert finding.status == "denied"
    assert "all 4 RAPL counters" in finding.message
    assert "run as root" in finding.remedy
    assert "systemd-tmpfiles --create" in finding.remedy
    assert "--sysfs /host/sys" in finding.remedy


def test_the_messages_are_one_line(shared: Path) -> None:
    """They are printed by a command and stored in a table."""
    tree = PowercapTree.server(shared)
    tree.deny()
    with unprivileged():
        finding = survey(RaplSensor(tree.sysfs))

    assert "\n" not in finding.message + finding.remedy


def test_partly_denied_uses_the_rest(shared: Path) -> None:
    """A readable package is worth having, though the DRAM beside it is not readable."""
    tree = PowercapTree.server(shared, sockets=1)
    tree.deny("package-0/dram")
    sensor = RaplSensor(tree.sysfs)
    with unprivileged():
        found = sensor.discover()

    assert [series.key.zone for series in found] == ["package"]
    (caveat,) = sensor.caveats()
    assert isinstance(caveat, SensorDenied)
    assert "intel-rapl:0:0 (dram)" in caveat.problem


def test_a_grant_is_noticed_at_the_next_discovery(shared: Path) -> None:
    """Denied today, granted by an administrator, found without a restart."""
    tree = PowercapTree.server(shared, sockets=1)
    tree.deny()
    sensor = RaplSensor(tree.sysfs)
    with unprivileged(), pytest.raises(SensorDenied):
        sensor.discover()

    tree.allow()
    with unprivileged():
        found = sensor.discover()

    assert len(found) == 2


def test_a_masked_container_path_is_denied(tmp_path: Path) -> None:
    """Container runtimes hide the directories and leave the links: the host's /sys must be mounted."""
    tree = PowercapTree.server(tmp_path)
    (tree.sysfs / "devices" / "virtual" / "powercap").rename(tmp_path / "hidden")

    finding = survey(RaplSensor(tree.sysfs))

    assert finding.status == "denied"
    assert "hidden from this container" in finding.message
    assert "--sysfs /host/sys" in finding.remedy


def test_a_vanishing_zone_leaves_the_others(tmp_path: Path) -> None:
    """A package taken offline is gone; the other one goes on, and the first is read again when it is back."""
    tree = PowercapTree.server(tmp_path, dram=False)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    assert outcome(sensor, 0.0) == {"cpu/0": "ok", "cpu/1": "ok"}

    tree.remove("package-0")
    tree.burn({"package-1": 1.0})
    assert outcome(sensor, 2.0) == {"cpu/0": "gone", "cpu/1": "ok"}

    tree.restore("package-0")
    assert outcome(sensor, 2.1) == {"cpu/0": "ok", "cpu/1": "ok"}


@pytest.mark.parametrize("text", ["", "abc\n", "-1\n", "\n", "99999999999999999\n"])
def test_garbage_in_one_zone_leaves_the_others(tmp_path: Path, text: str) -> None:
    """Empty, letters, a negative number or one beyond the range: refused by name, never a crash or a zero."""
    tree = PowercapTree.server(tmp_path, dram=False)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    assert outcome(sensor, 0.0) == {"cpu/0": "ok", "cpu/1": "ok"}

    tree.write("package-0", "energy_uj", text)

    assert outcome(sensor, 0.1) == {"cpu/0": "garbage", "cpu/1": "ok"}


def test_garbage_at_discovery_does_not_lose_the_zone(tmp_path: Path) -> None:
    """A zone that is broken now may be read later, so it is found all the same."""
    tree = PowercapTree.server(tmp_path, dram=False)
    tree.write("package-0", "energy_uj", "?\n")
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    assert outcome(sensor, 0.0) == {"cpu/0": "garbage", "cpu/1": "ok"}

    tree.write("package-0", "energy_uj", "5000000\n")

    first = next(sensor.read(0.1))
    assert isinstance(first, Reading)
    assert first.joules == pytest.approx(5.0)


def test_all_zones_failing_still_tells_each(tmp_path: Path) -> None:
    """When everything vanished the caller learns it zone by zone."""
    tree = PowercapTree.server(tmp_path, dram=False)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    list(sensor.read(0.0))
    tree.remove("package-0")
    tree.remove("package-1")

    assert outcome(sensor, 2.0) == {"cpu/0": "gone", "cpu/1": "gone"}


def test_files_replaced_by_renaming_are_followed(tmp_path: Path) -> None:
    """Some writers replace a file instead of writing into it; the kept-open one must not be served for ever."""
    tree = PowercapTree.server(tmp_path, sockets=1, dram=False)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    list(sensor.read(0.0))
    tree.replace("package-0")
    tree.burn({"package-0": 2.0})

    list(sensor.read(1.0))
    (reading,) = sensor.read(1.1)

    assert isinstance(reading, Reading)
    assert reading.joules == pytest.approx(tree.shown_joules("package-0"))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    """Discovering a hundred times opens no more files than once."""
    tree = PowercapTree.server(tmp_path, mmio=True)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    once = _files_open_under(tmp_path)

    for _ in range(100):
        sensor.discover()

    assert once
    assert _files_open_under(tmp_path) == once


def _files_open_under(folder: Path) -> list[str]:
    """This process's open files in a folder; what others hold open comes and goes."""
    targets = (str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink())
    return sorted(target for target in targets if target.startswith(str(folder)))
