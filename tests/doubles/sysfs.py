"""Fake sysfs trees shaped like real machines': powercap (RAPL) counters that burn, wrap, reset, and hwmon chips.

    tree = PowercapTree.server(tmp_path / "sys", sockets=2, mmio=True)
    tree.burn({"package-0": 12.5, "package-0/dram": 3.0})     # joules, wrapped at each zone's own range
    tree.true_joules("package-0")                             # 12.5, whatever the counter shows
    RaplSensor(tree.sysfs)

Zones are named by their path of kernel names: "package-0", "package-0/dram", "psys", and "mmio:package-0" for the
twin that counts the same joules. Every value is one fixed-width `pwrite`, so that a reader never sees half a number.
`doubles.burning` burns such a tree in real time.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

# Ranges of real machines: 61 uJ units (most Intel packages), 15.3 uJ units (server DRAM, AMD).
WIDE_RANGE_UJ = 262_143_328_850
NARROW_RANGE_UJ = 65_712_999_613
# Wide enough for any counter; blanks before a number are ignored by int(), strtoull and Go's TrimSpace alike.
_WIDTH = 20
NOBODY = 65534

Layout = Literal["symlinked", "nested", "flat"]


def counter_text(microjoules: int) -> bytes:
    """A counter as these trees write it: right-aligned in a fixed width, so that it can be overwritten in place."""
    return f"{microjoules:{_WIDTH}d}\n".encode()


@dataclass(slots=True)
class Zone:
    """One fake zone: where it is, what it shows, and how many microjoules it has really burnt."""

    zone_id: str
    directory: Path
    range_uj: int
    counter_uj: int
    true_uj: int = 0
    remainder: float = 0.0  # of a microjoule, carried to the next burn

    @property
    def energy_file(self) -> Path:
        """The counter."""
        return self.directory / "energy_uj"

    def add(self, joules: float) -> None:
        """Count `joules` more, wrapping at the range, and show it."""
        exact = joules * 1e6 + self.remainder
        whole = int(exact)
        self.remainder = exact - whole
        self.true_uj += whole
        # The kernel's range is the largest value shown, so the counter has one state more.
        self.show((self.counter_uj + whole) % (self.range_uj + 1))

    def adopt(self, joules: float) -> None:
        """Take note of what another process burnt here, and of the counter it left."""
        self.true_uj += int(joules * 1e6)
        try:
            self.counter_uj = int(self.energy_file.read_bytes())
        except OSError:  # removed meanwhile, or denied to us too
            self.counter_uj = (self.counter_uj + int(joules * 1e6)) % (self.range_uj + 1)

    def show(self, microjoules: int) -> None:
        """Overwrite the counter in one call; a zone that was removed stays so."""
        self.counter_uj = microjoules
        try:
            descriptor = os.open(self.energy_file, os.O_WRONLY)
        except FileNotFoundError:
            return
        try:
            os.pwrite(descriptor, counter_text(microjoules), 0)
        finally:
            os.close(descriptor)


class PowercapTree:
    """A powercap class below the sysfs root `sysfs`, in one of the shapes that readers meet.

    "symlinked" is what a kernel shows (links in class/powercap to nested directories), "nested" has the zones inside
    their parents only, "flat" has every zone directly in class/powercap.
    """

    def __init__(self, sysfs: Path, *, layout: Layout = "symlinked") -> None:
        self.sysfs = sysfs
        self.layout: Layout = layout
        self.powercap = sysfs / "class" / "powercap"
        self.powercap.mkdir(parents=True, exist_ok=True)
        self.zones: dict[str, Zone] = {}

    @classmethod
    def server(
        cls,
        sysfs: Path,
        *,
        sockets: int = 2,
        dram: bool = True,
        mmio: bool = False,
        psys: bool = False,
        layout: Layout = "symlinked",
    ) -> "PowercapTree":
        """A usual server: packages of a wide range, DRAM zones of a narrow one, and on wish the rarer zones."""
        tree = cls(sysfs, layout=layout)
        for socket in range(sockets):
            tree.add_zone(f"package-{socket}")
            if dram:
                tree.add_zone(f"package-{socket}/dram", range_uj=NARROW_RANGE_UJ)
            if mmio:
                tree.add_zone(f"mmio:package-{socket}")
        if psys:
            tree.add_zone("psys")
        return tree

    def add_zone(
        self,
        name: str,
        *,
        range_uj: int = WIDE_RANGE_UJ,
        start_uj: int | None = None,
        limit_watts: float | None = None,
    ) -> Zone:
        """Add the zone at this path of names; its parent must exist. Starts differ, as on any machine that ran."""
        driver, _, path = name.rpartition(":")
        driver = f"intel-rapl-{driver}" if driver else "intel-rapl"
        parent, _, leaf = path.rpartition("/")
        parent_zone = self.zones[name[: -len(leaf) - 1]] if parent else None
        prefix = parent_zone.zone_id if parent_zone else driver
        zone_id = f"{prefix}:{sum(self._is_child(zone, prefix) for zone in self.zones.values())}"
        directory = self._directory(driver, parent_zone, zone_id)
        if start_uj is None:
            start_uj = (1_234_567_891 * (len(self.zones) + 1)) % range_uj
        zone = Zone(zone_id, directory, range_uj, start_uj)
        _write(directory / "name", leaf)
        _write(directory / "enabled", "1")
        _write(directory / "max_energy_range_uj", str(range_uj))
        (directory / "energy_uj").write_bytes(counter_text(start_uj))
        if limit_watts is not None:
            _write(directory / "constraint_0_name", "long_term")
            _write(directory / "constraint_0_power_limit_uw", str(round(limit_watts * 1e6)))
            _write(directory / "constraint_0_max_power_uw", str(round(limit_watts * 1e6)))
        self.zones[name] = zone
        return zone

    def burn(self, joules: Mapping[str, float]) -> None:
        """Add joules to zones, and the same to their mmio twins."""
        for name, amount in joules.items():
            for twin in self.twins(name):
                twin.add(amount)

    def twins(self, name: str) -> Sequence[Zone]:
        """The zone of this name, and its mmio twin where there is one."""
        both = (self.zones[name], self.zones.get(f"mmio:{name}"))
        return [zone for zone in both if zone is not None]

    def reset(self, name: str) -> None:
        """The counter starts again at zero, as after a warm reset of the socket; what was burnt stays burnt."""
        self.zones[name].show(0)

    def true_joules(self, name: str) -> float:
        """All that the zone has burnt since it was added, whatever its counter went through."""
        return self.zones[name].true_uj * 1e-6

    def shown_joules(self, name: str) -> float:
        """What the counter shows now."""
        return self.zones[name].counter_uj * 1e-6

    def write(self, name: str, attribute: str, text: str) -> None:
        """Put any text, garbage included, into one attribute (truncating it first, unlike `burn`)."""
        (self.zones[name].directory / attribute).write_text(text)

    def replace(self, name: str) -> None:
        """Replace the counter's file by a new one of the same content, as writers that rename do."""
        file = self.zones[name].energy_file
        fresh = file.with_name("energy_uj.new")
        fresh.write_bytes(file.read_bytes())
        fresh.replace(file)

    def deny(self, *names: str) -> None:
        """Make these counters (default: all) readable by nobody but root; see `unprivileged`."""
        for name in names or tuple(self.zones):
            self.zones[name].energy_file.chmod(0o200)

    def allow(self, *names: str) -> None:
        """Undo `deny`."""
        for name in names or tuple(self.zones):
            self.zones[name].energy_file.chmod(0o644)

    def remove(self, name: str) -> None:
        """Take the zone away, its links included, while readers may have it open."""
        zone = self.zones[name]
        shutil.rmtree(zone.directory)
        link = self.powercap / zone.zone_id
        if link.is_symlink():
            link.unlink()

    def restore(self, name: str) -> None:
        """Bring a removed zone back with the counter it would have by now."""
        zone = self.zones[name]
        zone.directory.mkdir(parents=True)
        _write(zone.directory / "name", name.rpartition(":")[2].rpartition("/")[2])
        _write(zone.directory / "max_energy_range_uj", str(zone.range_uj))
        (zone.directory / "energy_uj").write_bytes(counter_text(zone.counter_uj))
        self._link(zone.zone_id, zone.directory)

    def _directory(self, driver: str, parent: Zone | None, zone_id: str) -> Path:
        if self.layout == "flat":
            directory = self.powercap / zone_id
        elif parent is not None:
            directory = parent.directory / zone_id
        elif self.layout == "nested":
            directory = self.powercap / driver / zone_id
        else:
            directory = self.sysfs / "devices" / "virtual" / "powercap" / driver / zone_id
        directory.mkdir(parents=True)
        if directory.parent.name == driver:
            _write(directory.parent / "enabled", "1")
            self._link(driver, directory.parent)
        self._link(zone_id, directory)
        return directory

    def _link(self, name: str, target: Path) -> None:
        link = self.powercap / name
        if self.layout == "symlinked" and not link.is_symlink():
            link.symlink_to(os.path.relpath(target, self.powercap), target_is_directory=True)

    @staticmethod
    def _is_child(zone: Zone, prefix: str) -> bool:
        return zone.zone_id.rpartition(":")[0] == prefix


