"""The meter of a series that has an energy counter and nothing else."""

import math

from exporter.metering.counter import CounterUnwrapper, Refusal
from exporter.metering.curve import EnergyCurve
from exporter.metering.meter import SHAPELESS_SECONDS, Anchor
from exporter.sensors.sensor import Reading, Series


class CounterMeter:
    """A hardware energy counter: differences, wrap-safe and physically bounded.

    The counter shows the energy up to its last refresh, at most `update_seconds` ago; the point is placed half of that
    earlier, and the other half is its uncertainty.
    """

    def __init__(self, series: Series, curve: EnergyCurve) -> None:
        self.series = series
        self.curve = curve
        self.latency_seconds = series.update_seconds / 2
        self._resumed = False
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
        """Continue from there; the time between is one segment of unknown shape."""
        self.unwrapper.resume(anchor.time, anchor.raw_joules)
        self._resumed = True

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
        # The mean itself is known only to within a refresh at either end, and with it how much the refresh hides.
        refresh = self.series.update_seconds
        hidden = watts * refresh * (refresh / (duration - refresh) if duration > 2 * refresh else 1.0)
        is_shaped = outcome.certain and duration <= SHAPELESS_SECONDS and not self._resumed
        self._resumed = False
        self.curve.append(
            placed,
            outcome.joules,
            observed_seconds=None if outcome.certain else outcome.observed_seconds,
            half_width=watts * spread / 2 + self.series.resolution_joules / 2 + hidden,
            variance=0.0 if outcome.certain else (outcome.joules / 2) ** 2,
            power_bounds=None if is_shaped else (0.0, self.series.max_watts),
        )
        return None
