"""A lane reads one sensor, stamps what it gives, and tells how the sensor is."""

from collections.abc import Iterator

import pytest
from doubles.clock import FakeClock
from doubles.scripted_sensor import ScriptedSensor
from doubles.series import GPU, PACKAGE, a_counter, a_gpu

from exporter.metering.cadence import Pace
from exporter.metering.counter import Refusal
from exporter.metering.lane import REDISCOVER_SECONDS, STUCK_SECONDS, Lane
from exporter.sensors.sensor import Finding, Missed, Reading, SensorAbsent, SensorDenied, SensorFailed, Series
from joulecast.errors import JoulecastError

PACE = Pace.counter(1.0)


class Meters:
    """Takes what a lane hands over; refuses what a test says."""

    def __init__(self) -> None:
        self.fed: list[tuple[float, Reading, float]] = []
        self.adopted: list[Finding] = []
        self.refusal: Refusal | None = None

    def feed(self, time: float, reading: Reading, spread: float) -> str | None:
        """Keep it, and answer as told."""
        self.fed.append((time, reading, spread))
        return self.refusal


@pytest.fixture
def clock() -> FakeClock:
    """Stands at 1000 s."""
    return FakeClock(monotonic=1000.0)


@pytest.fixture
def meters() -> Meters:
    """Empty."""
    return Meters()


def a_lane(sensor: ScriptedSensor, clock: FakeClock, meters: Meters) -> Lane:
    """A lane that has looked for its sensor."""
    lane = Lane(sensor, PACE, clock, meters.feed, meters.adopted.append)
    lane.discover()
    return lane


def test_found_sensor_is_handed_to_the_meters(clock: FakeClock, meters: Meters) -> None:
    """What a sensor finds reaches the meters before its first reading."""
    series = a_counter()
    lane = a_lane(ScriptedSensor(series), clock, meters)

    assert lane.is_found
    assert [finding.series for finding in meters.adopted] == [(series,)]
    assert meters.fed == []


def test_each_reading_carries_the_middle_of_its_own_read(clock: FakeClock, meters: Meters) -> None:
    """Readings of a slow sensor are stamped one by one, and their spread says how long each took."""

    class Slow(ScriptedSensor):
        def read(self, now: float) -> Iterator[Reading | Missed]:
            for reading in super().read(now):
                clock.advance(0.5)
                yield reading

    lane = a_lane(Slow(a_counter(), a_gpu()), clock, meters)
    lane.step()

    assert [(time, spread) for time, _, spread in meters.fed] == [(1000.25, 0.5), (1000.75, 0.5)]
    assert lane.state(clock.monotonic()).read_seconds == 1.0


def test_well_sensor_is_up(clock: FakeClock, meters: Meters) -> None:
    """A sensor that reads well says how much it gives and when it last did."""
    lane = a_lane(ScriptedSensor(a_counter(), a_gpu()), clock, meters)
    lane.step()
    state = lane.state(clock.monotonic())

    assert (state.sensor, state.status, state.message) == ("rapl", "up", "2 series")
    assert (state.last_success_wall, state.rejected) == (clock.wall(), {})


def test_sensor_never_read_has_no_success(clock: FakeClock, meters: Meters) -> None:
    """Before the first read nothing is claimed about reads."""
    state = a_lane(ScriptedSensor(a_counter()), clock, meters).state(clock.monotonic())

    assert (state.read_seconds, state.last_success_wall) == (None, None)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (SensorAbsent("no powercap here"), "absent"),
        (SensorDenied("energy_uj is for root", "run as root"), "denied"),
        (SensorFailed("the driver hangs", "look at dmesg"), "failing"),
    ],
)
def test_every_way_of_not_finding_is_told(clock: FakeClock, meters: Meters, error: JoulecastError, status: str) -> None:
    """Absent, denied and failing are told apart, each with its remedy, and the meters hear of it."""
    sensor = ScriptedSensor(a_counter())
    sensor.absence = error
    lane = a_lane(sensor, clock, meters)
    lane.step()
    state = lane.state(clock.monotonic())

    assert (state.status, state.message, state.remedy) == (status, error.problem, error.remedy)
    assert not lane.is_found
    assert [finding.message for finding in meters.adopted] == [error.problem]
    assert sensor.reads == 0


def test_sensor_that_was_not_there_is_looked_for_again(clock: FakeClock, meters: Meters) -> None:
    """A module loaded later is found, but nobody looks for it at every read."""
    sensor = ScriptedSensor(a_counter())
    sensor.absence = SensorAbsent("no powercap here")
    lane = a_lane(sensor, clock, meters)
    sensor.absence = None
    clock.advance(REDISCOVER_SECONDS - 1)
    lane.step()

    assert sensor.discoveries == 1
    clock.advance(1.0)
    lane.step()
    assert lane.state(clock.monotonic()).status == "up"
    assert [finding.status for finding in meters.adopted] == ["absent", "found"]


