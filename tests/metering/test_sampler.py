"""The sampler with real threads: every sensor is read by its own, and none can stop the others."""

import threading
from collections.abc import Callable, Iterator

import pytest
from doubles.clock import FakeClock
from doubles.scripted_sensor import ScriptedSensor
from doubles.series import a_counter, a_gpu

from exporter.metering.cadence import Attention, Pace
from exporter.metering.lane import STUCK_SECONDS, Lane
from exporter.metering.sampler import Sampler
from exporter.metering.usage_tracks import UsageTracks
from exporter.sensors.sensor import Reading, SensorFailed
from exporter.usage.source import Gauge, UsageReading
from joulecast.clock import Clock, SystemClock

PERIOD = 0.01
PATIENCE_SECONDS = 20.0


class Watched:
    """What reached the meters and the tick, and a way to wait for more."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self.fed: list[str] = []
        self.ticks = 0
        self.tick_error: Exception | None = None

    def feed(self, time: float, reading: Reading, spread: float) -> None:
        """Note whose reading it is."""
        del time, spread
        with self._changed:
            self.fed.append(reading.series.sensor)
            self._changed.notify_all()

    def tick(self, now: float) -> None:
        """Note it, and fail if told to."""
        del now
        with self._changed:
            self.ticks += 1
            self._changed.notify_all()
        if self.tick_error is not None:
            raise self.tick_error

    def wait(self, condition: Callable[[], bool]) -> None:
        """Until the condition holds; a test that waits in vain fails."""
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_SECONDS)

    def wait_for_reads(self, sensor: str, more: int = 3) -> None:
        """Until that many further readings of a sensor came in."""
        with self._changed:
            target = self.fed.count(sensor) + more
            assert self._changed.wait_for(lambda: self.fed.count(sensor) >= target, PATIENCE_SECONDS)


class Usage:
    """A usage source that is always half busy."""

    name = "usage"

    def read(self) -> Iterator[UsageReading]:
        """One gauge."""
        yield UsageReading(Gauge.CPU_UTILIZATION, 0.5)


@pytest.fixture
def watched() -> Watched:
    """Nothing yet."""
    return Watched()


@pytest.fixture
def run(watched: Watched) -> Iterator[Callable[..., Sampler]]:
    """Starts a sampler over some sensors; it ends with the test."""
    started: list[Sampler] = []

    def start(
        *sensors: ScriptedSensor,
        clock: Clock | None = None,
        lane_clock: Clock | None = None,
        is_used: Callable[[str], bool] = lambda _: True,
        is_published: Callable[[str], bool] = lambda _: True,
        period: float = PERIOD,
    ) -> Sampler:
        clock = clock or SystemClock()
        lanes = [Lane(each, Pace.slow(period), lane_clock or clock, watched.feed, lambda _: None) for each in sensors]
        sampler = Sampler(
            lanes,
            Attention(),
            [Usage()],
            UsageTracks(10.0),
            clock,
            period=period,
            is_used=is_used,
            is_published=is_published,
            on_tick=watched.tick,
        )
        sampler.start()
        started.append(sampler)
        return sampler

    yield start
    for sampler in started:
        for lane in sampler.lanes:
            assert isinstance(lane.sensor, ScriptedSensor)
            lane.sensor.gate.set()
        sampler.stop()


def test_every_sensor_and_the_tick_go_on(watched: Watched, run: Callable[..., Sampler]) -> None:
    """Sensors are read and ticks are made again and again, and usage is read with them."""
    sampler = run(ScriptedSensor(a_counter()), ScriptedSensor(a_gpu()))
    watched.wait_for_reads("rapl")
    watched.wait_for_reads("nvml")
    watched.wait(lambda: watched.ticks >= 3)

    assert [reading.value for reading in sampler._tracks.latest(SystemClock.monotonic())] == [0.5]
    assert sampler.last_tick > 0


def test_blocked_sensor_stops_nobody(watched: Watched, run: Callable[..., Sampler]) -> None:
    """While one read hangs in its driver, the other sensor is read and ticks go on."""
    stuck, well = ScriptedSensor(a_gpu()), ScriptedSensor(a_counter())
    run(stuck, well)
    watched.wait_for_reads("nvml", 1)
    stuck.gate.clear()

    assert stuck.is_blocked.wait(PATIENCE_SECONDS)
    reads, ticks = stuck.reads, watched.ticks
    watched.wait_for_reads("rapl", 5)
    watched.wait(lambda: watched.ticks >= ticks + 5)
    assert stuck.reads == reads


def test_blocked_sensor_is_told_and_comes_back(watched: Watched, run: Callable[..., Sampler]) -> None:
    """A read that hangs is reported with its length; when it returns the sensor is up and is read again."""
    clock = FakeClock()
    sensor = ScriptedSensor(a_gpu())
    sensor.gate.clear()
    sampler = run(sensor, lane_clock=clock)
    assert sensor.is_blocked.wait(PATIENCE_SECONDS)
    clock.advance(STUCK_SECONDS + 3)
    stuck = sampler.lanes[0].state(clock.monotonic())
    sensor.gate.set()
    watched.wait_for_reads("nvml", 1)
    clock.advance(1.0)

    assert (stuck.status, stuck.message) == ("failing", "a read has been stuck for 8 s")
    watched.wait(lambda: sampler.lanes[0].state(clock.monotonic()).status == "up")


def test_lost_sensor_comes_back(watched: Watched, run: Callable[..., Sampler]) -> None:
    """A sensor that fails is looked for again, and read as soon as it answers."""
    sensor = ScriptedSensor(a_gpu())
    sampler = run(sensor)
    watched.wait_for_reads("nvml")
    sensor.failure = SensorFailed("the driver went away")
    failed = sensor.reads
    watched.wait(lambda: sensor.reads > failed + 1)
    lost = sampler.lanes[0].state(SystemClock.monotonic())
    sensor.failure = None
    watched.wait_for_reads("nvml")

    assert (lost.status, lost.message) == ("failing", "the driver went away")
    watched.wait(lambda: sampler.lanes[0].state(SystemClock.monotonic()).status == "up")


def test_bug_in_one_sensor_ends_no_thread(
    watched: Watched, run: Callable[..., Sampler], caplog: pytest.LogCaptureFixture
) -> None:
    """What no sensor should raise is logged with its traceback, and its sensor is read again."""
    sensor = ScriptedSensor(a_counter())
    sensor.failure = ZeroDivisionError("a bug")
    run(sensor)
    watched.wait(lambda: sensor.reads >= 2)
    sensor.failure = None
    watched.wait_for_reads("rapl")

    assert any(record.exc_info and "nobody foresaw" in record.getMessage() for record in caplog.records)


def test_bug_in_the_tick_ends_no_tick(watched: Watched, run: Callable[..., Sampler]) -> None:
    """A tick that raises is followed by the next."""
    watched.tick_error = ZeroDivisionError("a bug")
    run(ScriptedSensor(a_counter()))

    watched.wait(lambda: watched.ticks >= 3)
    watched.wait_for_reads("rapl")


def test_unused_sensor_is_not_read(watched: Watched, run: Callable[..., Sampler]) -> None:
    """A sensor that something better replaces costs nothing, until it is needed."""
    needed = threading.Event()
    spare, used = ScriptedSensor(a_gpu()), ScriptedSensor(a_counter())
    run(spare, used, is_used=lambda name: name == "rapl" or needed.is_set())
    watched.wait_for_reads("rapl", 5)
    reads_before = spare.reads
    needed.set()
    watched.wait_for_reads("nvml", 1)

    assert reads_before == 0


def test_stop_ends_every_thread_and_closes_every_sensor(watched: Watched, run: Callable[..., Sampler]) -> None:
    """After a stop nothing is read any more, although a sensor was asleep for an hour."""
    asleep, well = ScriptedSensor(a_gpu()), ScriptedSensor(a_counter())
    sampler = run(asleep, well, period=3600.0)
    watched.wait(lambda: {"rapl", "nvml"} <= set(watched.fed))
    sampler.stop()

    assert not any(thread.is_alive() for thread in sampler._threads)
    assert (asleep.is_closed, well.is_closed) == (True, True)


def test_edge_is_read_at_once_by_those_that_are_published(watched: Watched) -> None:
    """A sensor asleep for an hour is read when an interval begins; one that is only compared sleeps on."""
    published, compared = ScriptedSensor(a_counter()), ScriptedSensor(a_gpu())
    attention, clock = Attention(), SystemClock()
    pace = Pace(3600.0, 3600.0, 0.01, 0.015)
    sampler = Sampler(
        [Lane(sensor, pace, clock, watched.feed, lambda _: None) for sensor in (compared, published)],
        attention,
        [],
        UsageTracks(10.0),
        clock,
        period=3600.0,
        is_used=lambda _: True,
        is_published=lambda name: name == "rapl",
        on_tick=watched.tick,
    )
    sampler.start()
    try:
        watched.wait(lambda: set(watched.fed) == {"rapl", "nvml"})
        attention.edge(clock.monotonic(), opened=1)
        watched.wait(lambda: watched.fed.count("rapl") >= 2)
    finally:
        sampler.stop()
    assert compared.reads == 1
