"""A slow energy counter and fast power samples, fused: the counter is right, the power says when.

A GPU's counter shows the energy up to its last tick, at most T = `update_seconds` (about 100 ms) ago. Let I(t) be the
integrated power samples, scaled to the counter's gain. A poll of the counter at t_i that shows C_i says

    C_i <= E(t_i) <= C_i + I(t_i) - I(t_i - T)

and so bounds E at any moment t nearby, through I(t) - I(t_i), whose error the roughness of the samples bounds. Polls
whose distance is no multiple of T see the tick at different ages, and the intersection of what they say closes in on
the truth: its middle is the estimate, half its length the uncertainty.
"""

import math
from bisect import bisect_left
from typing import NamedTuple

from exporter.metering.counter import CounterUnwrapper, Refusal
from exporter.metering.curve import EnergyCurve
from exporter.metering.gain import GainEstimate
from exporter.metering.meter import SHAPELESS_SECONDS, Anchor
from exporter.sensors.sensor import Reading, Series

# Polls this long after a moment help to place it, and the curve is final only behind them. Five polls 0.12 s apart.
LOOK_AHEAD_SECONDS = 0.5
LOOK_BACK_SECONDS = 1.5
MAX_SAMPLES = 512
# Between samples further apart than this power is taken to have swung as far as it did over the last few.
SHORT_STEP_SECONDS = 0.03
RECENT_SAMPLES = 6
_SIGMAS = 2.0


class Sample(NamedTuple):
    """One power sample, with the integral and its error variance up to it."""

    time: float
    watts: float
    integral: float  # joules, unscaled
    roughness: float  # joules squared: sum of (dP dt)^2 / 12, a step somewhere inside each gap


class Poll(NamedTuple):
    """One reading of the counter: `joules` on this curve's scale, beside the integral of power at that time."""

    time: float
    joules: float
    integral: float
    tick_joules: float  # what may have been added since the last tick, at most
    roughness: float


