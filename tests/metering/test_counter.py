"""Counters are unwrapped, and what physics forbids is refused, held and told apart."""

import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.counter import MAX_BRIDGE_SECONDS, CounterUnwrapper, Refusal, Step

RANGE = 1000.0
MAX_WATTS = 100.0
# Sampling steps shorter than a wrap at full power, and the power during each.
steps = st.lists(st.tuples(st.floats(0.01, 9.0), st.floats(0.0, MAX_WATTS)), min_size=1, max_size=40)


def feed(unwrapper: CounterUnwrapper, readings: list[tuple[float, float]]) -> float:
    """The joules of all steps that the readings make."""
    outcomes = [unwrapper.take(time, raw) for time, raw in readings]
    return math.fsum(outcome.joules for outcome in outcomes if isinstance(outcome, Step))


def history(parts: list[tuple[float, float]], start: float = 0.0) -> list[tuple[float, float]]:
    """Times and true cumulative joules of a counter that began at `start`."""
    points = [(100.0, start)]
    for seconds, watts in parts:
        time, joules = points[-1]
        points.append((time + seconds, joules + seconds * watts))
    return points


def wrapped(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The same as a counter of `RANGE` shows it."""
    return [(time, joules % RANGE) for time, joules in points]


def test_first_reading_is_only_an_anchor() -> None:
    """One reading of a counter says nothing about energy."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)

    assert unwrapper.anchor is None
    assert unwrapper.take(10.0, 5000.0) is None
    assert unwrapper.anchor == (10.0, 5000.0)


def test_step_is_the_difference() -> None:
    """The second reading gives the energy and the time between the two."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    unwrapper.take(10.0, 5000.0)

    assert unwrapper.take(12.0, 5080.0) == Step(80.0, 2.0, certain=True)


def test_stalled_counter_gives_no_energy_and_is_believed() -> None:
    """A counter that stands still was observed to stand still."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    unwrapper.take(10.0, 50.0)

    assert unwrapper.take(11.0, 50.0) == Step(0.0, 1.0, certain=True)


@given(parts=steps, start=st.floats(0.0, RANGE - 1e-6))
def test_wraps_lose_nothing(parts: list[tuple[float, float]], start: float) -> None:
    """The total of a wrapping counter is the truth if reads are closer together than a wrap."""
    points = history(parts, start)
    unwrapper = CounterUnwrapper(range_joules=RANGE, max_watts=MAX_WATTS, resolution_joules=1e-6)

    assert feed(unwrapper, wrapped(points)) == pytest.approx(points[-1][1] - start, rel=1e-9, abs=1e-9)


def test_wrap_is_exact_for_whole_microjoules() -> None:
    """A wrap between two reads costs not a microjoule."""
    unwrapper = CounterUnwrapper(range_joules=65_536.0, max_watts=MAX_WATTS)
    unwrapper.take(0.0, 65_535.5)

    assert unwrapper.take(1.0, 0.25) == Step(0.75, 1.0, certain=True)


@given(
    parts=st.lists(st.tuples(st.floats(0.1, 4.0), st.floats(0.0, MAX_WATTS)), min_size=3, max_size=20),
    where=st.integers(0, 100),
    when=st.floats(0.1, 0.9),
    share=st.floats(0.0, 1.0),
)
def test_one_garbage_value_costs_nothing(
    parts: list[tuple[float, float]], where: int, when: float, share: float
) -> None:
    """A single value that physics forbids, forwards or backwards, leaves the total at the truth."""
    points = history(parts)
    before = 1 + where % (len(points) - 2)  # a step was made, and another follows
    (since, joules), (until, later) = points[before : before + 2]
    time = since + when * (until - since)
    # Garbage is what can be neither a step from the reading before it nor a base for the one after it.
    least = max(joules + MAX_WATTS * (time - since), later) + 1.0
    most = min(joules, later - MAX_WATTS * (until - time)) + RANGE - 1.0
    readings = wrapped(points)
    readings.insert(before + 1, (time, (least + share * (most - least)) % RANGE))
    unwrapper = CounterUnwrapper(range_joules=RANGE, max_watts=MAX_WATTS, resolution_joules=1e-6)

    assert feed(unwrapper, readings) == pytest.approx(points[-1][1], rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    ("garbage", "reason"), [(9e9, Refusal.JUMP), (0.0, Refusal.BACKWARDS)], ids=["forwards", "backwards"]
)
def test_glitch_is_refused_with_its_reason(garbage: float, reason: Refusal) -> None:
    """What is not believed says in which direction it was wrong."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    unwrapper.take(10.0, 5000.0)

    assert unwrapper.take(11.0, garbage) is reason
    assert unwrapper.take(12.0, 5100.0) == Step(100.0, 2.0, certain=True)


def test_two_different_glitches_in_a_row_cost_nothing() -> None:
    """Garbage that does not even agree with itself is no new base."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)

    assert feed(unwrapper, [(10.0, 5000.0), (11.0, 9e9), (12.0, 7.0), (13.0, 5150.0)]) == 150.0


@given(
    before=st.lists(st.tuples(st.floats(0.1, 2.0), st.floats(1.0, MAX_WATTS)), min_size=2, max_size=20),
    dark=st.tuples(st.floats(0.1, 2.0), st.floats(0.0, MAX_WATTS), st.floats(0.0, 1.0)),
    after=st.lists(st.tuples(st.floats(0.1, 2.0), st.floats(0.0, MAX_WATTS)), min_size=1, max_size=20),
)
def test_reset_costs_at_most_one_sampling_step(
    before: list[tuple[float, float]], dark: tuple[float, float, float], after: list[tuple[float, float]]
) -> None:
    """After a reset the total is wrong by no more than the energy of one step, the last or the one with the reset."""
    seconds, watts, share = dark
    # Had the counter been nearly at zero, nobody could tell the reset from a step.
    points = history([*before, (seconds, watts), *after], start=4 * 2.0 * MAX_WATTS)
    reset = len(before) + 1  # the first reading after it
    lost = points[reset - 1][1] + share * seconds * watts
    readings = points[:reset] + [(time, joules - lost) for time, joules in points[reset:]]
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS, resolution_joules=1e-6)
    total = feed(unwrapper, readings)

    one_step = seconds * max(watts, before[-1][1])
    assert readings[-1] == unwrapper.anchor
    assert abs(total - (points[-1][1] - points[0][1])) <= one_step + 1e-6


