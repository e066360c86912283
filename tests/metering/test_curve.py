"""The cumulative curve: additive, never decreasing, of bounded memory, and honest about what thinning cost."""

import math
import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.curve import BeforeHistory, Edge, EnergyCurve, combine_half_widths, uncertainty_between

# Duration, mean power and share observed of each segment.
segments = st.lists(
    st.tuples(st.floats(0.001, 60.0), st.floats(0.0, 1000.0), st.floats(0.0, 1.0)), min_size=1, max_size=60
)
shares = st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0), st.floats(0.0, 1.0))


def curve_of(parts: list[tuple[float, float, float]], capacity: int = 2048) -> EnergyCurve:
    """A curve from time 100 with these segments."""
    curve = EnergyCurve(100.0, capacity=capacity)
    time = 100.0
    for seconds, watts, share in parts:
        time += seconds
        curve.append(time, watts * seconds, observed_seconds=share * seconds)
    return curve


def joules(curve: EnergyCurve, begin: float, end: float) -> float:
    """E(begin, end)."""
    return curve.at(end).joules - curve.at(begin).joules


@given(parts=segments, where=shares, capacity=st.sampled_from([8, 32, 2048]))
def test_energy_is_additive(
    parts: list[tuple[float, float, float]], where: tuple[float, float, float], capacity: int
) -> None:
    """E(a,b) + E(b,c) = E(a,c) for any three moments of any history, thinned or not."""
    curve = curve_of(parts, capacity)
    a, b, c = sorted(100.0 + share * (curve.front - 100.0) for share in where)

    assert joules(curve, a, b) + joules(curve, b, c) == pytest.approx(joules(curve, a, c), rel=1e-9, abs=1e-6)


@given(parts=segments, moments=st.lists(st.floats(-10.0, 4000.0), min_size=2), capacity=st.sampled_from([8, 2048]))
def test_energy_and_observed_time_never_decrease(
    parts: list[tuple[float, float, float]], moments: list[float], capacity: int
) -> None:
    """Later moments read at least as many joules and observed seconds, also beyond the front."""
    curve = curve_of(parts, capacity)
    edges = [curve.at(100.0 + moment) for moment in sorted(moments) if moment >= 0]

    assert all(a.joules <= b.joules * (1 + 1e-12) + 1e-9 for a, b in pairwise(edges))
    assert all(a.observed <= b.observed * (1 + 1e-12) + 1e-9 for a, b in pairwise(edges))


@given(parts=segments)
def test_total_is_the_sum_of_the_segments(parts: list[tuple[float, float, float]]) -> None:
    """Nothing is lost or made up between appending and reading."""
    curve = curve_of(parts)

    assert curve.joules == pytest.approx(math.fsum(seconds * watts for seconds, watts, _ in parts), rel=1e-12, abs=1e-9)


def test_a_moment_reads_the_same_forever() -> None:
    """What was read before the front does not change when the curve goes on."""
    curve = EnergyCurve(0.0)
    curve.append(1.0, 10.0)
    before = curve.at(0.5)
    curve.append(2.0, 1000.0)

    assert before.joules == curve.at(0.5).joules == 5.0


def test_segments_are_straight() -> None:
    """Inside a segment energy is interpolated, and so is what was observed."""
    curve = EnergyCurve(0.0, joules=100.0, observed=7.0)
    curve.append(4.0, 40.0, observed_seconds=2.0)

    assert (curve.at(1.0).joules, curve.at(1.0).observed) == (110.0, 7.5)


def test_after_the_front_nothing_is_extrapolated() -> None:
    """Beyond the last point the curve stays at its last value, and no time counts as observed."""
    curve = EnergyCurve(0.0)
    curve.append(1.0, 10.0)

    assert (curve.at(99.0).time, curve.at(99.0).joules, curve.at(99.0).observed) == (99.0, 10.0, 1.0)


def test_before_the_start_is_an_error() -> None:
    """A moment that the curve does not remember is refused, not guessed."""
    with pytest.raises(BeforeHistory, match=r"5\.000 s before"):
        EnergyCurve(10.0).at(5.0)


@pytest.mark.parametrize(("time", "delta"), [(0.0, 1.0), (-1.0, 1.0), (1.0, -0.001)])
def test_going_back_is_refused(time: float, delta: float) -> None:
    """A point that is not later, or energy that goes down, is an error of the caller."""
    curve = EnergyCurve(0.0)
    with pytest.raises(ValueError, match="segment"):
        curve.append(time, delta)

    assert len(curve) == 1


def test_memory_is_bounded() -> None:
    """After a hundred thousand points no more than the capacity are kept, and the first moment is still known."""
    curve = EnergyCurve(0.0, capacity=512)
    for number in range(1, 100_001):
        curve.append(float(number), 1.0)

    assert len(curve) <= 512
    assert curve.start == 0.0
    assert joules(curve, 0.0, 100_000.0) == 100_000.0


def test_thinning_keeps_the_newer_half_whole() -> None:
    """Recent moments keep their full resolution however long the curve is."""
    curve = EnergyCurve(0.0, capacity=64)
    power = [random.Random(4).uniform(0, 500) for _ in range(1000)]
    for number, watts in enumerate(power, start=1):
        curve.append(float(number), watts)
    recent = [joules(curve, float(second), float(second + 1)) for second in range(985, 1000)]

    assert recent == pytest.approx(power[985:])


