"""Usage over time: the latest value of every gauge, and its integral so that an interval can ask for a mean."""

import threading

from exporter.metering.curve import BeforeHistory, EnergyCurve
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
_CAPACITY = 512

Track = tuple[Gauge, str, str, str]


class UsageTracks:
    """One step function per gauge and device; a gauge that falls silent leaves a gap, not its last value."""

    def __init__(self, stale_seconds: float) -> None:
        self._stale = stale_seconds
        self._lock = threading.Lock()
        self._latest: dict[Track, tuple[float, UsageReading]] = {}
        self._curves: dict[Track, EnergyCurve] = {}

    def feed(self, time: float, reading: UsageReading) -> None:
        """Take one gauge read at `time`; its value stands for the time since the read before."""
        track = (reading.gauge, reading.component, reading.device, reading.detail)
        with self._lock:
            previous = self._latest.get(track)
            self._latest[track] = (time, reading)
            if reading.gauge not in AVERAGED:
                return
            curve = self._curves.get(track)
            if curve is None or previous is None:
                self._curves[track] = EnergyCurve(time, capacity=_CAPACITY)
            elif time > curve.front:
                fresh = time - previous[0] <= self._stale
                area = max(0.0, reading.value) * (time - curve.front) if fresh else 0.0
                curve.append(time, area, observed_seconds=None if fresh else 0.0)

    def latest(self, now: float) -> list[UsageReading]:
        """Every gauge that was read recently."""
        with self._lock:
            return [reading for time, reading in self._latest.values() if now - time <= self._stale]

    def devices(self, gauge: Gauge) -> list[str]:
        """The devices that ever gave this gauge."""
        with self._lock:
            return sorted({track[2] for track in self._curves if track[0] is gauge})

    def mean(self, gauge: Gauge, begin: float, end: float, *, component: str = "", device: str = "") -> float | None:
        """Time-weighted mean over [begin, end]; None if nothing was observed in it.

        A gauge read by several sensors of one device (temperatures) gives the mean of the first of them.
        """
        with self._lock:
            curve = next(
                (
                    curve
                    for (kind, part, name, _), curve in self._curves.items()
                    if kind is gauge and device == name and component in ("", part)
                ),
                None,
            )
        if curve is None:
            return None
        try:
            first, last = curve.at(max(begin, curve.start)), curve.at(min(end, curve.front))
        except BeforeHistory:
            return None
        seconds = last.observed - first.observed
        return (last.joules - first.joules) / seconds if seconds > 0 else None
