"""What each known hwmon chip is taken for, on trees shaped like the machines that have it."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from doubles.sysfs import HwmonTree, PowercapTree

from exporter.sensors.hwmon import HwmonSensor
from exporter.sensors.rapl import RaplSensor
from exporter.sensors.sensor import Quantity, Reading, SensorAbsent, Series, survey
from joulecast.component import Component, SeriesKey, is_node_part
from joulecast.provenance import Provenance

ACPI = "LNXSYSTM:00/LNXSYBUS:00/ACPI000D:"


def found(tree: HwmonTree) -> tuple[HwmonSensor, dict[SeriesKey, Series]]:
    """The sensor, and its series by key; no key may come twice."""
    sensor = HwmonSensor(tree.sysfs)
    series = sensor.discover()
    assert len({one.key for one in series}) == len(series)
    return sensor, {one.key: one for one in series}


def watts(sensor: HwmonSensor) -> Mapping[SeriesKey, float | None]:
    """The power of each series."""
    return {one.series.key: one.watts for one in sensor.read(0.0) if isinstance(one, Reading)}


def joules(sensor: HwmonSensor) -> Mapping[SeriesKey, float | None]:
    """The energy of each series."""
    return {one.series.key: one.joules for one in sensor.read(0.0) if isinstance(one, Reading)}


def add_grace(tree: HwmonTree, rails: Mapping[str, int]) -> None:
    """Power meters of these OEM labels and microwatts, as the firmware of Grace machines has them."""
    for index, (label, microwatts) in enumerate(rails.items()):
        tree.add_chip(
            "power_meter",
            {
                "power1_average": microwatts,
                "power1_average_interval": 50,
                "power1_accuracy": "100.0%",
                "power1_is_battery": 0,
                "power1_oem_info": label,
            },
            device=f"{ACPI}0{index}",
            on_device=True,
        )


def test_an_acpi_power_meter_is_the_platform(tmp_path: Path) -> None:
    """A meter without a label of a rail is the whole machine: shown, never added to its parts."""
    tree = HwmonTree(tmp_path)
    attributes = {"power1_average": 345_000_000, "power1_average_interval": 1000, "power1_accuracy": "90.0%"}
    tree.add_chip("power_meter", attributes, device=f"{ACPI}00", on_device=True)

    sensor, series = found(tree)

    ((key, one),) = series.items()
    assert key == (Component.PLATFORM, "ACPI000D:00", "")
    assert not is_node_part(key)
    assert watts(sensor) == {key: pytest.approx(345.0)}
    assert (one.provenance, one.quantity) == (Provenance.INTEGRATED, Quantity.POWER)
    assert one.averaging_seconds == pytest.approx(1.0)
    assert one.relative_error == pytest.approx(0.10)


def test_attributes_may_lie_in_the_hwmon_directory_itself(tmp_path: Path) -> None:
    """Newer kernels move the ACPI meter's attributes from the device to hwmonN."""
    tree = HwmonTree(tmp_path)
    tree.add_chip("power_meter", {"power1_average": 1_000_000}, device=f"{ACPI}00")

    assert list(watts(found(tree)[0]).values()) == [pytest.approx(1.0)]


def test_a_battery_is_not_a_power_meter_of_the_machine(tmp_path: Path) -> None:
    """ACPI meters of batteries say so, and are left out."""
    tree = HwmonTree(tmp_path)
    attributes = {"power1_average": 1_000_000, "power1_is_battery": 1}
    tree.add_chip("power_meter", attributes, device=f"{ACPI}00", on_device=True)

    assert "battery" in survey(HwmonSensor(tree.sysfs)).message