@given(seed=st.integers(0, 10_000), capacity=st.integers(4, 40), points=st.integers(1, 200))
def test_thinning_changes_no_point_that_remains(seed: int, capacity: int, points: int) -> None:
    """A thinned curve reads every remaining point, and the total, exactly as the full one does."""
    source = random.Random(seed)
    parts = [(source.uniform(0.01, 5.0), source.uniform(0.0, 900.0), source.random()) for _ in range(points)]
    full, thinned = curve_of(parts), curve_of(parts, capacity)

    assert len(thinned) <= max(capacity, 4)
    assert thinned.joules == full.joules
    for time in thinned._time:
        assert thinned.at(time).joules == full.at(time).joules
        assert thinned.at(time).observed == full.at(time).observed
        assert thinned.at(time).variance == full.at(time).variance


@given(seed=st.integers(0, 10_000), capacity=st.integers(4, 40), points=st.integers(1, 200))
def test_half_width_covers_what_thinning_dropped(seed: int, capacity: int, points: int) -> None:
    """At every moment of a thinned curve the truth is within the half-width."""
    source = random.Random(seed)
    parts = [(source.uniform(0.01, 5.0), source.choice([0.0, 80.0, 900.0]), 1.0) for _ in range(points)]
    truth, thinned = curve_of(parts), curve_of(parts, capacity)
    for _ in range(50):
        time = source.uniform(100.0, truth.front)
        edge = thinned.at(time)

        assert abs(edge.joules - truth.at(time).joules) <= edge.half_width * (1 + 1e-9) + 1e-6


@given(
    share=st.floats(0.0, 1.0),
    first=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
    second=st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0)),
)
def test_half_width_covers_any_power_within_the_bounds(
    share: float, first: tuple[float, float], second: tuple[float, float]
) -> None:
    """Whatever power did inside a segment, if it stayed within its bounds the half-width covers it."""
    low, high, seconds = 50.0, 400.0, 2.0
    turn, level = first
    watts = (low + level * (high - low), low + second[0] * (high - low))

    def true_joules(elapsed: float) -> float:
        return watts[0] * min(elapsed, turn * seconds) + watts[1] * max(0.0, elapsed - turn * seconds)

    curve = EnergyCurve(0.0)
    curve.append(seconds, true_joules(seconds), power_bounds=(low, high))
    edge = curve.at(share * seconds)

    assert abs(edge.joules - true_joules(share * seconds)) <= edge.half_width + 1e-9


def test_blur_is_worth_the_power_at_the_edge() -> None:
    """A curve whose points may be half a millisecond off is that many joules wide, by the power there."""
    curve = EnergyCurve(0.0, blur_seconds=0.0005)
    curve.append(1.0, 200.0)
    curve.append(2.0, 200.0)

    assert curve.at(2.0).half_width == pytest.approx(0.1)


@given(a=st.floats(0.0, 1e3), b=st.floats(0.0, 1e3))
def test_two_half_widths_combine_between_the_larger_and_the_sum(a: float, b: float) -> None:
    """Two errors together are never wider than their sum, and never narrower than the larger."""
    assert max(a, b) <= combine_half_widths(a, b) * (1 + 1e-12)
    assert combine_half_widths(a, b) <= a + b


@given(a=st.floats(0.01, 1.0), b=st.floats(0.01, 1.0))
def test_combined_half_width_holds_for_95_of_100(a: float, b: float) -> None:
    """The sum of two independent uniform errors lies within the combined half-width with at least 95 %."""
    width = combine_half_widths(a, b)
    # Beyond `width` the density of the sum falls in a straight line to zero at a + b, on either side.
    outside = 2 * (a + b - width) ** 2 / (8 * a * b)

    assert outside <= 0.05


def test_uncertainty_adds_edges_and_sampling_in_square() -> None:
    """Between two edges count their half-widths and 95 % of the sampling error in between."""
    begin = Edge(0.0, 0.0, 3.0, 10.0, 0.0)
    end = Edge(1.0, 50.0, 0.0, 14.0, 1.0)

    assert uncertainty_between(begin, end) == pytest.approx(math.hypot(3.0, 1.96 * 2.0))


def test_mean_power_is_the_slope_of_the_last_seconds() -> None:
    """Power shown is energy over time up to the front."""
    curve = curve_of([(10.0, 50.0, 1.0), (0.5, 100.0, 1.0), (0.5, 300.0, 1.0)])

    assert curve.mean_power(1.0) == pytest.approx(200.0)


def test_mean_power_of_an_unobserved_stretch_is_unknown() -> None:
    """Power is None, not zero, where nothing was seen, and before there is a curve at all."""
    curve = EnergyCurve(0.0)

    assert curve.mean_power(1.0) is None
    curve.append(60.0, 0.0, observed_seconds=0.0)
    assert curve.mean_power(1.0) is None


@given(where=st.lists(st.floats(0.0, 12.0), min_size=2, max_size=20))
def test_edges_do_not_depend_on_what_was_read_before(where: list[float]) -> None:
    """Read one after another in any order, and between two appends, each edge is that of a curve read only there."""

    def until(seconds: int) -> EnergyCurve:
        curve = EnergyCurve(0.0)
        for second in range(seconds):
            curve.append(second + 1.0, 10.0 + 7 * (second % 3), half_width=0.1 * second, variance=0.5)
        return curve

    curve = until(11)
    for time in where:
        assert curve.at(time) == until(11).at(time)
    curve.append(12.0, 10.0 + 7 * (11 % 3), half_width=1.1, variance=0.5)

    assert [curve.at(time) for time in where] == [until(12).at(time) for time in where]
