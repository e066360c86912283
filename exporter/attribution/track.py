"""What one container was charged along each energy curve, so that an interval can ask for its part of it."""

from array import array
from bisect import bisect_right
from collections.abc import Callable
from typing import NamedTuple

from joulecast.component import SeriesKey

CAPACITY = 1024
Energy = Callable[[float], float | None]
"""Cumulative joules of a device at a moment; None where that is not known any more."""


class ChargedEdge(NamedTuple):
    """A charged curve read at one moment. Only two of one curve mean anything, by their difference."""

    joules: float
    covered: float  # seconds in which it was known who used what
    half_width: float = 0.0  # joules: inside a step the consumer may have used its charge sooner or later


class ChargedCurve:
    """Cumulative joules charged, at the moments to which the series was split; the older half thins out when full."""

    def __init__(self, begin: float) -> None:
        self.times = array("d", [begin])
        self.fine_since = begin  # older steps are merged by twos and more
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
            self.fine_since = self.times[half // 2]

    def at(self, time: float, energy: Energy) -> ChargedEdge:
        """What was charged up to `time`, as far as that is known; inside a step it follows what the device used."""
        index = bisect_right(self.times, time)
        if index == 0:
            return ChargedEdge(self._joules[0], self._covered[0])
        if index == len(self.times):
            return ChargedEdge(self._joules[-1], self._covered[-1])
        begin, end = self.times[index - 1], self.times[index]
        joules, covered = self._joules[index - 1], self._covered[index - 1]
        part = (time - begin) / (end - begin)
        charged = self._joules[index] - joules
        until_begin, until_now, until_end = energy(begin), energy(time), energy(end)
        by_energy = _part_of_energy(until_begin, until_now, until_end)
        so_far = charged * (part if by_energy is None else by_energy)
        # Of what the device used up to here, the consumer cannot have used more, nor less than the rest leaves over.
        least, most = 0.0, charged
        if until_begin is not None and until_now is not None and until_end is not None:
            least = max(least, charged - (until_end - until_now))
            most = min(most, until_now - until_begin)
        return ChargedEdge(
            joules + so_far,
            covered + (self._covered[index] - covered) * part,
            max(0.0, so_far - least, most - so_far),
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