def test_grace_sockets_add_up_without_counting_memory_twice(tmp_path: Path) -> None:
    """CPU and SoC rails are the processor, the rest of the socket is its memory, the module stands apart."""
    tree = HwmonTree(tmp_path)
    add_grace(
        tree,
        {
            "Module Power Socket 0": 600_000_000,
            "Grace Power Socket 0": 100_000_000,
            "CPU Power Socket 0": 45_000_000,
            "SysIO Power Socket 0": 15_000_000,
            "Grace Power Socket 1": 90_000_000,
            "CPU Power Socket 1": 40_000_000,
            "SysIO Power Socket 1": 12_000_000,
        },
    )

    sensor, series = found(tree)

    assert watts(sensor) == pytest.approx(
        {
            SeriesKey(Component.CPU, "0", "package"): 60.0,
            SeriesKey(Component.DRAM, "0", "dram"): 40.0,
            SeriesKey(Component.CPU, "1", "package"): 52.0,
            SeriesKey(Component.DRAM, "1", "dram"): 38.0,
            SeriesKey(Component.PLATFORM, "module 0"): 600.0,
        }
    )
    assert sum(value or 0 for key, value in watts(sensor).items() if is_node_part(key)) == pytest.approx(190.0)
    assert series[SeriesKey(Component.CPU, "0", "package")].averaging_seconds == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("rails", "expected"),
    [
        ({"CPU Power Socket 0": 45_000_000}, {"cpu": 45.0}),
        ({"Grace Power Socket 0": 100_000_000}, {"cpu": 100.0}),
        ({"Grace Power Socket 0": 100_000_000, "CPU Power Socket 0": 45_000_000}, {"cpu": 100.0}),
        ({"Total Power Socket 0": 100_000_000, "DRAM Power Socket 0": 30_000_000}, {"cpu": 70.0, "dram": 30.0}),
        ({"CPU Rail Power Socket 0": 45_000_000, "SoC Rail Power Socket 0": 5_000_000}, {"cpu": 50.0}),
    ],
)
def test_a_socket_with_fewer_rails_uses_what_there_is(
    tmp_path: Path, rails: Mapping[str, int], expected: Mapping[str, float]
) -> None:
    """Whatever the firmware offers, no joule is in two components."""
    tree = HwmonTree(tmp_path)
    add_grace(tree, rails)

    assert {key.component.value: value for key, value in watts(found(tree)[0]).items()} == pytest.approx(expected)


def test_ampere_is_not_called_rapl(tmp_path: Path) -> None:
    """ARM sockets are integrated power from hwmon by name, and RAPL is absent there."""
    tree = HwmonTree(tmp_path)
    for socket, microwatts in enumerate((14_760_000, 28_080_000)):
        tree.add_chip(
            "apm_xgene",
            {
                "power1_input": microwatts,
                "power1_label": "CPU power",
                "power2_input": 31_000_000,
                "power2_label": "IO power",
            },
            device=f"platform/APMC0D29:0{socket}",
        )

    sensor, series = found(tree)

    assert watts(sensor) == pytest.approx(
        {SeriesKey(Component.CPU, "0", "package"): 45.76, SeriesKey(Component.CPU, "1", "package"): 59.08}
    )
    assert {(one.sensor, one.provenance) for one in series.values()} == {("hwmon", Provenance.INTEGRATED)}
    assert survey(RaplSensor(tree.sysfs)).status == "absent"


def test_jetson_rails_are_volts_times_amperes(tmp_path: Path) -> None:
    """Orin NX: the input rail is the platform, the shared rail and the SoC count as CPU, and the note names them."""
    tree = HwmonTree(tmp_path)
    attributes = {
        "in1_label": "VDD_IN",
        "in1_input": 5000,
        "curr1_input": 2000,
        "in2_label": "VDD_CPU_GPU_CV",
        "in2_input": 5000,
        "curr2_input": 800,
        "in3_label": "VDD_SOC",
        "in3_input": 5000,
        "curr3_input": 300,
        "in7_label": "sum of shunt voltages",
        "in7_input": 1,
    }
    tree.add_chip("ina3221", attributes, device="platform/c240000.i2c/i2c-1/1-0040")

    sensor, series = found(tree)

    package = SeriesKey(Component.CPU, "0", "package")
    assert watts(sensor) == pytest.approx({SeriesKey(Component.PLATFORM, "input"): 10.0, package: 5.5})
    assert series[package].note == "rails VDD_CPU_GPU_CV, VDD_SOC"
    assert not sensor.caveats()


