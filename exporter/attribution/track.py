"""What one container was charged along each energy curve, so that an interval can ask for its part of it."""

from array import array
from bisect import bisect_right
from collections.abc import Callable

from joulecast.component import SeriesKey

CAPACITY = 2048
Energy = Callable[[float], float | None]
"""Cumulative joules of a device at a moment; None where that is not known any more."""


class ChargedCurve:
    """Cumulative joules charged, at the moments to which the series was split; the older half thins out when full."""

    def __init__(self, begin: float) -> None:
        self.times = array("d", [begin])
        self._joules = array("d", [0.0])
        self._covered = array("d", [0.0])

    def append(self, time: float, joules: float, covered: float) -> None:
        """One more step, of which `covered` seconds were seen."""
        self.times.append(time)
        self._joules.append(self._joules[-1] + joules)
        self._covered.append(self._covered[-1] + covered)
        if len(self.times) >= CAPACITY:
            half = CAPACITY // 2
            for column in (self.times, self._joules, self._covered):
                column[:half] = column[0:half:2]

    def between(self, begin: float, end: float, energy: Energy) -> tuple[float, float]:
        """Joules and seconds covered in [begin, end]: within a step, its share of what the device used there."""
        first, first_covered = self._at(begin, energy)
        last, last_covered = self._at(end, energy)
        return max(0.0, last - first), max(0.0, last_covered - first_covered)

    def _at(self, time: float, energy: Energy) -> tuple[float, float]:
        index = bisect_right(self.times, time)
        if index == 0:
            return self._joules[0], self._covered[0]
        if index == len(self.times):
            return self._joules[-1], self._covered[-1]
        begin, end = self.times[index - 1], self.times[index]
        joules, covered = self._joules[index - 1], self._covered[index - 1]
        part = (time - begin) / (end - begin)
        by_energy = _part_of_energy(energy(begin), energy(time), energy(end))
        return (
            joules + (self._joules[index] - joules) * (part if by_energy is None else by_energy),
            covered + (self._covered[index] - covered) * part,
        )


class Track:
    """The charged curves of one consumer, from the moment it is watched."""

    def __init__(self) -> None:
        self.curves: dict[SeriesKey, ChargedCurve] = {}

    def step(self, key: SeriesKey, begin: float, end: float, joules: float, covered: float) -> None:
        """Add what it was charged for a step of a series."""
        curve = self.curves.get(key)
        if curve is None:
            curve = self.curves[key] = ChargedCurve(begin)
        if end > curve.times[-1]:
            curve.append(end, joules, covered)


def _part_of_energy(begin: float | None, now: float | None, end: float | None) -> float | None:
    if begin is None or now is None or end is None or end <= begin:
        return None
    return (now - begin) / (end - begin)
