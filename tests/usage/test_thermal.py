"""CPU temperatures, from the chips of Intel, AMD and Ampere processors."""

from pathlib import Path

import pytest
from doubles.sysfs import HwmonTree

from exporter.usage.source import Gauge
from exporter.usage.thermal import ThermalSource


def temperatures(source: ThermalSource) -> dict[tuple[str, str], float]:
    """Degrees by socket and label."""
    readings = list(source.read())
    assert {(one.gauge, one.component) for one in readings} <= {(Gauge.TEMPERATURE, "cpu")}
    return {(one.device, one.detail): one.value for one in readings}


def test_intel_packages_are_read_and_cores_are_not(tmp_path: Path) -> None:
    """Coretemp numbers its packages by itself."""
    tree = HwmonTree(tmp_path)
    for socket in (1, 0):
        attributes = {
            "temp1_label": f"Package id {socket}",
            "temp1_input": 41_500 + socket * 1000,
            "temp2_label": "Core 0",
            "temp2_input": 39_000,
        }
        tree.add_chip("coretemp", attributes, device=f"platform/coretemp.{socket}")

    assert temperatures(ThermalSource(tmp_path)) == pytest.approx(
        {("0", "Package id 0"): 41.5, ("1", "Package id 1"): 42.5}
    )


def test_amd_sockets_are_numbered_by_their_pci_address(tmp_path: Path) -> None:
    """k10temp has a chip per socket, found in any order; control value and die are both told."""
    tree = HwmonTree(tmp_path)
    for slot, millicelsius in (("19", 51_000), ("18", 50_000)):
        attributes = {"temp1_label": "Tctl", "temp1_input": millicelsius, "temp3_label": "Tccd1", "temp3_input": 1}
        tree.add_chip("k10temp", attributes, device=f"pci0000:00/0000:00:{slot}.3")

    assert temperatures(ThermalSource(tmp_path)) == pytest.approx({("0", "Tctl"): 50.0, ("1", "Tctl"): 51.0})


def test_what_cannot_be_read_is_not_there(tmp_path: Path) -> None:
    """Garbage and vanished files give no temperature, and the next look finds what came back."""
    tree = HwmonTree(tmp_path)
    attributes = {"temp1_label": "Package id 0", "temp1_input": 41_000}
    chip = tree.add_chip("coretemp", attributes, device="platform/coretemp.0")
    source = ThermalSource(tmp_path)
    assert len(temperatures(source)) == 1

    (chip / "temp1_input").write_text("?\n")
    assert temperatures(source) == {}

    (chip / "temp1_input").unlink()
    assert temperatures(source) == {}

    (chip / "temp1_input").write_text("-2000\n")
    assert temperatures(source) == pytest.approx({("0", "Package id 0"): -2.0})


def test_no_hwmon_has_no_temperatures(tmp_path: Path) -> None:
    """A virtual machine has none, which is no error."""
    assert temperatures(ThermalSource(tmp_path)) == {}
