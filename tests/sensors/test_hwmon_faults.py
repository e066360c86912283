"""Denied, vanishing and broken hwmon chips: each is told, and none takes the others down."""

from pathlib import Path

import pytest
from doubles.sysfs import HwmonTree, public_directory, unprivileged

from exporter.sensors.hwmon import HwmonSensor
from exporter.sensors.sensor import Missed, SensorFailed, survey

ACPI = "LNXSYSTM:00/ACPI000D:0"


def two_meters(sysfs: Path) -> tuple[Path, Path]:
    """Two power meters; returns the files with their power."""
    tree = HwmonTree(sysfs)
    first = tree.add_chip("power_meter", {"power1_average": 1_000_000}, device=f"{ACPI}0", on_device=True)
    second = tree.add_chip("power_meter", {"power1_average": 2_000_000}, device=f"{ACPI}1", on_device=True)
    return first / "power1_average", second / "power1_average"


def outcome(sensor: HwmonSensor, now: float) -> list[str]:
    """For each series in order, "ok" or why it was missed."""
    return [one.reason if isinstance(one, Missed) else "ok" for one in sensor.read(now)]


@pytest.mark.parametrize("text", ["", "abc\n", "-3\n", "1.5\n"])
def test_garbage_in_one_chip_leaves_the_other(tmp_path: Path, text: str) -> None:
    """What is no number of microwatts is refused by name, never taken for zero."""
    first, _ = two_meters(tmp_path)
    sensor = HwmonSensor(tmp_path)
    sensor.discover()
    assert outcome(sensor, 0.0) == ["ok", "ok"]

    first.write_text(text)

    assert outcome(sensor, 0.1) == ["garbage", "ok"]


def test_a_vanished_chip_leaves_the_other(tmp_path: Path) -> None:
    """An unloaded driver takes its files away; they are read again once they are back."""
    first, _ = two_meters(tmp_path)
    sensor = HwmonSensor(tmp_path)
    sensor.discover()
    outcome(sensor, 0.0)

    first.unlink()
    assert outcome(sensor, 2.0) == ["gone", "ok"]

    first.write_text("5000000\n")
    assert outcome(sensor, 2.1) == ["ok", "ok"]


def test_half_a_sum_is_no_reading(tmp_path: Path) -> None:
    """When one rail of a component fails, the others are not passed off as the whole."""
    tree = HwmonTree(tmp_path)
    attributes = {
        "in1_label": "VDD_CPU_CV",
        "in1_input": 5000,
        "curr1_input": 1000,
        "in2_label": "VDD_SOC",
        "in2_input": 5000,
        "curr2_input": 500,
    }
    chip = tree.add_chip("ina3221", attributes, device="platform/1-0040")
    sensor = HwmonSensor(tmp_path)
    sensor.discover()
    assert outcome(sensor, 0.0) == ["ok"]

    (chip / "curr2_input").write_text("?\n")

    assert outcome(sensor, 0.1) == ["garbage"]


def test_denied_counters_tell_how_to_grant_them() -> None:
    """Energy counters of amd_energy are root's alone: that is a permission to give, not an absence."""
    with public_directory() as sysfs:
        tree = HwmonTree(sysfs)
        attributes = {"energy1_input": 1, "energy1_label": "Esocket0"}
        chip = tree.add_chip("amd_energy", attributes, device="platform/amd_energy.0")
        (chip / "energy1_input").chmod(0)
        with unprivileged():
            finding = survey(HwmonSensor(sysfs))

    assert finding.status == "denied"
    assert "energy1_input may not be read" in finding.message
    assert "run as root" in finding.remedy


def test_partly_denied_uses_the_rest() -> None:
    """One unreadable chip is a caveat beside the readable one."""
    with public_directory() as sysfs:
        first, _ = two_meters(sysfs)
        first.chmod(0)
        sensor = HwmonSensor(sysfs)
        with unprivileged():
            series = sensor.discover()

    assert [one.key.device for one in series] == ["ACPI000D:01"]
    assert ["may not be read" in caveat.problem for caveat in sensor.caveats()] == [True]


def test_reading_before_discovery_fails(tmp_path: Path) -> None:
    """Nothing open is a failure, not an empty success."""
    two_meters(tmp_path)

    with pytest.raises(SensorFailed):
        list(HwmonSensor(tmp_path).read(0.0))
