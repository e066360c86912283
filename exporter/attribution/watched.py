"""The containers that open intervals ask about, each with what it was charged step by step."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

from exporter.attribution.quanta import joules_from_quanta
from exporter.attribution.track import ChargedEdge, Track
from exporter.usage.evidence import CgroupIdentity
from joulecast.component import SeriesKey

# A curve that trails the others by more has ended: the slowest is final three seconds late.
LOST_SECONDS = 10.0

Energy = Callable[[SeriesKey, float], float | None]
"""Cumulative joules of one curve at one moment; None if the curve does not reach back so far."""


class ChargedStep(NamedTuple):
    """A stretch of one curve whose energy was shared out."""

    key: SeriesKey
    begin: float
    end: float
    covered: float  # seconds of it in which it was known who used what
    gpu_method: str = ""


@dataclass(slots=True)
class _Watch:
    track: Track
    asked: int = 1
    gpu_methods: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class ChargedEdges:
    """What a watched container was charged up to one moment, by curve."""

    by_series: Mapping[SeriesKey, ChargedEdge]
    first_seen: float  # the moment since which it is watched
    gpu_methods: frozenset[str] = frozenset()


class Watched:
    """Tracks by identity; may be asked from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watches: dict[CgroupIdentity, _Watch] = {}

    def watch(self, identity: CgroupIdentity) -> None:
        """Keep what this container is charged from now on, until it is unwatched as often as it was watched."""
        with self._lock:
            watch = self._watches.get(identity)
            if watch is None:
                self._watches[identity] = _Watch(Track())
            else:
                watch.asked += 1

    def unwatch(self, identity: CgroupIdentity) -> None:
        """One interval less asks; harmless for who is not watched."""
        with self._lock:
            watch = self._watches.get(identity)
            if watch is not None:
                watch.asked -= 1
                if watch.asked <= 0:
                    del self._watches[identity]

    def identities(self) -> tuple[CgroupIdentity, ...]:
        """Everyone watched now."""
        with self._lock:
            return tuple(self._watches)

    def __bool__(self) -> bool:
        return bool(self._watches)

    def step(self, step: ChargedStep, quanta_of: Callable[[CgroupIdentity], int]) -> None:
        """Keep of a step what everyone who is watched was charged for it."""
        key, begin, end, covered, gpu_method = step
        with self._lock:
            for identity, watch in self._watches.items():
                quanta = quanta_of(identity)
                watch.track.step(key, begin, end, joules_from_quanta(quanta), covered)
                if quanta and gpu_method:
                    watch.gpu_methods.add(gpu_method)

    def settled_until(self, identity: CgroupIdentity) -> float | None:
        """The moment up to which every curve is shared out; None if it is not watched, or no step was made yet.

        It trails the curves by up to a period: what is asked for beyond it is not all there. A curve that has ended, as
        of a GPU that was lost, is waited for no longer.
        """
        with self._lock:
            watch = self._watches.get(identity)
            if watch is None:
                return None
            fronts = [curve.times[-1] for curve in watch.track.curves.values()]
            lost = max(fronts, default=0.0) - LOST_SECONDS
            return min((front for front in fronts if front > lost), default=None)

    def edges(self, identity: CgroupIdentity, time: float, energy: Energy) -> ChargedEdges | None:
        """Its curves at one moment, as far as they go; None if it is not watched, or no step was made yet.

        Where steps were merged to save memory a curve is read at their end: two containers' merged steps need not be
        the same, and inside them both could be charged for one joule.
        """
        with self._lock:
            watch = self._watches.get(identity)
            if watch is None or not watch.track.curves:
                return None
            curves = watch.track.curves
            by_series = {
                key: curve.at(max(time, curve.fine_since), partial(energy, key)) for key, curve in curves.items()
            }
            first_seen = min(curve.times[0] for curve in curves.values())
            return ChargedEdges(by_series, first_seen, frozenset(watch.gpu_methods))
