"""Counters that a call may raise without a lock: each thread has its own, and a scrape adds them up."""

import threading
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)


def _zeros() -> defaultdict[Key, float]:
    return defaultdict(float)


@dataclass(frozen=True, slots=True)
class Counts:
    """What was answered: calls by method, code and bucket of time; their seconds by method; points by model, domain."""

    calls: defaultdict[tuple[str, str, int], float] = field(default_factory=_zeros)
    seconds: defaultdict[str, float] = field(default_factory=_zeros)
    points: defaultdict[tuple[str, bool], float] = field(default_factory=_zeros)


class Tallies(threading.local):
    """To a thread `mine` is its own counts; `total` sees those of all threads, also of ended ones."""

    def __init__(self, everyone: list[Counts]) -> None:
        """Called by `threading.local` once for each thread that uses the object."""
        self.mine = Counts()
        self._everyone = everyone
        everyone.append(self.mine)

    def total(self) -> Counts:
        """The sums of all threads."""
        everyone = list(self._everyone)
        return Counts(
            _added(each.calls for each in everyone),
            _added(each.seconds for each in everyone),
            _added(each.points for each in everyone),
        )


def _added(parts: Iterable[defaultdict[Key, float]]) -> defaultdict[Key, float]:
    total: defaultdict[Key, float] = _zeros()
    for part in parts:
        for key, value in list(part.items()):  # a copy in one step: the thread may be adding a key
            total[key] += value
    return total
