"""Meters: each turns the readings of one series into its energy curve. Which one is decided by the series' type."""

import math
from typing import NamedTuple, Protocol

from exporter.metering.counter import CounterUnwrapper, Refusal
from exporter.metering.curve import EnergyCurve
from exporter.sensors.sensor import Quantity, Reading, Series

# A power sensor that was silent for longer was not observed: longer than any period it is read at.
MAX_POWER_GAP_SECONDS = 5.0
# Inside a counter's step longer than this power may have been anything: what it was before and after proves nothing.
SHAPELESS_SECONDS = 5.0


class Anchor(NamedTuple):
    """The last accepted reading of a counter."""

    time: float  # monotonic
    raw_joules: float  # as the hardware showed it
    curve_joules: float  # unwrapped, on the scale of the curve


class Meter(Protocol):
    """Feeds one curve."""

    series: Series
    curve: EnergyCurve
    # Seconds after a moment by which the curve is final up to it, while readings keep coming.
    latency_seconds: float

    def feed(self, time: float, reading: Reading, spread: float = 0.0) -> Refusal | None:
        """Take one reading made at `time` +- `spread` / 2 (monotonic seconds); a refusal leaves the curve alone."""
        ...

    @property
    def anchor(self) -> Anchor | None:
        """From where a later run can continue the counter; None for power sensors, and before the first reading."""
        ...

    def resume(self, anchor: Anchor) -> None:
        """Continue the counter of an earlier run on the same boot; power sensors have nothing to continue."""
        ...


def make_meter(series: Series, start: float, *, joules: float = 0.0, observed: float = 0.0) -> Meter:
    """The meter for a series, its curve beginning at `start` with what an earlier run had counted."""
    from exporter.metering.fusion import FusedMeter  # fusion builds on this module

    # A counter's point is placed half a refresh back, so it may be off by the other half.
    blur = series.update_seconds / 2 if series.quantity is Quantity.COUNTER else 0.0
    curve = EnergyCurve(start, joules=joules, observed=observed, blur_seconds=blur)
    match series.quantity:
        case Quantity.COUNTER:
            return CounterMeter(series, curve)
        case Quantity.POWER:
            return PowerMeter(series, curve)
        case Quantity.COUNTER_AND_POWER:
            return FusedMeter(series, curve)


class CounterMeter:
    """A hardware energy counter: differences, wrap-safe and physically bounded.

    The counter shows the energy up to its last refresh, at most `update_seconds` ago; the point is placed half of that
    earlier, and the other half is its uncertainty.
    """

    def __init__(self, series: Series, curve: EnergyCurve) -> None:
        self.series = series
        self.curve = curve
        self.latency_seconds = series.update_seconds / 2
        self.unwrapper = CounterUnwrapper(
            range_joules=series.range_joules,
            max_watts=series.max_watts,
            resolution_joules=series.resolution_joules,
            update_seconds=series.update_seconds,
        )

    @property
    def anchor(self) -> Anchor | None:
        """The last accepted reading; the curve ends there."""
        last = self.unwrapper.anchor
        return None if last is None else Anchor(*last, self.curve.joules)

    def resume(self, anchor: Anchor) -> None:
        """Continue from there."""
        self.unwrapper.resume(anchor.time, anchor.raw_joules)

    def feed(self, time: float, reading: Reading, spread: float = 0.0) -> Refusal | None:
        """Add what the counter gained since the last accepted reading."""
        if reading.joules is None:
            return None
        if not math.isfinite(reading.joules):
            return Refusal.IMPOSSIBLE
        outcome = self.unwrapper.take(time, reading.joules)
        if isinstance(outcome, Refusal):
            return outcome
        placed = time - self.series.update_seconds / 2
        duration = placed - self.curve.front
        if duration <= 0:  # placed before the curve begins: it will be in the next step
            return None
        if outcome is None:
            self.curve.append(placed, 0.0, observed_seconds=0.0)
            return None
        watts = outcome.joules / duration
        self.curve.append(
            placed,
            outcome.joules,
            observed_seconds=None if outcome.certain else outcome.observed_seconds,
            half_width=watts * spread / 2 + self.series.resolution_joules / 2,
            variance=0.0 if outcome.certain else (outcome.joules / 2) ** 2,
            power_bounds=None if outcome.certain and duration <= SHAPELESS_SECONDS else (0.0, self.series.max_watts),
        )
        return None


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
