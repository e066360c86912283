"""The idle baseline (paper, Eqs. 1 and 2): from an experiment of a fixed length, or learnt while nothing runs."""

import math
import statistics
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from exporter.intervals.errors import IntervalConflict, InvalidTag
from exporter.metering.curve import EnergyCurve
from exporter.metering.meter import Meter
from exporter.metering.snapshot import IdleState
from exporter.metering.usage_tracks import UsageTracks
from exporter.usage.source import Gauge
from joulecast.component import Component, SeriesKey

SLICE_SECONDS = 1.0
EXPERIMENT = "experiment"
LEARNT = "learnt"

# The floor is learnt from seconds in which nothing was tagged and the machine was this quiet.
QUIET_CPU_RATIO = 0.05
QUIET_GPU_RATIO = 0.05
SETTLE_DOWN_SECONDS = 10.0
# An hour of quiet seconds; the floor is the mean of their lower quarter, once there are enough of them.
REMEMBERED = 3600
ENOUGH = 60

MIN_EXPERIMENT_SECONDS = 2.0
MAX_EXPERIMENT_SECONDS = 3600.0


class IdleBaselines:
    """Idle power per series, with its spread: an experiment's result wins over what was learnt."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        self._measured: dict[SeriesKey, IdleState] = {}
        self._learnt: dict[SeriesKey, IdleState] = {}
        self._quiet: dict[SeriesKey, deque[float]] = {}
        self._taught: Counter[SeriesKey] = Counter()  # seconds, also those forgotten since
        for row in (saved or {}).get("rows", ()):
            component, device, zone, *state = row
            key = SeriesKey(Component(component), device, zone)
            idle = IdleState(*state)
            (self._measured if idle.source == EXPERIMENT else self._learnt)[key] = idle

    def known(self) -> dict[SeriesKey, IdleState]:
        """The baseline of every series that has one."""
        return {**self._learnt, **self._measured}

    def set_measured(self, baselines: Mapping[SeriesKey, IdleState]) -> None:
        """Take over the result of an experiment."""
        self._measured.update(baselines)

    def learn(self, key: SeriesKey, watts: float, wall: float) -> None:
        """Remember one quiet second of one series."""
        quiet = self._quiet.setdefault(key, deque(maxlen=REMEMBERED))
        quiet.append(watts)
        self._taught[key] += 1
        if self._taught[key] % ENOUGH:
            return
        floor = sorted(quiet)[: max(2, len(quiet) // 4)]
        self._learnt[key] = IdleState(
            statistics.fmean(floor), statistics.pstdev(quiet), LEARNT, len(quiet) * SLICE_SECONDS, wall
        )

    def pack(self) -> dict[str, Any]:
        """JSON-able rows, to outlive a restart."""
        known = [*self._learnt.items(), *self._measured.items()]
        return {
            "rows": [
                [*key, idle.watts, idle.spread_watts, idle.source, idle.seconds, idle.measured_wall]
                for key, idle in known
            ]
        }


class QuietWatch:
    """Decides which seconds teach the idle floor: nothing tagged for a while, CPU and GPUs hardly used."""

    def __init__(self, baselines: IdleBaselines, tracks: UsageTracks) -> None:
        self._baselines = baselines
        self._tracks = tracks
        self._busy_until = -math.inf

    def look(self, meters: Sequence[Meter], now: float, wall: float, *, open_intervals: int) -> None:
        """Called once per tick."""
        if open_intervals or not self._is_quiet(now):
            self._busy_until = now
        if now - self._busy_until < SETTLE_DOWN_SECONDS:
            return
        for meter in meters:
            watts = meter.curve.mean_power(SLICE_SECONDS)
            if watts is not None and meter.curve.front > self._busy_until:
                self._baselines.learn(meter.series.key, watts, wall)

    def _is_quiet(self, now: float) -> bool:
        """Unknown usage is not quiet usage."""
        cpu = self._tracks.mean(Gauge.CPU_UTILIZATION, now - 2.5, now)
        if cpu is None or cpu > QUIET_CPU_RATIO:
            return False
        gpus = self._tracks.devices(Gauge.GPU_UTILIZATION)
        used = [self._tracks.mean(Gauge.GPU_UTILIZATION, now - 2.5, now, device=gpu) for gpu in gpus]
        return all(ratio is not None and ratio <= QUIET_GPU_RATIO for ratio in used)


def check_experiment(seconds: float, *, open_intervals: int, force: bool) -> None:
    """Refuse an experiment that could not tell idle power."""
    if not MIN_EXPERIMENT_SECONDS <= seconds <= MAX_EXPERIMENT_SECONDS:
        raise InvalidTag(
            f"an idle experiment of {seconds:g} s",
            f"measure for {MIN_EXPERIMENT_SECONDS:g} to {MAX_EXPERIMENT_SECONDS:g} s; 60 is usual",
        )
    if open_intervals and not force:
        raise IntervalConflict(
            f"{open_intervals} intervals are open, so this machine is not idle", "wait for them to end, or force it"
        )


def run_experiment(seconds: float, now: Callable[[], float], sleep: Callable[[float], None]) -> Iterator[float]:
    """Let time pass, yielding the seconds elapsed about twice a second."""
    begin = now()
    while (elapsed := now() - begin) < seconds:
        yield elapsed
        sleep(min(0.5, seconds - elapsed))


def evaluate_experiment(meters: Sequence[Meter], begin: float, end: float, wall: float) -> dict[SeriesKey, IdleState]:
    """Mean power over [begin, end] and the standard deviation of its one-second means, per series that was observed."""
    result = {}
    for meter in meters:
        slices = _slices(meter.curve, begin, end)
        if slices:
            spread = statistics.stdev(slices) if len(slices) > 1 else 0.0
            result[meter.series.key] = IdleState(statistics.fmean(slices), spread, EXPERIMENT, end - begin, wall)
    return result


def _slices(curve: EnergyCurve, begin: float, end: float) -> list[float]:
    """One-second mean powers of the observed part of [begin, end]."""
    slices = []
    for index in range(int((end - begin) / SLICE_SECONDS)):
        since = begin + index * SLICE_SECONDS
        if since < curve.start or since + SLICE_SECONDS > curve.front:
            continue
        first, last = curve.at(since), curve.at(since + SLICE_SECONDS)
        if last.observed - first.observed > 0.9 * SLICE_SECONDS:
            slices.append((last.joules - first.joules) / SLICE_SECONDS)
    return slices
