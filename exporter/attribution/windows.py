"""Which of the stretches between two looks at the evidence a stretch of an energy curve lies in, and for how long."""

from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar

# Energy newer than the last look goes by that look, but not for longer than this.
MAX_BEYOND_SECONDS = 5.0


class Stretch(Protocol):
    """What was seen between two looks."""

    @property
    def begin(self) -> float:
        """Monotonic seconds."""
        ...

    @property
    def end(self) -> float:
        """Monotonic seconds, after `begin`."""
        ...


S = TypeVar("S", bound=Stretch)


def overlaps(stretches: Sequence[S], begin: float, end: float) -> Iterator[tuple[S, float]]:
    """Each stretch that shares time with [begin, end], with the seconds shared; `stretches` are in order of time.

    The last one stands for what comes after it too: a curve can be ahead of the evidence by up to a period.
    """
    last = True
    for stretch in reversed(stretches):
        until = stretch.end
        if last:
            until += min(MAX_BEYOND_SECONDS, stretch.end - stretch.begin)
            last = False
        shared = min(end, until) - max(begin, stretch.begin)
        if shared > 0:
            yield stretch, shared
        elif stretch.end <= begin:
            break
