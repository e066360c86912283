"""Simulated hardware with a known truth: a load, a RAPL counter of 1 ms, a GPU whose counter ticks every 100 ms."""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from exporter.sensors.sensor import Missed, Quantity, Reading, Series
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance


class Load:
    """Piecewise constant power over time, with its exact integral."""

    def __init__(self, idle_watts: float) -> None:
        self._times = [-math.inf]
        self._watts = [idle_watts]
        self._joules = [0.0]
        self.idle_watts = idle_watts

    def set(self, time: float, watts: float) -> None:
        """From `time` on, draw `watts`; times must not go back."""
        last = self._times[-1]
        self._joules.append(0.0 if math.isinf(last) else self._joules[-1] + self._watts[-1] * (time - last))
        self._times.append(time)
        self._watts.append(watts)

    def watts(self, time: float) -> float:
        """Power at `time`."""
        return self._watts[bisect_right(self._times, time) - 1]

    def joules(self, time: float) -> float:
        """Energy since the first step."""
        index = bisect_right(self._times, time) - 1
        if index == 0:
            return self.idle_watts * (time - self._times[1]) if len(self._times) > 1 else self.idle_watts * time
        return self._joules[index] + self._watts[index] * (time - self._times[index])

    def between(self, begin: float, end: float) -> float:
        """The truth an interval is judged against."""
        return self.joules(end) - self.joules(begin)


def square_wave(load: Load, begin: float, end: float, *, high: float, low: float, half_period: float) -> None:
    """Alternate `high` and `low` from `begin` to `end`, and idle after it."""
    time, is_high = begin, True
    while time < end:
        load.set(time, high if is_high else low)
        time += half_period
        is_high = not is_high
    load.set(end, load.idle_watts)


class _SimulatedSensor:
    name = "simulated"

    def __init__(self, series: Series) -> None:
        self.series = series

    def discover(self) -> Sequence[Series]:
        return [self.series]

    def caveats(self) -> Sequence[JoulecastError]:
        return []

    def close(self) -> None:
        return


class SimulatedRapl(_SimulatedSensor):
    """A package counter refreshed each millisecond, in steps of 61 uJ, wrapping at its range."""

    name = "rapl"

    def __init__(self, load: Load, *, device: str = "0", range_joules: float = 262_143.328_850) -> None:
        super().__init__(
            Series(
                key=SeriesKey(Component.CPU, device, "package"),
                sensor="rapl",
                provenance=Provenance.MEASURED,
                quantity=Quantity.COUNTER,
                source="simulated",
                max_watts=1000.0,
                range_joules=range_joules,
                resolution_joules=61e-6,
                update_seconds=0.001,
            )
        )
        self._load = load
        self._range = range_joules

    def read(self, now: float) -> Iterator[Reading | Missed]:
        refreshed = math.floor(now / 0.001) * 0.001
        joules = self._load.joules(refreshed)
        yield Reading(self.series, joules=math.floor(joules / 61e-6) * 61e-6 % self._range)


class SimulatedGpu(_SimulatedSensor):
    """A GPU whose counter ticks every `tick` seconds, polled at most every `counter_period`.

    Its power reading is instantaneous, or refreshed every `power_update` seconds with the mean of the last
    `power_window` (A100 and H100: 100 ms and 25 ms).
    """

    name = "nvml"

    def __init__(
        self,
        load: Load,
        *,
        device: str = "GPU-0",
        tick: float = 0.1,
        phase: float = 0.0,
        counter_period: float = 0.12,
        power_update: float = 0.0,
        power_window: float = 0.0,
        power_gain: float = 1.0,
    ) -> None:
        super().__init__(
            Series(
                key=SeriesKey(Component.GPU, device),
                sensor="nvml",
                provenance=Provenance.MEASURED,
                quantity=Quantity.COUNTER_AND_POWER,
                source="simulated",
                max_watts=1050.0,
                resolution_joules=1e-3,
                update_seconds=tick,
                power_update_seconds=power_update,
            )
        )
        self._load = load
        self._tick = tick
        self._phase = phase
        self._counter_period = counter_period
        self._power_update = power_update
        self._power_window = power_window
        self._power_gain = power_gain
        self._last_counter = -math.inf

    def read(self, now: float) -> Iterator[Reading | Missed]:
        joules = None
        if now - self._last_counter >= self._counter_period - 1e-9:
            self._last_counter = now
            ticked = math.floor((now - self._phase) / self._tick) * self._tick + self._phase
            joules = round(self._load.joules(ticked), 3)
        yield Reading(self.series, joules=joules, watts=self._power(now) * self._power_gain)

    def _power(self, now: float) -> float:
        if not self._power_update:
            return self._load.watts(now)
        refreshed = math.floor((now - self._phase) / self._power_update) * self._power_update + self._phase
        return self._load.between(refreshed - self._power_window, refreshed) / self._power_window
