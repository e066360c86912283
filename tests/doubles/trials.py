"""Random intervals on simulated hardware, through the real lane, attention and meter: what was told, and the truth."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from doubles.clock import FakeClock
from doubles.simulated import Load, SimulatedGpu, SimulatedRapl, square_wave

from exporter.metering.cadence import Attention, Pace
from exporter.metering.curve import uncertainty_between
from exporter.metering.fusion import LOOK_AHEAD_SECONDS
from exporter.metering.lane import Lane
from exporter.metering.meters import make_meter

START = 1000.0
PERIOD = 1.0
# From being due to being read: waking a thread takes this long.
WAKE_SECONDS = (0.0001, 0.0006)
WARM_UP_SECONDS = 60.0

Hardware = SimulatedRapl | SimulatedGpu
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Trial:
    """One interval: seconds, and joules true, told, and stated as half-width."""

    seconds: float
    truth: float
    told: float
    half_width: float

    @property
    def error(self) -> float:
        """Joules told too many."""
        return self.told - self.truth

    @property
    def is_inside(self) -> bool:
        """Whether the stated uncertainty holds the truth."""
        return abs(self.error) <= self.half_width


def busy_spans(
    rng: random.Random,
    count: int,
    seconds: Callable[[], float],
    *,
    half_period: float = 0.37,
    high: float = 400.0,
    low: float = 180.0,
) -> tuple[Load, list[Span]]:
    """A load of 80 W idle with `count` busy spans of `high` and `low` watts in turn, each after 2 to 4 s of rest."""
    load, spans, time = Load(80.0), [], START + WARM_UP_SECONDS
    load.set(START, 80.0)
    for _ in range(count):
        begin = time + rng.uniform(2, 4)
        time = begin + seconds()
        square_wave(load, begin, time, high=high, low=low, half_period=half_period)
        spans.append((begin, time))
    return load, spans


def pace_of(hardware: Hardware) -> Pace:
    """The pace that the exporter gives such a sensor."""
    return Pace.counter(PERIOD) if isinstance(hardware, SimulatedRapl) else Pace.fused(PERIOD, LOOK_AHEAD_SECONDS)


def measure(hardware: Hardware, load: Load, spans: Sequence[Span], rng: random.Random) -> list[Trial]:
    """Let the spans happen as intervals, one after another, and tell each as soon as its curve is final."""
    clock = FakeClock(START)
    attention, pace = Attention(), pace_of(hardware)
    meter = make_meter(hardware.series, START)
    lane = Lane(hardware, pace, clock, meter.feed, lambda _: None)
    lane.discover()
    lane.step()

    def run_until(time: float) -> None:
        while True:
            due = max(attention.next_read(pace, lane.last_read), clock.monotonic()) + rng.uniform(*WAKE_SECONDS)
            if due > time:
                clock.advance(max(0.0, time - clock.monotonic()))
                return
            clock.advance(due - clock.monotonic())
            lane.step()

    trials = []
    for begin, end in spans:
        run_until(begin)
        attention.edge(begin, opened=1)
        run_until(end)
        attention.edge(end, opened=-1)
        run_until(end + meter.latency_seconds + 0.1)
        assert meter.curve.front >= end, "the curve did not pass the end in the time it is said to take"
        first, last = meter.curve.at(begin), meter.curve.at(end)
        trials.append(
            Trial(end - begin, load.between(begin, end), last.joules - first.joules, uncertainty_between(first, last))
        )
    return trials


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]