class FusedMeter:
    """Meter of a series that gives both a counter and instantaneous power."""

    def __init__(self, series: Series, curve: EnergyCurve) -> None:
        self.series = series
        self.curve = curve
        self.gain = GainEstimate()
        self.unwrapper = CounterUnwrapper(
            range_joules=series.range_joules,
            max_watts=series.max_watts,
            resolution_joules=series.resolution_joules,
            update_seconds=series.update_seconds,
        )
        self._lag = (series.averaging_seconds + series.power_update_seconds) / 2
        self.latency_seconds = LOOK_AHEAD_SECONDS + self._lag
        self._counted = curve.joules  # the counter on the curve's scale
        self._resumed = False
        self._unseen_seconds = 0.0  # lost to a counter reset, for the next segments to tell
        self._doubt = 0.0  # joules squared: what was bridged across it
        self._times: list[float] = []  # of _samples, for bisection
        self._samples: list[Sample] = []
        self._final = 0  # samples before this index are on the curve
        self._waiting: list[tuple[float, float]] = []  # polls newer than the last sample
        self._polls: list[Poll] = []

    @property
    def anchor(self) -> Anchor | None:
        """The last accepted reading of the counter, which is ahead of the curve."""
        last = self.unwrapper.anchor
        return None if last is None else Anchor(*last, self._counted)

    def resume(self, anchor: Anchor) -> None:
        """Continue the counter from an earlier run; the time between is one segment of unknown shape."""
        self.unwrapper.resume(anchor.time, anchor.raw_joules)
        self._counted = anchor.curve_joules
        self._resumed = True

    def feed(self, time: float, reading: Reading, spread: float = 0.0) -> Refusal | None:
        """Take a power sample, and the counter with it if it was read this time."""
        refusal: Refusal | None = None
        if reading.watts is not None:
            if 0 <= reading.watts <= self.series.max_watts:
                self._add_sample(time - self._lag, reading.watts)
            else:
                refusal = Refusal.IMPOSSIBLE
        if reading.joules is not None:
            refusal = self._count(time, reading.joules) or refusal
        self._resolve_polls()
        self._finalise(spread)
        return refusal

    def _count(self, time: float, raw: float) -> Refusal | None:
        """Take a reading of the counter as a poll that waits for the power samples around it."""
        if not math.isfinite(raw):
            return Refusal.IMPOSSIBLE
        before = self.unwrapper.anchor
        outcome = self.unwrapper.take(time, raw)
        if isinstance(outcome, Refusal):
            return outcome
        if outcome is not None and before is not None:
            self._counted += outcome.joules
            if not outcome.certain:
                self._unseen_seconds += time - before[0] - outcome.observed_seconds
                self._doubt += (outcome.joules / 2) ** 2
        self._waiting.append((time, self._counted))
        del self._waiting[:-MAX_SAMPLES]  # while power is silent they come to nothing
        return None

    def _add_sample(self, time: float, watts: float) -> None:
        if not self._samples:
            if time > self.curve.front:
                self._samples.append(Sample(time, watts, 0.0, 0.0))
                self._times.append(time)
            return
        last = self._samples[-1]
        duration = time - last.time
        if duration <= 0:
            return
        swing = watts - last.watts
        if abs(swing) * duration > last.watts * self.series.update_seconds:
            self.gain.restart()
        if duration > SHORT_STEP_SECONDS:  # long enough for a swing and back, which two equal samples do not show
            seen = [sample.watts for sample in self._samples[-RECENT_SAMPLES:]]
            swing = max(watts, *seen) - min(watts, *seen)
        error = swing * (duration + self.series.power_update_seconds)
        self._samples.append(
            Sample(
                time, watts, last.integral + (watts + last.watts) / 2 * duration, last.roughness + error * error / 12
            )
        )
        self._times.append(time)

    def _resolve_polls(self) -> None:
        """Place the polls that power samples now bracket."""
        while self._waiting and self._times and self._waiting[0][0] <= self._times[-1]:
            time, joules = self._waiting.pop(0)
            if time < self._times[0]:
                continue
            integral, roughness = self._integral(time)
            poll = Poll(time, joules, integral, self._tick_joules(time, integral, roughness), roughness)
            self.gain.take(poll.joules, poll.integral, poll.tick_joules, poll.roughness)
            self._polls.append(poll)
        oldest = self._times[self._final] - LOOK_BACK_SECONDS if self._final < len(self._times) else math.inf
        while len(self._polls) > 1 and self._polls[0].time < oldest:
            self._polls.pop(0)

    def _integral(self, time: float) -> tuple[float, float]:
        """Integrated power and its error variance at a time between the first and the last sample."""
        index = bisect_left(self._times, time)
        after = self._samples[index]
        if index == 0 or after.time == time:
            return after.integral, after.roughness
        before = self._samples[index - 1]
        x = time - before.time
        duration = after.time - before.time
        watts = before.watts + (after.watts - before.watts) * x / duration
        return (
            before.integral + (before.watts + watts) / 2 * x,
            before.roughness + (after.roughness - before.roughness) * x / duration,
        )

    def _tick_joules(self, poll: float, integral: float, roughness: float) -> float:
        """The most that can have been added in the tick before a poll: the integrated power and its error."""
        begin = poll - self.series.update_seconds
        if begin < self._times[0]:
            return self._samples[0].watts * (self._times[0] - begin) + integral
        since, rough = self._integral(begin)
        return integral - since + _SIGMAS * math.sqrt(max(0.0, roughness - rough))

    def _finalise(self, spread: float) -> None:
        """Put every sample on the curve that has enough polls after it."""
        if not self._times:
            return
        ready = self._times[-1] - LOOK_AHEAD_SECONDS
        while self._final < len(self._times) and self._times[self._final] <= ready:
            self._place(self._final, spread)
            self._final += 1
        if len(self._samples) > MAX_SAMPLES and self._final > MAX_SAMPLES // 2:
            drop = self._final - MAX_SAMPLES // 4
            del self._samples[:drop], self._times[:drop]
            self._final -= drop

    def _place(self, index: int, spread: float) -> None:
        sample = self._samples[index]
        previous = self._samples[index - 1] if index > 0 else None
        if sample.time <= self.curve.front:
            return
        bounds = self._offset_bounds(sample)
        if previous is None and not (self._resumed and bounds):
            self.curve.append(sample.time, 0.0, observed_seconds=0.0)
            return
        gain = self.gain.value
        before = self.curve.joules
        half_width, variance = sample.watts * spread / 2, 0.0
        if bounds:
            low, high = bounds
            joules = (low + high) / 2 - before
            # A middle below the curve leaves the curve where it is, that much above the best guess.
            half_width += abs(high - low) / 2 + max(0.0, -joules)
        elif previous is not None:  # no counter nearby: power alone carries on
            joules = gain * (sample.integral - previous.integral)
            variance = gain * gain * (sample.roughness - previous.roughness)
        duration = sample.time - self.curve.front
        unseen, self._unseen_seconds = min(duration, self._unseen_seconds), max(0.0, self._unseen_seconds - duration)
        variance, self._doubt = variance + self._doubt, 0.0
        if previous is None or duration > SHAPELESS_SECONDS:
            watts = (0.0, self.series.max_watts)
        else:
            watts = (gain * min(previous.watts, sample.watts), gain * max(previous.watts, sample.watts))
        self.curve.append(
            sample.time,
            max(0.0, joules),
            observed_seconds=duration - unseen,
            half_width=half_width,
            variance=variance,
            power_bounds=watts,
        )

    def _offset_bounds(self, sample: Sample) -> tuple[float, float] | None:
        """What the polls around a sample say of the energy at it; None without any.

        Bounds that contradict each other (a gain not learnt yet) come back crossed: the middle is still the best guess,
        and their distance still says how bad it is.
        """
        # For each sample of each GPU, a hundred times a second around an edge: hence no look-ups inside.
        gain, error, sqrt = self.gain.value, self.gain.error, math.sqrt
        sample_time, _, sample_integral, sample_roughness = sample
        last, sigmas = sample_time + LOOK_AHEAD_SECONDS, _SIGMAS * gain
        low, high = -math.inf, math.inf
        for time, joules, integral, tick_joules, roughness in self._polls:
            if time > last:
                break
            between = gain * (sample_integral - integral)
            slack = sigmas * sqrt(abs(sample_roughness - roughness)) + error * abs(between)
            at_least, at_most = joules + between - slack, joules + between + gain * tick_joules + slack
            low = at_least if at_least > low else low  # noqa: FURB136 - a call each less
            high = at_most if at_most < high else high  # noqa: FURB136
        return None if math.isinf(low) else (low, high)