class HwmonTree:
    """A hwmon class below the sysfs root `sysfs`: class/hwmon/hwmonN links into the devices, as a kernel has it."""

    def __init__(self, sysfs: Path) -> None:
        self.sysfs = sysfs
        self.hwmon = sysfs / "class" / "hwmon"
        self.hwmon.mkdir(parents=True, exist_ok=True)
        self._count = 0

    def add_chip(self, name: str, attributes: Mapping[str, int | str], *, device: str, on_device: bool = False) -> Path:
        """Add a chip of the device at this path below `devices`, and return the directory that holds its attributes.

        `on_device` puts the attributes beside the hwmon directory, in `hwmonN/device/`: the ACPI power meter does.
        """
        parent = self.sysfs / "devices" / device
        directory = parent / "hwmon" / f"hwmon{self._count}"
        directory.mkdir(parents=True)
        (directory / "device").symlink_to("../..", target_is_directory=True)
        link = self.hwmon / f"hwmon{self._count}"
        link.symlink_to(os.path.relpath(directory, self.hwmon), target_is_directory=True)
        self._count += 1
        holder = parent if on_device else directory
        _write(holder / "name", name)
        for attribute, value in attributes.items():
            _write(holder / attribute, str(value))
        return holder


def describe_cpu(sysfs: Path, vendor: Literal["intel", "amd"]) -> None:
    """Write the CPU modalias, from which a reader learns whose processor it is."""
    directory = sysfs / "devices" / "system" / "cpu"
    directory.mkdir(parents=True, exist_ok=True)
    identity = {"intel": "ven0000fam0006mod006A", "amd": "ven0002fam0019mod0001"}[vendor]
    _write(directory / "modalias", f"cpu:type:x86,{identity}:feature:,0000,0001")


@contextmanager
def unprivileged() -> Iterator[None]:
    """Run the block without root's right to read everything, so that file modes mean what they say.

    The whole process becomes `nobody` meanwhile (pytest's own tmp_path is closed to it: use `public_directory`).
    """
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def public_directory() -> Iterator[Path]:
    """A temporary directory that everybody may read."""
    with tempfile.TemporaryDirectory(prefix="sysfs-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n")
