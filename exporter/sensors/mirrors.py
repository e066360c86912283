"""Zones that show one and the same counter: first AMD EPYC and Threadripper kernels have a package per die, all alike.

Summed up they would count a socket once per die. Counters that are equal when found are only suspected; a pair is a
mirror once it was equal, moving and not zero in several readings, and no longer once it differs in as many.
"""

from collections.abc import Iterable
from dataclasses import dataclass

# Two reads of one counter may straddle its update, about once in a hundred: so neither verdict hangs on one reading.
_READINGS = 3


@dataclass(slots=True)
class _Pair:
    first: str
    equal_at: int  # the latest value that was equal
    equal: int = 0  # readings that were equal at a new value, since they last differed enough
    unequal: int = 0
    confirmed: bool = False


class MirrorWatch:
    """Decides which zones repeat another one; fed with every reading, in one order in every round."""

    def __init__(self) -> None:
        self._pairs: dict[str, _Pair] = {}  # by the later zone
        self._values: dict[str, int] = {}

    def suspect(self, first: str, second: str, value: int) -> None:
        """Take note that both zones showed `value` when they were found."""
        if value:
            self._pairs.setdefault(second, _Pair(first, value))

    def is_watching(self) -> bool:
        """Whether `observe` has anything to do: almost never."""
        return bool(self._pairs)

    def observe(self, zone: str, value: int) -> str | None:
        """The zone that `zone` repeats, if it does, given its new value."""
        self._values[zone] = value
        pair = self._pairs.get(zone)
        if pair is None:
            return None
        if value == self._values.get(pair.first):
            if value and value != pair.equal_at:
                pair.equal_at = value
                pair.equal += 1
                pair.unequal = 0
        else:
            pair.unequal += 1
        if pair.unequal >= _READINGS:
            del self._pairs[zone]
            return None
        pair.confirmed = pair.confirmed or pair.equal >= _READINGS
        return pair.first if pair.confirmed else None

    def confirmed(self) -> Iterable[tuple[str, str]]:
        """Every mirror with the zone it repeats."""
        return [(zone, pair.first) for zone, pair in self._pairs.items() if pair.confirmed]
