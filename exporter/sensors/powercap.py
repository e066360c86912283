"""The RAPL zones below /sys/class/powercap: which there are, what each one measures, and within which bounds.

Kernels show a zone as a link in class/powercap and again inside its parent's directory; some trees have only one of
the two. A zone is known by its id ("intel-rapl:0:1"), so each is found once, wherever it is.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from joulecast.component import Component, SeriesKey
from joulecast.quantities import watts_from_microwatts

MSR_DRIVER = "intel-rapl"  # AMD's zones have this name too
MMIO_DRIVER = "intel-rapl-mmio"  # the same package through another door

_OURS = re.compile(r"intel-rapl(-mmio)?(:\d+)*")
_PACKAGE = re.compile(r"package-(\d+)(?:-die-(\d+))?")
_PSYS = re.compile(r"psys(-\d+)?")
_DEEPEST = 3  # driver, package, sub-zone


@dataclass(frozen=True, slots=True)
class PowercapZone:
    """One zone, its counter not read yet."""

    zone_id: str
    directory: Path
    name: str  # as the kernel says: "package-0", "dram"
    key: SeriesKey

    @property
    def driver(self) -> str:
        """The control type it belongs to."""
        return self.zone_id.partition(":")[0]

    @property
    def energy_file(self) -> Path:
        """The counter, in microjoules."""
        return self.directory / "energy_uj"


@dataclass(frozen=True, slots=True)
class Powercap:
    """What lies in class/powercap."""

    zones: Sequence[PowercapZone]
    dangling: Sequence[str]  # links whose directory is hidden: a container's masked path
    nameless: Sequence[str]  # zones of a name that says nothing to us
    foreign: Sequence[str]  # counters of drivers that are not RAPL


def read_powercap(directory: Path) -> Powercap:
    """Find all zones. Raises OSError if the directory itself cannot be listed."""
    entries = sorted(directory.iterdir(), key=lambda entry: _numerical(entry.name))
    found: dict[str, Path] = {}
    for path in _descend(entries, _DEEPEST):
        found.setdefault(path.name, path)
    names = {zone_id: _text(path / "name") for zone_id, path in found.items()}
    zones = []
    nameless = []
    for zone_id in sorted(found, key=_numerical):
        name = names[zone_id]
        if name is None:
            continue
        key = _key(name, names.get(zone_id.rpartition(":")[0]), zone_id)
        if key is None:
            nameless.append(f"{zone_id} ({name})")
        else:
            zones.append(PowercapZone(zone_id, found[zone_id], name, key))
    return Powercap(
        zones,
        dangling=[entry.name for entry in entries if _OURS.fullmatch(entry.name) and not entry.exists()],
        nameless=nameless,
        foreign=[entry.name for entry in entries if not _OURS.fullmatch(entry.name) and (entry / "energy_uj").exists()],
    )


def largest_value(zone: PowercapZone) -> int | None:
    """The largest number of microjoules the counter shows before it wraps, if the zone tells."""
    text = _text(zone.directory / "max_energy_range_uj")
    return int(text) if text is not None and text.isdigit() and int(text) > 0 else None


def most_watts(zone: PowercapZone) -> float:
    """No reading of this zone may imply more: well above its own limits, or above any hardware of its kind."""
    floor, unknown, ceiling = _BOUNDS[zone.key.zone]
    limits = [watts_from_microwatts(2 * limit) for limit in _numbers(zone.directory, "constraint_*_power_limit_uw")]
    limits += [watts_from_microwatts(limit) for limit in _numbers(zone.directory, "constraint_*_max_power_uw")]
    if not any(limits):
        return unknown
    return min(max(_SLACK * max(limits), floor), ceiling)


# Limits can be lowered and lifted while we run, hence a floor; some firmware states megawatts, hence a ceiling.
_SLACK = 1.5
_BOUNDS = {  # zone: (never less than, where no limit is told, never more than), in watts
    "package": (300.0, 1000.0, 3000.0),
    "core": (300.0, 1000.0, 3000.0),
    "uncore": (300.0, 1000.0, 3000.0),
    "dram": (200.0, 500.0, 1500.0),
    "psys": (500.0, 2000.0, 10_000.0),
}


def _descend(paths: Iterable[Path], depth: int) -> Iterator[Path]:
    """Zones of one level first, so that a top-level link is preferred to the same zone inside its parent."""
    level = [path for path in paths if _OURS.fullmatch(path.name) and path.is_dir()]
    yield from (path for path in level if ":" in path.name)
    if depth > 1 and level:
        yield from _descend((child for path in level for child in _children(path)), depth - 1)


def _children(directory: Path) -> Sequence[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return ()


def _key(name: str, parent_name: str | None, zone_id: str) -> SeriesKey | None:
    package = _PACKAGE.fullmatch(name)
    if package:
        return SeriesKey(Component.CPU, _socket(package), "package")
    if _PSYS.fullmatch(name):
        return SeriesKey(Component.PLATFORM, name, "psys")
    parent = _PACKAGE.fullmatch(parent_name or "")
    # A sub-zone whose parent is hidden still belongs to a package: the first number of its id.
    device = _socket(parent) if parent else zone_id.split(":")[1]
    if name == "dram":
        return SeriesKey(Component.DRAM, device, "dram")
    if name in {"core", "uncore"}:
        return SeriesKey(Component.CPU, device, name)
    return None


def _socket(package: re.Match[str]) -> str:
    socket, die = package.groups()
    return socket if die is None else f"{socket}-die{die}"


def _numerical(name: str) -> tuple[str, ...]:
    driver, *numbers = name.split(":")
    return (driver, *(f"{number:>8}" for number in numbers))


def _numbers(directory: Path, pattern: str) -> Iterator[int]:
    for file in directory.glob(pattern):
        text = _text(file)
        if text is not None and text.isdigit():
            yield int(text)


def _text(file: Path) -> str | None:
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return None
