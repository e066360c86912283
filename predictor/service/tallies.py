"""Counters that a call may raise without a lock: each thread has its own, and a scrape adds them up."""

import threading
from collections import defaultdict
from collections.abc import Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Tallies(threading.local, Generic[Key]):
    """Sums by key. To a thread it is its own dictionary; `total` sees those of all threads, also of ended ones."""

    def __init__(self, everyone: list[defaultdict[Key, float]]) -> None:
        """Called by `threading.local` once for each thread that uses the object."""
        self.mine: defaultdict[Key, float] = defaultdict(float)
        self._everyone = everyone
        everyone.append(self.mine)

    def total(self) -> defaultdict[Key, float]:
        """The sums of all threads."""
        total: defaultdict[Key, float] = defaultdict(float)
        for each in list(self._everyone):
            for key, value in list(each.items()):  # a copy in one step: the thread may be adding a key
                total[key] += value
        return total