def test_jetson_rails_on_two_monitors(tmp_path: Path) -> None:
    """AGX Orin: GPU, CPU and memory on rails of their own, an unconnected channel, and the 5 V rail beside them."""
    tree = HwmonTree(tmp_path)
    first = {
        "in1_label": "VDD_GPU_SOC",
        "in1_input": 19_000,
        "curr1_input": 1000,
        "in2_label": "VDD_CPU_CV",
        "in2_input": 19_000,
        "curr2_input": 500,
        "in3_label": "VIN_SYS_5V0",
        "in3_input": 5000,
        "curr3_input": 900,
    }
    second = {
        "in1_label": "NC",
        "in1_input": 0,
        "curr1_input": 0,
        "in2_label": "VDDQ_VDD2_1V8AO",
        "in2_input": 5000,
        "curr2_input": 200,
        "in3_label": "VDD_NEW",
        "in3_input": 5000,
        "curr3_input": 200,
    }
    tree.add_chip("ina3221", first, device="platform/c240000.i2c/i2c-1/1-0040")
    tree.add_chip("ina3221", second, device="platform/c240000.i2c/i2c-1/1-0041")

    sensor, _ = found(tree)

    assert watts(sensor) == pytest.approx(
        {
            SeriesKey(Component.GPU, "integrated"): 19.0,
            SeriesKey(Component.CPU, "0", "package"): 9.5,
            SeriesKey(Component.DRAM, "0", "dram"): 1.0,
            SeriesKey(Component.PLATFORM, "5 V rail"): 4.5,
        }
    )
    assert ["'VDD_NEW'" in str(caveat) for caveat in sensor.caveats()] == [True]


def test_a_current_that_flows_back_is_no_power(tmp_path: Path) -> None:
    """A monitor at zero may show a little less than nothing; that is neither garbage nor negative energy."""
    tree = HwmonTree(tmp_path)
    attributes = {"in1_label": "VDD_IN", "in1_input": 5000, "curr1_input": -8}
    tree.add_chip("ina3221", attributes, device="platform/1-0040")

    (missed,) = found(tree)[0].read(0.0)

    assert getattr(missed, "reason", None) == "negative"


@pytest.mark.parametrize("attribute", ["power1_average", "power1_input"])
def test_an_amd_card_is_known_by_its_pci_address(tmp_path: Path, attribute: str) -> None:
    """Older cards show an average, newer ones a momentary value: either is the power of the card."""
    tree = HwmonTree(tmp_path)
    attributes = {attribute: 215_000_000, "power1_label": "PPT", "power1_cap_max": 300_000_000}
    tree.add_chip("amdgpu", attributes, device="pci0000:00/0000:00:03.1/0000:03:00.0")

    sensor, series = found(tree)

    key = SeriesKey(Component.GPU, "0000:03:00.0")
    assert watts(sensor) == {key: pytest.approx(215.0)}
    assert series[key].max_watts == pytest.approx(600.0)
    assert is_node_part(key)


def test_an_apu_is_left_to_rapl(tmp_path: Path) -> None:
    """The "GPU" power of a processor with graphics inside is that of the processor, which RAPL counts already."""
    tree = HwmonTree(tmp_path)
    attributes = {"power1_average": 25_000_000, "in0_label": "vddgfx", "in1_label": "vddnb"}
    tree.add_chip("amdgpu", attributes, device="pci0000:00/0000:04:00.0")

    finding = survey(HwmonSensor(tree.sysfs))

    assert finding.status == "absent"
    assert "inside a CPU" in finding.message


def test_an_intel_card_counts_its_energy(tmp_path: Path) -> None:
    """The counter of the card is the card; that of the package on it is shown beside, never added."""
    tree = HwmonTree(tmp_path)
    attributes = {
        "energy1_input": 5_000_000,
        "energy1_label": "card",
        "energy2_input": 3_000_000,
        "energy2_label": "pkg",
        "power1_rated_max": 300_000_000,
    }
    tree.add_chip("xe", attributes, device="pci0000:00/0000:07:00.0")

    sensor, series = found(tree)

    card, package = SeriesKey(Component.GPU, "0000:07:00.0"), SeriesKey(Component.GPU, "0000:07:00.0", "package")
    assert joules(sensor) == pytest.approx({card: 5.0, package: 3.0})
    assert (is_node_part(card), is_node_part(package)) == (True, False)
    assert (series[card].provenance, series[card].quantity) == (Provenance.MEASURED, Quantity.COUNTER)
    assert series[card].range_joules is None


def test_an_intel_package_stands_for_its_card_where_it_is_all(tmp_path: Path) -> None:
    """Some cards count their package only; that counts, and the note says what is missing."""
    tree = HwmonTree(tmp_path)
    tree.add_chip("xe", {"energy2_input": 3_000_000, "energy2_label": "pkg"}, device="pci0000:00/0000:07:00.0")

    sensor, series = found(tree)

    key = SeriesKey(Component.GPU, "0000:07:00.0")
    assert joules(sensor) == {key: pytest.approx(3.0)}
    assert "package only" in series[key].note


