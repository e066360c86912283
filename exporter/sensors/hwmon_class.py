"""The chips below /sys/class/hwmon, and the attributes each of them has."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_ATTRIBUTE = re.compile(r"name|(?:power|energy|in|curr|temp)\d+_\w+")
_LABEL = re.compile(r"([a-z]+)(\d+)_label")
_PCI_ADDRESS = re.compile(r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f]")


@dataclass(frozen=True, slots=True)
class Chip:
    """One hwmon device; its attributes lie in hwmonN, or (ACPI power meters) in hwmonN/device."""

    number: str  # "hwmon3", which may be another one after a restart
    name: str  # the driver's: "amdgpu"
    device: str  # what it belongs to: a PCI address, an ACPI or I2C name
    attributes: Mapping[str, Path]

    def text(self, attribute: str) -> str | None:
        """What one attribute says, or None if it is not there or cannot be read."""
        path = self.attributes.get(attribute)
        return None if path is None else _text(path)

    def whole(self, attribute: str) -> int | None:
        """One attribute as a number that is not negative, or None."""
        text = self.text(attribute)
        return int(text) if text is not None and text.isdecimal() else None

    def labels(self, kind: str) -> Mapping[int, str]:
        """The labels of one kind ("energy", "in") by index."""
        return dict(self._labels(kind))

    def meters(self) -> Sequence[str]:
        """The attributes that say something about power or energy."""
        return [name for name in sorted(self.attributes) if re.fullmatch(r"(power|energy)\d+_(input|average)", name)]

    def _labels(self, kind: str) -> Iterator[tuple[int, str]]:
        for attribute in self.attributes:
            match = _LABEL.fullmatch(attribute)
            if match and match[1] == kind and (text := self.text(attribute)):
                yield int(match[2]), text


def read_chips(sysfs: Path) -> Sequence[Chip]:
    """All chips, in the order of their devices. Raises OSError if class/hwmon cannot be listed."""
    directories = list((sysfs / "class" / "hwmon").iterdir())
    chips = [_chip(directory) for directory in directories]
    return sorted(chips, key=lambda chip: (chip.device, len(chip.number), chip.number))


def _chip(directory: Path) -> Chip:
    # The later wins: what is in hwmonN itself.
    attributes = {**_attributes(directory / "device"), **_attributes(directory)}
    name = _text(attributes["name"]) if "name" in attributes else None
    return Chip(directory.name, name or "", _device(directory), attributes)


def _attributes(directory: Path) -> Mapping[str, Path]:
    try:
        return {path.name: path for path in directory.iterdir() if _ATTRIBUTE.fullmatch(path.name)}
    except OSError:
        return {}


def _device(directory: Path) -> str:
    """Where the chip sits: the PCI address its device states, else the name of the device's directory."""
    device = directory / "device"
    stated = re.search(r"^PCI_SLOT_NAME=(\S+)$", _text(device / "uevent") or "", re.MULTILINE)
    if stated and _PCI_ADDRESS.fullmatch(stated[1]):
        return stated[1]
    return device.resolve().name if device.exists() else directory.name


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
