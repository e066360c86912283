"""The energy of an interval from the edges of its curves: per device, per component, in sum (Eqs. 1 to 5)."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain

from exporter.intervals.edges import Edges
from exporter.intervals.interval import Account, DeviceEnergy, Energy, Usage
from exporter.metering.curve import uncertainty_between
from exporter.metering.snapshot import IdleState
from exporter.sensors.sensor import Series
from joulecast.component import Component, SeriesKey
from joulecast.provenance import weakest

FULLY_OBSERVED = 0.99  # coverage that needs no note
NOTHING = Energy(None, None, 0.0, 0.0, 0.0, None)


def account(
    counted: Mapping[Series, bool],
    begin: Edges,
    end: Edges,
    duration: float,
    *,
    gpus: tuple[str, ...] | None,
    idle: Mapping[SeriesKey, IdleState],
    usage: Usage,
) -> Account:
    """Account for `duration` seconds between two sets of edges.

    `counted` maps every published series to whether it is part of node energy; `gpus` limits GPU series to those in
    scope (None: all). Sub-zones and platform meters are listed by device and never added.
    """
    devices: list[DeviceEnergy] = []
    parts: dict[Component, list[Energy]] = {}
    for series, is_counted in counted.items():
        key = series.key
        if key.component is Component.GPU and gpus is not None and key.device not in gpus:
            continue
        if key in begin and key in end:
            energy = device_energy(series, begin, end, duration, idle.get(key))
            devices.append(DeviceEnergy(key, series.sensor, is_counted, energy))
            if is_counted:
                parts.setdefault(key.component, []).append(energy)
    components = {component: total(parts[component]) for component in sorted(parts)}
    node = total(chain.from_iterable(parts.values()))
    return Account(node, components, devices, usage, _notes(node, devices, duration))


def device_energy(series: Series, begin: Edges, end: Edges, duration: float, idle: IdleState | None) -> Energy:
    """Energy of one series between its two edges; unknown, not zero, if it was never observed in between."""
    first, last = begin[series.key], end[series.key]
    observed = max(0.0, last.observed - first.observed)
    coverage = min(1.0, observed / duration) if duration > 0 else 1.0
    below_resolution = duration < 2 * series.update_seconds
    if coverage == 0:
        return Energy(None, None, 0.0, 0.0, 0.0, series.provenance, below_resolution=below_resolution)
    gross = last.joules - first.joules
    return Energy(
        gross_joules=gross,
        idle_joules=None if idle is None else idle.watts * observed,
        uncertainty_joules=uncertainty_between(first, last),
        calibration_uncertainty_joules=abs(gross) * series.relative_error,
        coverage=coverage,
        provenance=series.provenance,
        idle_uncertainty_joules=None if idle is None else idle.spread_watts * observed,
        below_resolution=below_resolution,
    )


def total(parts: Iterable[Energy]) -> Energy:
    """The sum of parts: sampling errors are independent and add in square, calibration errors may all lean one way.

    Observed only while all of its parts were; idle is known only if every part's is.
    """
    energies = list(parts)
    known = [energy for energy in energies if energy.gross_joules is not None]
    if not known:
        return NOTHING
    if len(energies) == 1:
        return energies[0]
    gross, idle, widths, calibrations, _, provenances, idle_widths, short = zip(*known, strict=True)
    return Energy(
        gross_joules=math.fsum(gross),
        idle_joules=_sum_if_all_known(idle),
        uncertainty_joules=math.hypot(*widths),
        calibration_uncertainty_joules=math.fsum(calibrations),
        coverage=min([energy.coverage for energy in energies]),
        provenance=weakest(filter(None, provenances)),
        idle_uncertainty_joules=_sum_if_all_known(idle_widths),
        below_resolution=any(short),
    )


def _sum_if_all_known(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) if len(known) == len(values) else None


def _notes(node: Energy, devices: Sequence[DeviceEnergy], duration: float) -> list[str]:
    notes = []
    for device in devices if node.coverage < FULLY_OBSERVED else ():
        if not device.counted:
            continue
        name = " ".join(part for part in (device.key.component, device.key.device) if part)
        if device.energy.gross_joules is None:
            notes.append(f"{name} was not observed at all; its energy is missing from the sum")
        elif device.energy.coverage < FULLY_OBSERVED:
            seconds = (1 - device.energy.coverage) * duration
            notes.append(f"{name} was not observed for {seconds:.1f} s of {duration:.1f} s")
    if any(device.energy.below_resolution for device in devices if device.counted):
        notes.append("shorter than two refreshes of a counter: read the uncertainty before the value")
    return notes
