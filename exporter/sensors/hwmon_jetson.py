"""The rails of NVIDIA Jetson boards on INA3221 monitors, by the labels of the kernel's device trees and JetPack."""

from collections.abc import Iterator, Sequence

from exporter.sensors.hwmon_channel import Channel, Found, Part
from exporter.sensors.hwmon_class import Chip
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError


def jetson_rails(chips: Sequence[Chip]) -> Iterator[Found]:
    """Volts times amperes of each rail; rails of one component are added up."""
    rails: dict[SeriesKey, list[tuple[str, Part]]] = {}
    for chip in chips:
        for index, label in sorted(chip.labels("in").items()):
            files = (chip.attributes.get(f"in{index}_input"), chip.attributes.get(f"curr{index}_input"))
            key = _JETSON_RAILS.get(label)
            if key is not None and files[0] and files[1]:
                rails.setdefault(key, []).append((label, Part((files[0], files[1]))))
            elif key is None and label not in _NOT_RAILS:
                yield JoulecastError(f"{chip.number} (ina3221) has a rail {label!r} of unknown meaning", "not used")
    for key, labelled in rails.items():
        parts = tuple(part for _, part in labelled)
        yield Channel(key, parts, note="rails " + ", ".join(label for label, _ in labelled))


_JETSON_CPU = SeriesKey(Component.CPU, "0", "package")
_JETSON_GPU = SeriesKey(Component.GPU, "integrated")
_JETSON_DRAM = SeriesKey(Component.DRAM, "0", "dram")
_JETSON_INPUT = SeriesKey(Component.PLATFORM, "input")
_JETSON_5V = SeriesKey(Component.PLATFORM, "5 V rail")
# Where CPU, GPU and accelerators (CV) share a rail they cannot be told apart: it counts as CPU, and its name says so.
_JETSON_RAILS = {
    "VDD_IN": _JETSON_INPUT,
    "POM_5V_IN": _JETSON_INPUT,
    "VIN": _JETSON_INPUT,
    "VIN_SYS_5V0": _JETSON_5V,  # beside the other rails on AGX Orin, not above them
    "SYS5V": _JETSON_5V,
    "VDD_CPU_GPU_CV": _JETSON_CPU,
    "VDD_CPU_CV": _JETSON_CPU,
    "VDD_CPU_SOC_MSS": _JETSON_CPU,
    "VDD_CPU": _JETSON_CPU,
    "CPU": _JETSON_CPU,
    "POM_5V_CPU": _JETSON_CPU,
    "VDD_SOC": _JETSON_CPU,
    "SOC": _JETSON_CPU,
    "CV": _JETSON_CPU,
    "VDD_GPU_SOC": _JETSON_GPU,
    "VDD_GPU": _JETSON_GPU,
    "GPU": _JETSON_GPU,
    "POM_5V_GPU": _JETSON_GPU,
    "VDDQ_VDD2_1V8AO": _JETSON_DRAM,
    "VDDRQ": _JETSON_DRAM,
}
_NOT_RAILS = {"NC", "sum of shunt voltages"}