def test_stuck_read_is_told_while_it_lasts(clock: FakeClock, meters: Meters) -> None:
    """A read that does not return makes its sensor failing, with how long it has been stuck."""
    states = []

    class Stuck(ScriptedSensor):
        def read(self, now: float) -> Iterator[Reading | Missed]:
            states.append(lane.state(clock.monotonic()))
            clock.advance(STUCK_SECONDS + 2)
            states.append(lane.state(clock.monotonic()))
            yield from super().read(now)

    lane = a_lane(Stuck(a_counter()), clock, meters)
    lane.step()
    states.append(lane.state(clock.monotonic()))

    assert [state.status for state in states] == ["up", "failing", "up"]
    assert states[1].message == "a read has been stuck for 7 s"


def test_refused_reading_is_counted_by_its_reason(clock: FakeClock, meters: Meters) -> None:
    """What the meters do not believe is no success."""
    lane = a_lane(ScriptedSensor(a_counter()), clock, meters)
    meters.refusal = Refusal.JUMP
    lane.step()
    lane.step()
    state = lane.state(clock.monotonic())

    assert (state.rejected, state.last_success_wall) == ({"jump": 2}, None)


def test_one_missing_series_leaves_the_others(clock: FakeClock, meters: Meters) -> None:
    """A series without a value is counted and named, and the series after it is fed."""
    package, gpu = a_counter(), a_gpu()
    sensor = ScriptedSensor(package, gpu)
    sensor.missing = {package: "garbage"}
    lane = a_lane(sensor, clock, meters)
    lane.step()
    state = lane.state(clock.monotonic())

    assert [reading.series for _, reading, _ in meters.fed] == [gpu]
    assert (state.status, state.message) == ("failing", f"{' '.join(PACKAGE)}: no value")
    assert (state.rejected, state.last_success_wall) == ({"garbage": 1}, clock.wall())


def test_failed_sensor_is_told_and_comes_back(clock: FakeClock, meters: Meters) -> None:
    """A sensor that fails a read says so until a read succeeds."""
    sensor = ScriptedSensor(a_counter())
    lane = a_lane(sensor, clock, meters)
    sensor.failure = SensorFailed("no NVIDIA GPU answers", "look at dmesg")
    lane.step()
    failing = lane.state(clock.monotonic())
    sensor.failure = None
    lane.step()

    assert (failing.status, failing.message) == ("failing", "no NVIDIA GPU answers: look at dmesg")
    assert failing.rejected == {"failed": 1}
    assert lane.state(clock.monotonic()).status == "up"


def test_lost_sensor_is_discovered_anew(clock: FakeClock, meters: Meters) -> None:
    """A driver that was reloaded gives new handles: a failing sensor is looked for again, not at every read."""
    sensor = ScriptedSensor(a_gpu())
    lane = a_lane(sensor, clock, meters)
    sensor.failure = SensorFailed("the driver went away")
    for _ in range(25):
        clock.advance(1.0)
        lane.step()

    assert sensor.discoveries == 1 + 2
    assert len(meters.adopted) == 1 + 2


def test_sensor_lost_for_good_is_found_when_it_returns(clock: FakeClock, meters: Meters) -> None:
    """While even looking for it fails the sensor is failing; once it is back the same series are fed again."""
    series = a_gpu()
    sensor = ScriptedSensor(series)
    lane = a_lane(sensor, clock, meters)
    sensor.failure = sensor.absence = SensorFailed("the driver went away")
    clock.advance(10.0)
    lane.step()
    lost = lane.state(clock.monotonic())
    sensor.failure = sensor.absence = None
    clock.advance(REDISCOVER_SECONDS)
    lane.step()
    lane.step()

    assert (lost.status, lane.state(clock.monotonic()).status) == ("failing", "up")
    assert [finding.status for finding in meters.adopted] == ["found", "found"]  # never that it has nothing
    assert [reading.series.key for _, reading, _ in meters.fed] == [GPU]


def test_change_of_health_is_logged_once(clock: FakeClock, meters: Meters, caplog: pytest.LogCaptureFixture) -> None:
    """A sensor that fails a thousand times fills no log."""
    sensor = ScriptedSensor(a_counter())
    lane = a_lane(sensor, clock, meters)
    sensor.failure = SensorFailed("it is gone")
    with caplog.at_level("INFO"):
        for _ in range(100):
            lane.step()
        sensor.failure = None
        for _ in range(100):
            lane.step()

    assert [record.getMessage() for record in caplog.records] == ["rapl: it is gone", "rapl: reads again"]


def test_bug_in_a_sensor_is_not_taken_for_a_failure(clock: FakeClock, meters: Meters) -> None:
    """What no sensor may raise goes through, and the lane does not believe to be stuck for ever."""
    sensor = ScriptedSensor(a_counter())
    lane = a_lane(sensor, clock, meters)
    sensor.failure = ZeroDivisionError("a bug")
    with pytest.raises(ZeroDivisionError):
        lane.step()
    clock.advance(10 * STUCK_SECONDS)

    assert lane.state(clock.monotonic()).status == "up"
    assert lane.last_read == 1000.0


def test_state_names_the_series_by_what_is_known_of_it(clock: FakeClock, meters: Meters) -> None:
    """A series without a zone is named without one."""
    gpu: Series = a_gpu()
    sensor = ScriptedSensor(gpu)
    sensor.missing = {gpu: "lost"}
    lane = a_lane(sensor, clock, meters)
    lane.step()

    assert lane.state(clock.monotonic()).message == "gpu GPU-0: no value"
