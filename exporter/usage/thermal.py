"""CPU package temperatures, as the kernel's hwmon chips show them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component
from joulecast.quantities import celsius_from_millicelsius


@dataclass(frozen=True, slots=True)
class _Thermometer:
    file: Path
    socket: str
    label: str


class ThermalSource:
    """The temperature of every CPU socket below `sysfs`: Intel's package, AMD's control value and die, Altra's chip."""

    name = "thermal"

    def __init__(self, sysfs: Path) -> None:
        """`sysfs` is /sys, or where the host's /sys is mounted."""
        self._hwmon = sysfs / "class" / "hwmon"
        self._thermometers: Sequence[_Thermometer] | None = None  # not looked for yet

    def read(self) -> Iterator[UsageReading]:
        """Every temperature that can be read; chips are looked for again when one of them cannot."""
        if self._thermometers is None:
            self._thermometers = list(_thermometers(self._hwmon))
        for thermometer in tuple(self._thermometers):
            millicelsius = _text(thermometer.file)
            # A temperature below zero is possible, in a cold rack.
            if not re.fullmatch(r"-?\d+", millicelsius):
                self._thermometers = None
                continue
            celsius = celsius_from_millicelsius(int(millicelsius))
            yield UsageReading(
                Gauge.TEMPERATURE, celsius, Component.CPU.value, device=thermometer.socket, detail=thermometer.label
            )


# Labels of what stands for the socket, by chip. Where a chip does not number its sockets there is one chip for each.
_LABELS: Mapping[str, re.Pattern[str]] = {
    "coretemp": re.compile(r"Package id (\d+)"),
    "k10temp": re.compile(r"Tctl|Tdie"),
    "apm_xgene": re.compile(r"SoC Temperature"),
}


def _thermometers(hwmon: Path) -> Iterator[_Thermometer]:
    chips: dict[str, list[Path]] = {}
    try:
        for chip in hwmon.iterdir():
            chips.setdefault(_text(chip / "name"), []).append(chip)
    except OSError:
        return
    for name, pattern in _LABELS.items():
        # By device: sockets are numbered in the order of their PCI addresses, hwmon chips in that of their drivers.
        for index, chip in enumerate(sorted(chips.get(name, ()), key=lambda chip: str(chip.resolve().parent))):
            for label_file in sorted(chip.glob("temp*_label")):
                label = _text(label_file)
                match = pattern.fullmatch(label)
                if match:
                    file = label_file.with_name(label_file.name.replace("_label", "_input"))
                    yield _Thermometer(file, match[1] if pattern.groups else str(index), label)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
