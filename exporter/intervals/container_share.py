"""A container's share of an interval: what it was charged between the two edges, beside what the devices used."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from exporter.attribution.track import ChargedEdge
from exporter.attribution.watched import ChargedEdges
from exporter.attribution.workload import Workload
from exporter.intervals.accounting import FULLY_OBSERVED
from exporter.intervals.interval import Account, ChargedEnergy, ContainerShare, DeviceEnergy
from exporter.metering.curve import combine_half_widths
from joulecast.component import Component, SeriesKey

NOBODY_SEEN = "the caller sees itself in no cgroup, so its container's share is not known"
ELSEWHERE = "the caller runs under another kernel than this exporter: its container's share is not known here"
TOO_MANY = "too many containers are watched already, so this one's share is not known"
NOBODY_KNOWN = "no workload is known for the caller's cgroup, so its container's share is not known"
NOT_WATCHED = "its container was not watched then, so its share is not known"
ASKED_LATE = "its container was watched only after the interval had begun"
OVER_A_RESTART = (
    "over a restart of the exporter: what its container used until it was watched again is not in its share"
)
REBOOTED = "the machine restarted: its container's share is not known"


@dataclass(frozen=True, slots=True)
class _Part:
    """What it was charged of one device."""

    joules: float
    own_half_width: float  # the device's sampling error, in proportion
    split_half_width: float  # what it may have used of the steps at both edges
    calibration: float
    coverage: float


def unknown_share(workload: Workload | None, note: str) -> ContainerShare:
    """A share that is not known, and why."""
    return ContainerShare(workload, None, 0.0, 0.0, 0.0, {}, (note,))


def container_share(
    workload: Workload, account: Account, begin: ChargedEdges, end: ChargedEdges, duration: float
) -> ContainerShare:
    """Its part of the devices in this account.

    The split inside a step is bounded by what the device used there; errors of it lean one way on all devices, since
    the same container ran, and are added. Sampling errors of devices are independent.
    """
    parts: dict[Component, list[_Part]] = {}
    untold: dict[str, None] = {}
    for device in account.devices:
        if not device.counted:
            continue
        known = parts.setdefault(device.key.component, [])
        part = _part(device, begin.by_series, end.by_series, duration)
        if part is not None:
            known.append(part)
        elif device.energy.gross_joules is not None:
            untold[" ".join(name for name in (device.key.component, device.key.device) if name)] = None
    gpu_methods = tuple(sorted(end.gpu_methods))
    components = {
        component: _summed(parts[component], gpu_methods if component is Component.GPU else ("cpu_time",))
        for component in sorted(parts)
    }
    total = _summed(chain.from_iterable(parts.values()), ())
    notes = [f"nobody told who used what of {', '.join(untold)}: none of it is in the share"] if untold else []
    if total.gross_joules is not None and total.coverage < FULLY_OBSERVED:
        notes.append(f"who used what was not seen for {(1 - total.coverage) * duration:.1f} s of {duration:.1f} s")
    return ContainerShare(
        workload,
        total.gross_joules,
        total.uncertainty_joules,
        total.calibration_uncertainty_joules,
        total.coverage,
        components,
        tuple(notes),
    )


def _part(
    device: DeviceEnergy,
    begin: Mapping[SeriesKey, ChargedEdge],
    end: Mapping[SeriesKey, ChargedEdge],
    duration: float,
) -> _Part | None:
    """None where nobody told who used the device, or it was not observed."""
    gross, last = device.energy.gross_joules, end.get(device.key)
    if gross is None or last is None:
        return None
    first = begin.get(device.key, ChargedEdge(0.0, 0.0))
    seen = min(1.0, max(0.0, last.covered - first.covered) / duration) if duration > 0 else 1.0
    coverage = min(seen, device.energy.coverage)
    if coverage <= 0:
        return None
    joules = min(gross, max(0.0, last.joules - first.joules))
    ratio = joules / gross if gross > 0 else 0.0
    edges = combine_half_widths(first.half_width, last.half_width)
    return _Part(
        joules,
        device.energy.uncertainty_joules * ratio,
        min(edges, max(joules, gross - joules)),
        device.energy.calibration_uncertainty_joules * ratio,
        coverage,
    )


def _summed(parts: Iterable[_Part], methods: tuple[str, ...]) -> ChargedEnergy:
    known = list(parts)
    if not known:
        return ChargedEnergy(None, 0.0, 0.0, 0.0, ())
    return ChargedEnergy(
        math.fsum(part.joules for part in known),
        math.hypot(math.fsum(part.split_half_width for part in known), *(part.own_half_width for part in known)),
        math.fsum(part.calibration for part in known),
        min(part.coverage for part in known),
        methods,
    )
