"""Moments of workloads are placed on our monotonic clock, whoever's clock saw them."""

import pytest
from doubles.clock import FakeClock
from hypothesis import given
from hypothesis import strategies as st

from exporter.intervals.errors import InvalidTag
from exporter.intervals.timeline import TOLERANCE_SECONDS, Timeline
from joulecast.clock import Moment

BOOT = "boot-1"
WALL = 1_800_000_000.0


@pytest.fixture
def clock() -> FakeClock:
    """1000 s after boot."""
    return FakeClock(monotonic=1000.0, wall=WALL)


@pytest.fixture
def timeline(clock: FakeClock) -> Timeline:
    """Of this boot."""
    return Timeline(clock, BOOT)


def test_without_a_moment_it_is_now(timeline: Timeline, clock: FakeClock) -> None:
    """A call that names no time means the time it arrives."""
    clock.advance(5.0)

    assert timeline.place("begin", None) == timeline.now() == 1005.0


def test_same_boot_is_placed_by_the_monotonic_clock(timeline: Timeline) -> None:
    """On the same machine the monotonic reading is exact, whatever the wall clock says."""
    assert timeline.place("begin", Moment(WALL - 777.0, 990.0, BOOT)) == 990.0


def test_other_boot_is_placed_by_the_wall_clock(timeline: Timeline) -> None:
    """The monotonic reading of another machine means nothing here."""
    assert timeline.place("begin", Moment(WALL - 7.0, 990.0, "boot-2")) == pytest.approx(993.0)


def test_unknown_boots_are_not_taken_as_the_same(clock: FakeClock) -> None:
    """Where neither side knows its boot, equal ids prove nothing."""
    timeline = Timeline(clock, "")

    assert timeline.place("begin", Moment(WALL - 7.0, 990.0, "")) == pytest.approx(993.0)


def test_monotonic_clock_ahead_of_ours_is_another_one(timeline: Timeline) -> None:
    """In a time namespace the boot is the same and the clock is not: then the wall clock counts."""
    assert timeline.place("begin", Moment(WALL - 7.0, 50_000.0, BOOT)) == pytest.approx(993.0)


@given(skew=st.floats(-1e6, 1e6), age=st.floats(0.0, 900.0))
def test_senders_wrong_wall_clock_is_corrected(skew: float, age: float) -> None:
    """A machine whose clock is days off places its batch rightly, as it says what that clock shows when it sends."""
    timeline = Timeline(FakeClock(monotonic=1000.0, wall=WALL), BOOT)
    sent = Moment(WALL + skew, 5.0, "boot-2")
    row = Moment(WALL + skew - age, 5.0 - age, "boot-2")

    assert timeline.place("begin", row, sent=sent) == pytest.approx(1000.0 - age, abs=1e-3)


def test_batch_of_the_same_boot_is_placed_by_the_monotonic_clock(timeline: Timeline) -> None:
    """A batch from this machine keeps its exact times."""
    sent = Moment(WALL, 1000.0, BOOT)

    assert timeline.place("begin", Moment(WALL - 3600.0, 991.25, BOOT), sent=sent) == 991.25


def test_future_is_refused_by_name(timeline: Timeline) -> None:
    """A moment that has not come yet is refused; the message names the field, how far it is off, and what to do."""
    with pytest.raises(InvalidTag, match=r"end is 30\.0 s in the future: check the workload's clock"):
        timeline.place("end", Moment(WALL + 30.0, 0.0, "boot-2"))


def test_slightly_ahead_is_now(timeline: Timeline) -> None:
    """Clocks that differ by less than a second are no error, and nothing lies after now."""
    assert timeline.place("end", Moment(WALL + 0.9 * TOLERANCE_SECONDS, 0.0, "boot-2")) == 1000.0


def test_step_of_the_wall_clock_is_noticed_once(timeline: Timeline, clock: FakeClock) -> None:
    """An hour's step is reported when it is seen, and our times follow the new wall clock from then on."""
    clock.advance(10.0)
    before = timeline.watch()
    clock.step_wall(-3600.0)

    assert before == 0.0
    assert timeline.watch() == -3600.0
    assert timeline.watch() == 0.0
    assert timeline.wall(1010.0) == WALL + 10.0 - 3600.0


def test_slow_drift_is_no_step(timeline: Timeline, clock: FakeClock) -> None:
    """What NTP slews away is followed without a word."""
    for _ in range(100):
        clock.advance(1.0)
        clock.step_wall(0.01)
        assert timeline.watch() == 0.0

    assert timeline.wall(timeline.now()) == pytest.approx(clock.wall())


def test_moment_after_a_step_is_placed_by_the_new_clock(timeline: Timeline, clock: FakeClock) -> None:
    """Wall times that arrive after a step were taken from the stepped clock."""
    clock.step_wall(3600.0)
    clock.advance(10.0)

    assert timeline.place("begin", Moment(clock.wall() - 4.0, 0.0, "boot-2")) == pytest.approx(1006.0)
