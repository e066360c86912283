"""The meter of a series that has a power sensor and no counter."""

from exporter.metering.counter import Refusal
from exporter.metering.curve import EnergyCurve
from exporter.metering.meter import MAX_POWER_GAP_SECONDS, Anchor
from exporter.sensors.sensor import Reading, Series


class PowerMeter:
    """A power sensor without a counter: trapezoids over time, gaps left open.

    A reading averaged over the last `averaging_seconds` stands for the middle of that window. The error of one
    trapezoid is that of a step somewhere inside it: uniform, of variance (dP dt)^2 / 12. A reading that is the mean
    since the one before (`Series.is_mean`) needs no trapezoid: it is that energy.
    """

    anchor = None

    def __init__(self, series: Series, curve: EnergyCurve) -> None:
        self.series = series
        self.curve = curve
        self.latency_seconds = series.averaging_seconds / 2
        self._last: tuple[float, float] | None = None

    def resume(self, anchor: Anchor) -> None:
        """What nobody integrated is lost; the gap stays a gap."""

    def feed(self, time: float, reading: Reading, spread: float = 0.0) -> Refusal | None:
        """Add the trapezoid since the last reading; after a gap, begin anew and leave the gap unobserved."""
        watts = reading.watts
        if watts is None:
            return None
        if not 0 <= watts <= self.series.max_watts:  # also refuses NaN
            return Refusal.IMPOSSIBLE
        placed = time - self.series.averaging_seconds / 2
        if placed <= self.curve.front:
            return None
        last, self._last = self._last, (placed, watts)
        if last is None or placed - last[0] > MAX_POWER_GAP_SECONDS:
            self.curve.append(placed, 0.0, observed_seconds=0.0)
            return None
        duration = placed - self.curve.front
        if self.series.is_mean:
            self.curve.append(placed, watts * duration, power_bounds=(0.0, self.series.max_watts))
            return None
        swing = abs(watts - last[1])
        self.curve.append(
            placed,
            (watts + last[1]) / 2 * duration,
            half_width=watts * spread / 2 + swing * self.series.averaging_seconds / 4,
            variance=(swing * duration) ** 2 / 12,
            power_bounds=(min(watts, last[1]), max(watts, last[1])),
        )
        return None
