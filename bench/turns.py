"""Two things timed in turns, so that whatever else the machine does slows both alike."""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Comparison:
    """Seconds of every call of two kinds, pair by pair."""

    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median, over all pairs, of ours by theirs."""
        return statistics.median(a / b for a, b in zip(self.ours, self.theirs, strict=True))


def in_turns(
    ours: Callable[[], object], theirs: Callable[[], object], *, rounds: int, pairs: int, warm_up: int = 0
) -> Comparison:
    """Call both alternately, after `warm_up` calls of each that do not count; every other round begins with theirs."""
    for _ in range(warm_up):
        ours()
        theirs()
    our_seconds, their_seconds = [], []
    for number in range(rounds):
        for _ in range(pairs):
            if number % 2:
                their_seconds.append(seconds(theirs))
                our_seconds.append(seconds(ours))
            else:
                our_seconds.append(seconds(ours))
                their_seconds.append(seconds(theirs))
    return Comparison(our_seconds, their_seconds)


def seconds(call: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def p99(durations: Sequence[float]) -> float:
    """All but one in a hundred are shorter."""
    return sorted(durations)[int(0.99 * len(durations))]
