"""RAPL: the processor's own energy counters, as the kernel's powercap class shows them (Intel, and AMD since 5.8).

The counters tick about every millisecond in steps of 2^-14 J (61 uJ), or finer; powercap does not tell which, so the
coarser is taken. Error bounds are assumptions from the literature: server packages follow the wall to some percent
(Khan et al. 2018), DRAM has the right trend with an offset (Desrochers et al. 2016), AMD's counters are themselves
computed in the processor and see no operand data (Schoene et al. 2021).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from exporter.sensors.attribute import Attribute, Unreadable
from exporter.sensors.identity import KnownSeries
from exporter.sensors.mirrors import MirrorWatch
from exporter.sensors.powercap import (
    MMIO_DRIVER,
    Powercap,
    PowercapZone,
    largest_value,
    most_watts,
    read_powercap,
)
from exporter.sensors.sensor import (
    Missed,
    Quantity,
    Reading,
    SensorAbsent,
    SensorDenied,
    SensorFailed,
    Series,
)
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance
from joulecast.quantities import joules_from_microjoules

STEP_JOULES = 2.0**-14
UPDATE_SECONDS = 0.001
_INTEL_RELATIVE_ERROR = 0.05
_AMD_RELATIVE_ERROR = 0.10
_DRAM_RELATIVE_ERROR = 0.10

# Counters are root's alone since Linux 5.10, because power tells secrets (CVE-2020-8694): one group may be let in.
_GRANT = (
    "run as root, or let a group read them: "
    "echo 'z /sys/class/powercap/intel-rapl*/energy_uj 0440 root joulecast - -' "
    "| sudo tee /etc/tmpfiles.d/joulecast.conf && sudo systemd-tmpfiles --create joulecast.conf"
)
_MOUNT = "mount the host's /sys read-only at /host/sys and pass --sysfs /host/sys"
_DISCOVERY_TIME = float("-inf")


@dataclass(slots=True)
class _Counter:
    """An open zone."""

    zone: PowercapZone
    attribute: Attribute
    series: Series
    largest: int | None  # microjoules


class RaplSensor:
    """Every RAPL zone below `sysfs`, each once, each with its own range."""

    name = "rapl"

    def __init__(self, sysfs: Path) -> None:
        """`sysfs` is /sys, or where the host's /sys is mounted."""
        self._sysfs = sysfs
        self._counters: list[_Counter] = []
        self._caveats: list[JoulecastError] = []
        self._known = KnownSeries()
        self._mirrors = MirrorWatch()

    def discover(self) -> Sequence[Series]:
        """Open every zone that may be read. Raises SensorAbsent, or SensorDenied if none may."""
        self.close()
        self._caveats = []
        powercap = self._list_zones()
        opened, denied = _open(powercap.zones)
        for zone in denied:
            self._caveats.append(SensorDenied(f"{zone.zone_id} ({zone.name}) may not be read", _GRANT))
        if not opened:
            raise self._nothing(powercap, denied)
        self._tell_unused(powercap)
        amd = _is_amd(self._sysfs)
        self._counters = [self._counter(zone, attribute, amd=amd) for zone, attribute in self._without_twins(opened)]
        self._suspect_mirrors()
        return [counter.series for counter in self._counters]

    def caveats(self) -> Sequence[JoulecastError]:
        """What was found and is not used, and mirrors as they come to light."""
        mirrors = [
            JoulecastError(f"{zone} repeats the counter of {first}", "nothing to do: it is counted once")
            for zone, first in self._mirrors.confirmed()
        ]
        return [*self._caveats, *mirrors]

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Read every counter; a zone that fails does not stop the others."""
        if not self._counters:
            raise SensorFailed("no RAPL counter is open", "discover again")
        watching = self._mirrors.is_watching()
        for counter in self._counters:
            series = counter.series
            try:
                microjoules = counter.attribute.read(now)
            except Unreadable as unreadable:
                yield Missed(series, unreadable.reason, str(unreadable))
                continue
            if counter.largest is not None and microjoules > counter.largest:
                yield Missed(series, "garbage", f"{series.source} shows {microjoules}, beyond its own range")
                continue
            if watching and (first := self._mirrors.observe(counter.zone.zone_id, microjoules)):
                yield Missed(series, "mirror", f"{series.source} repeats the counter of {first}")
                continue
            yield Reading(series, joules=joules_from_microjoules(microjoules))

    def close(self) -> None:
        """Close all counters."""
        for counter in self._counters:
            counter.attribute.close()
        self._counters = []

    def _list_zones(self) -> Powercap:
        directory = self._sysfs / "class" / "powercap"
        try:
            return read_powercap(directory)
        except (FileNotFoundError, NotADirectoryError):
            raise SensorAbsent(
                f"no {directory}", "normal on virtual machines and ARM; else: modprobe intel_rapl_msr"
            ) from None
        except PermissionError:
            raise SensorDenied(f"{directory} may not be listed", _GRANT) from None
        except OSError as error:
            raise SensorFailed(f"{directory} cannot be listed ({error.strerror})", "see dmesg") from error

    def _nothing(self, powercap: Powercap, denied: Sequence[PowercapZone]) -> JoulecastError:
        directory = self._sysfs / "class" / "powercap"
        if denied:
            return SensorDenied(
                f"all {len(denied)} RAPL counters below {directory} are root's alone (Linux 5.10 and later)",
                f"{_GRANT}; in a container also {_MOUNT}",
            )
        if powercap.dangling:
            return SensorDenied(f"the RAPL zones below {directory} are hidden from this container", _MOUNT)
        return SensorAbsent(
            f"no RAPL zones below {directory}", "normal on virtual machines and ARM; else: modprobe intel_rapl_msr"
        )

    def _tell_unused(self, powercap: Powercap) -> None:
        for zone in powercap.nameless:
            self._caveats.append(JoulecastError(f"{zone} is a zone of unknown meaning", "not used; please report it"))
        for zone in powercap.foreign:
            self._caveats.append(JoulecastError(f"{zone} is a counter of another driver than RAPL", "not used"))

    def _without_twins(
        self, opened: Sequence[tuple[PowercapZone, Attribute]]
    ) -> Iterator[tuple[PowercapZone, Attribute]]:
        """One zone per quantity: a mmio zone counts the same joules as the MSR zone of its name."""
        taken: dict[SeriesKey, str] = {}
        # sorted() is stable, and False comes before True.
        for zone, attribute in sorted(opened, key=lambda pair: pair[0].driver == MMIO_DRIVER):
            twin = taken.setdefault(zone.key, zone.zone_id)
            if twin == zone.zone_id:
                yield zone, attribute
                continue
            attribute.close()
            self._caveats.append(
                JoulecastError(f"{zone.zone_id} counts the same as {twin} ({zone.name})", "nothing to do: one is used")
            )

    def _counter(self, zone: PowercapZone, attribute: Attribute, *, amd: bool) -> _Counter:
        largest = largest_value(zone)
        note = ""
        if largest is None:
            note = "its range is unknown: a wrap is taken for a restart, and what was burnt around it is not seen"
            self._caveats.append(JoulecastError(f"{zone.zone_id} ({zone.name}) does not tell its range", note))
        elif (shown := _first_value(attribute)) is not None and shown > largest:
            note = f"it shows {shown} uJ, beyond its stated range, which is not used: a wrap is taken for a restart"
            self._caveats.append(JoulecastError(f"{zone.zone_id} ({zone.name}) contradicts its range", note))
            largest = None
        series = Series(
            key=zone.key,
            sensor=self.name,
            provenance=Provenance.MEASURED,
            quantity=Quantity.COUNTER,
            source=str(zone.energy_file),
            max_watts=most_watts(zone),
            # One step less than the true modulus, which is below what the counter resolves.
            range_joules=None if largest is None else joules_from_microjoules(largest),
            resolution_joules=STEP_JOULES,
            update_seconds=UPDATE_SECONDS,
            relative_error=_relative_error(zone, amd=amd),
            note=note,
        )
        return _Counter(zone, attribute, self._known.settle(series), largest)

    def _suspect_mirrors(self) -> None:
        """Compare zones of one kind, each read before and after the others, so that an update between does no harm."""
        before = [_first_value(counter.attribute) for counter in self._counters]
        after = [_first_value(counter.attribute) for counter in reversed(self._counters)][::-1]
        shown = [{old, new} - {None} for old, new in zip(before, after, strict=True)]
        for first, second in combinations(range(len(self._counters)), 2):
            one, other = self._counters[first].zone, self._counters[second].zone
            common = shown[first] & shown[second]
            if common and (one.key.component, one.key.zone) == (other.key.component, other.key.zone):
                self._mirrors.suspect(one.zone_id, other.zone_id, max(filter(None, common), default=0))


def _open(zones: Sequence[PowercapZone]) -> tuple[list[tuple[PowercapZone, Attribute]], list[PowercapZone]]:
    """Open all counters: those that opened, and the zones that may not be read."""
    opened = []
    denied = []
    for zone in zones:
        attribute = Attribute(zone.energy_file)
        try:
            attribute.open()
        except PermissionError:
            denied.append(zone)
        except OSError:
            continue  # a zone without a counter, or gone meanwhile
        else:
            opened.append((zone, attribute))
    return opened, denied


def _first_value(attribute: Attribute) -> int | None:
    try:
        return attribute.read(_DISCOVERY_TIME)
    except Unreadable:
        return None


def _relative_error(zone: PowercapZone, *, amd: bool) -> float:
    if zone.key.component is Component.DRAM:
        return _DRAM_RELATIVE_ERROR
    return _AMD_RELATIVE_ERROR if amd else _INTEL_RELATIVE_ERROR


def _is_amd(sysfs: Path) -> bool:
    """Whether the kernel's CPU identity says AMD, or its licensee Hygon."""
    try:
        identity = (sysfs / "devices/system/cpu/modalias").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return ",ven0002" in identity or ",ven0009" in identity
