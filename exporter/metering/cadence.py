"""When to read the sensors next: seldom while nobody asks, often while intervals are open, at once at an edge."""

import threading
from dataclasses import dataclass

GOLDEN_RATIO = 1.618033988749895


@dataclass(frozen=True, slots=True)
class Pace:
    """How one sensor wants to be read; all in seconds."""

    period: float  # while nothing is tagged
    attentive: float  # while intervals are open
    burst: float  # between reads just after an edge
    burst_length: float  # for how long after it
    dither: float = 0.0  # share by which attentive steps differ, so that no periodic load can hide between them

    @classmethod
    def counter(cls, period: float) -> "Pace":
        """A counter is exact whenever it is read: at the edge, and just after it.

        In between it is read ten times a second, for the edges of intervals that are told of afterwards.
        """
        return cls(period, min(period, 0.1), 0.01, 0.015)

    @classmethod
    def fused(cls, period: float, look_ahead: float) -> "Pace":
        """Counter and power: fine power samples after an edge, for as long as the meter looks ahead.

        The attentive step is no multiple of a 100 ms counter tick, so that successive polls see it at other ages.
        """
        return cls(period, min(period, 0.09), 0.01, look_ahead + 0.1, dither=0.6)

    @classmethod
    def power(cls, period: float) -> "Pace":
        """A power sensor: what happens between two reads is lost, so read finely while it matters."""
        return cls(period, min(period, 0.1), 0.02, 0.1)

    @classmethod
    def slow(cls, period: float) -> "Pace":
        """A model of slowly varying inputs: edges tell it nothing."""
        return cls(period, period, period, 0.0)


class Attention:
    """What the workloads are doing, as far as the sampler must know: how many intervals are open, the latest edge."""

    # Edges closer together than this share one read: a thousand intervals a second must not mean a thousand reads.
    MIN_EDGE_SECONDS = 0.01

    def __init__(self) -> None:
        self._lock = threading.Lock()  # taken by itself where edges are told: a condition's own way to it is longer
        self._changed = threading.Condition(self._lock)
        self._open = 0
        self._edge = float("-inf")
        self._woken = float("-inf")

    def edge(self, time: float, *, opened: int = 0) -> None:
        """An interval edge happened at `time`; `opened` is +1 for a begin, -1 for an end."""
        with self._lock:
            self._open = max(0, self._open + opened)
            self._edge = max(self._edge, time)
            # After an edge every sensor that follows edges reads again this soon anyway. Waking its thread for each
            # of a thousand edges would only take the interpreter from the threads that answer the workloads.
            if time - self._woken >= self.MIN_EDGE_SECONDS:
                self._woken = time
                self._changed.notify_all()

    def next_read(self, pace: Pace, last_read: float) -> float:
        """Monotonic time at which a sensor of this pace, last read at `last_read`, is due again."""
        with self._changed:
            return self._due(pace, last_read)

    def wait(self, pace: Pace, last_read: float, now: float) -> float:
        """Sleep until the sensor is due or an edge moves that; returns the seconds still to go, 0 when due."""
        with self._changed:
            delay = self._due(pace, last_read) - now
            if delay > 0:
                self._changed.wait(delay)
                return delay
            return 0.0

    def wake(self) -> None:
        """Wake every waiting sensor, to let it notice that it should stop."""
        with self._changed:
            self._changed.notify_all()

    def _due(self, pace: Pace, last_read: float) -> float:
        if pace.burst_length > 0:
            if last_read < self._edge:
                return max(self._edge, last_read + self.MIN_EDGE_SECONDS)
            if last_read < self._edge + pace.burst_length:
                return last_read + pace.burst
        if not self._open:
            return last_read + pace.period
        # As good as random, and the same in every replay.
        chance = last_read * 1e4 * GOLDEN_RATIO % 1.0 - 0.5
        return last_read + min(pace.period, pace.attentive * (1 + pace.dither * chance))