def test_the_tiles_of_an_intel_card_are_inside_it(tmp_path: Path) -> None:
    """i915 shows each tile as a chip of its own beside the card."""
    tree = HwmonTree(tmp_path)
    tree.add_chip("i915", {"energy1_input": 9_000_000}, device="pci0000:00/0000:07:00.0")
    tree.add_chip("i915_gt0", {"energy1_input": 4_000_000}, device="pci0000:00/0000:07:00.0")

    sensor, _ = found(tree)

    assert joules(sensor) == {SeriesKey(Component.GPU, "0000:07:00.0"): pytest.approx(9.0)}
    assert not sensor.caveats()


@pytest.mark.parametrize("name", ["amd_energy", "zenergy"])
def test_amd_socket_counters_without_their_cores(tmp_path: Path, name: str) -> None:
    """Esocket counters are sockets; Ecore counters are inside them and would count them once more."""
    tree = HwmonTree(tmp_path)
    attributes = {
        "energy1_input": 1_000_000,
        "energy1_label": "Ecore000",
        "energy2_input": 70_000_000,
        "energy2_label": "Esocket0",
        "energy3_input": 80_000_000,
        "energy3_label": "Esocket1",
    }
    tree.add_chip(name, attributes, device="platform/amd_energy.0")

    assert joules(found(tree)[0]) == pytest.approx(
        {SeriesKey(Component.CPU, "0", "package"): 70.0, SeriesKey(Component.CPU, "1", "package"): 80.0}
    )


def test_nvidia_cards_are_left_to_nvml(tmp_path: Path) -> None:
    """A card that NVML counts is not counted again through the kernel's own driver, and a caveat says so."""
    tree = HwmonTree(tmp_path)
    tree.add_chip("nouveau", {"power1_input": 100_000_000}, device="pci0000:00/0000:01:00.0")
    tree.add_chip("power_meter", {"power1_average": 1_000_000}, device=f"{ACPI}00", on_device=True)

    sensor, series = found(tree)

    assert {key.component for key in series} == {Component.PLATFORM}
    assert any("NVML has it" in caveat.remedy for caveat in sensor.caveats())


def test_unknown_chips_are_told_and_not_guessed_at(tmp_path: Path) -> None:
    """A power supply's output is not a component of ours, whatever its file is called."""
    tree = HwmonTree(tmp_path)
    tree.add_chip("corsairpsu", {"power1_input": 250_000_000}, device="usb1/1-1")
    tree.add_chip("nvme", {"temp1_input": 40_000}, device="pci0000:00/nvme0")

    with pytest.raises(SensorAbsent) as absent:
        HwmonSensor(tree.sysfs).discover()

    assert "hwmon0 (corsairpsu) has power1_input of unknown meaning" in absent.value.problem
    assert "nvme" not in absent.value.problem


def test_no_hwmon_is_absent(tmp_path: Path) -> None:
    """The normal case on a virtual machine."""
    with pytest.raises(SensorAbsent):
        HwmonSensor(tmp_path).discover()


def test_discovering_again_keeps_the_series(tmp_path: Path) -> None:
    """The meter knows series by identity: a second look hands out the same objects, new chips beside them."""
    tree = HwmonTree(tmp_path)
    tree.add_chip("power_meter", {"power1_average": 1_000_000}, device=f"{ACPI}00", on_device=True)
    sensor = HwmonSensor(tree.sysfs)
    first = sensor.discover()

    tree.add_chip("xe", {"energy1_input": 1}, device="pci0000:00/0000:07:00.0")

    assert first[0] in sensor.discover()


def test_powercap_and_hwmon_share_a_tree(tmp_path: Path) -> None:
    """Each sensor takes its own class from the same sysfs."""
    tree = HwmonTree(tmp_path)
    PowercapTree.server(tmp_path, sockets=1)
    tree.add_chip("power_meter", {"power1_average": 1_000_000}, device=f"{ACPI}00", on_device=True)

    assert len(RaplSensor(tmp_path).discover()) == 2
    assert len(HwmonSensor(tmp_path).discover()) == 1