def test_reset_counts_what_the_new_counter_shows() -> None:
    """After a driver reload the energy since it is on the counter, and the time before it was not observed."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    unwrapper.take(10.0, 1e6)
    unwrapper.take(11.0, 1e6 + 10.0)

    assert unwrapper.take(61.0, 300.0) is Refusal.BACKWARDS
    assert unwrapper.take(62.0, 350.0) == Step(350.0, 1.0, certain=False)


def test_short_dark_step_is_bridged_at_the_last_power() -> None:
    """A reset inside a sampling step loses no energy while power stays the same."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)

    assert feed(unwrapper, [(10.0, 1e6), (11.0, 1e6 + 40.0), (12.0, 20.0), (13.0, 60.0)]) == pytest.approx(120.0)


def test_long_dark_step_is_not_bridged() -> None:
    """Nobody knows what was drawn in a minute without a counter, so nothing is made up."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    dark = MAX_BRIDGE_SECONDS + 1.0

    assert feed(unwrapper, [(10.0, 1e6), (11.0, 1e6 + 40.0), (11.0 + dark, 0.0), (12.0 + dark, 40.0)]) == 80.0


def test_two_garbage_values_that_agree_enter_bounded() -> None:
    """A counter that stays at a garbage value is taken as reset: its spike never enters, the truth goes on after it."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    readings = [(10.0, 5000.0), (11.0, 5050.0), (12.0, 9e9), (13.0, 9e9 + 10), (14.0, 5200.0), (15.0, 5250.0)]

    assert 0 <= feed(unwrapper, readings) <= MAX_WATTS * 5.0


def test_gap_in_which_the_counter_may_have_wrapped_twice_is_unknown() -> None:
    """More than one wrap between two reads cannot be seen, so the step is a gap and not a guess."""
    unwrapper = CounterUnwrapper(range_joules=RANGE, max_watts=MAX_WATTS)
    unwrapper.take(10.0, 400.0)

    assert unwrapper.take(10.0 + RANGE / MAX_WATTS, 500.0) == Step(0.0, 0.0, certain=False)
    assert unwrapper.take(21.0, 550.0) == Step(50.0, 1.0, certain=True)


def test_two_ticks_may_fall_between_reads_little_more_than_one_apart() -> None:
    """A component near its bound is believed although its counter shows two refreshes of 100 ms at once."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS, update_seconds=0.1)
    unwrapper.take(10.0, 0.0)

    assert unwrapper.take(10.12, 0.2 * 90.0) == Step(18.0, pytest.approx(0.12), certain=True)


def test_readings_of_one_moment_are_not_a_step() -> None:
    """Two readings at the same time hold no power, and the later ones go on from the first."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    unwrapper.take(10.0, 100.0)
    unwrapper.take(10.0, 100.0)

    assert unwrapper.take(11.0, 150.0) == Step(50.0, 1.0, certain=True)


@given(
    parts=st.lists(st.tuples(st.floats(0.1, 2.0), st.floats(0.0, 1e4)), min_size=1, max_size=40),
    resets=st.sets(st.integers(0, 39)),
)
def test_no_step_exceeds_the_bound(parts: list[tuple[float, float]], resets: set[int]) -> None:
    """Whatever a counter shows, no step holds more than the component can draw in it."""
    unwrapper = CounterUnwrapper(range_joules=None, max_watts=MAX_WATTS)
    raws = [0.0 if number in resets else joules for number, (_, joules) in enumerate(history(parts))]
    times = [time for time, _ in history(parts)]
    accepted = [times[0]]
    for time, raw in zip(times, raws, strict=True):
        outcome = unwrapper.take(time, raw)
        if isinstance(outcome, Step):
            assert 0 <= outcome.joules <= MAX_WATTS * (time - accepted[-1]) + 1e-6
            accepted.append(time)

    assert all(earlier <= later for earlier, later in pairwise(accepted))


def test_resumed_counter_counts_across_the_gap() -> None:
    """An anchor of an earlier run is as good as a reading of this one."""
    unwrapper = CounterUnwrapper(range_joules=RANGE, max_watts=MAX_WATTS)
    unwrapper.resume(10.0, 990.0)

    assert unwrapper.take(13.0, 20.0) == Step(30.0, 3.0, certain=True)
