"""Usage over time: the latest value of every gauge, and its integral so that an interval can ask for a mean."""

import threading
from collections import deque
from itertools import pairwise

from exporter.metering.usage_steps import UsageSteps
from exporter.usage.source import Gauge, UsageReading

# Gauges an interval reports as means; the others are only shown.
AVERAGED = frozenset(
    {
        Gauge.CPU_UTILIZATION,
        Gauge.MEMORY_UTILIZATION,
        Gauge.GPU_UTILIZATION,
        Gauge.GPU_MEMORY_USED,
        Gauge.GPU_MEMORY_TOTAL,
        Gauge.GPU_SM_CLOCK,
        Gauge.TEMPERATURE,
    }
)
Track = tuple[Gauge, str, str, str]
# Times of so many latest reads are known: intervals are accounted for soon after their end.
KNOWN_READS = 8


class UsageTracks:
    """One step function per gauge and device; a gauge that falls silent leaves a gap, not its last value."""

    def __init__(self, stale_seconds: float) -> None:
        self._stale = stale_seconds
        self._lock = threading.Lock()
        self._reads: deque[float] = deque(maxlen=KNOWN_READS)
        self._latest: dict[Track, tuple[float, UsageReading]] = {}
        # By gauge and device; below that by component and detail, in the order in which they came.
        self._steps: dict[tuple[Gauge, str], dict[tuple[str, str], UsageSteps]] = {}

    def feed(self, time: float, reading: UsageReading) -> None:
        """Take one gauge read at `time`; its value stands for the time since the read before."""
        track = (reading.gauge, reading.component, reading.device, reading.detail)
        with self._lock:
            if not self._reads or time > self._reads[-1]:
                self._reads.append(time)
            previous = self._latest.get(track)
            self._latest[track] = (time, reading)
            if reading.gauge not in AVERAGED:
                return
            sources = self._steps.setdefault((reading.gauge, reading.device), {})
            steps = sources.get((reading.component, reading.detail))
            if steps is None or previous is None:
                sources[reading.component, reading.detail] = UsageSteps(time)
            elif time > steps.front:
                fresh = time - previous[0] <= self._stale
                steps.append(time, max(0.0, reading.value) if fresh else None)

    def latest(self, now: float) -> list[UsageReading]:
        """Every gauge that was read recently."""
        with self._lock:
            return [reading for time, reading in self._latest.values() if now - time <= self._stale]

    def devices(self, gauge: Gauge) -> list[str]:
        """The devices that ever gave this gauge."""
        with self._lock:
            return sorted(device for kind, device in self._steps if kind is gauge)

    def step_around(self, begin: float, end: float) -> tuple[float, float] | None:
        """The two reads next to each other between which this lies, if it does: in there no gauge changes its value."""
        with self._lock:
            for earlier, later in pairwise(self._reads):
                if earlier <= begin and end <= later:
                    return earlier, later
        return None

    def mean(self, gauge: Gauge, begin: float, end: float, *, component: str = "", device: str = "") -> float | None:
        """Time-weighted mean over [begin, end]; None if nothing was observed in it.

        A gauge read by several sensors of one device (temperatures) gives the mean of the first of them.
        """
        with self._lock:
            for (part, _), steps in self._steps.get((gauge, device), {}).items():
                if component in ("", part):
                    return steps.mean(begin, end)
        return None
