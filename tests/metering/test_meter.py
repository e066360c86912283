"""Meters: a counter's differences, a power sensor's trapezoids, each honest about when it was read."""

import math

import pytest
from doubles.series import a_counter, a_gpu, a_power_sensor
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.counter import Refusal
from exporter.metering.counting import CounterMeter
from exporter.metering.fusion import FusedMeter
from exporter.metering.integration import PowerMeter
from exporter.metering.meter import MAX_POWER_GAP_SECONDS, SHAPELESS_SECONDS, Anchor, Meter
from exporter.metering.meters import make_meter
from exporter.sensors.sensor import Reading


def feed_power(meter: Meter, samples: list[tuple[float, float]]) -> list[Refusal | None]:
    """Feed a power sensor's samples: time and watts."""
    return [meter.feed(time, Reading(meter.series, watts=watts)) for time, watts in samples]


def feed_counter(meter: Meter, samples: list[tuple[float, float]]) -> list[Refusal | None]:
    """Feed a counter's samples: time and joules."""
    return [meter.feed(time, Reading(meter.series, joules=joules)) for time, joules in samples]


def coverage(meter: Meter, begin: float, end: float) -> float:
    """Share of [begin, end] that was observed."""
    return (meter.curve.at(end).observed - meter.curve.at(begin).observed) / (end - begin)


def test_the_quantity_decides_the_meter() -> None:
    """A series is metered by what its type says it is, and goes on from what was counted before."""
    made = [make_meter(series, 10.0, joules=5.0) for series in (a_counter(), a_power_sensor(), a_gpu())]

    assert [type(meter) for meter in made] == [CounterMeter, PowerMeter, FusedMeter]
    assert [meter.curve.joules for meter in made] == [5.0, 5.0, 5.0]


def test_counter_curve_follows_the_counter() -> None:
    """Energy is the difference of the counter, and the time before its first reading is not observed."""
    meter = make_meter(a_counter(), 0.0)
    feed_counter(meter, [(1.0, 500.0), (2.0, 580.0), (4.0, 700.0)])

    assert meter.curve.joules == 200.0
    assert coverage(meter, 0.0, 1.0) == 0.0
    assert coverage(meter, 1.0, 4.0) == 1.0


def test_counter_is_placed_half_a_refresh_back() -> None:
    """A counter shows its last refresh, on average half a period old: that is where its point is put."""
    meter = make_meter(a_counter(update_seconds=0.1), 0.0)
    feed_counter(meter, [(1.0, 0.0), (2.0, 100.0), (3.0, 200.0), (4.0, 300.0)])

    assert meter.curve.front == pytest.approx(3.95)
    assert meter.curve.at(3.95).half_width == pytest.approx(100.0 * (0.05 + 0.1 * 0.1 / 0.9))


@given(phase=st.floats(0.0, 0.0999), watts=st.floats(1.0, 900.0), length=st.floats(0.5, 20.0))
def test_counter_point_covers_the_refresh_it_stands_for(phase: float, watts: float, length: float) -> None:
    """Wherever the refreshes of a counter lie, the truth at each point is within its half-width."""
    meter = make_meter(a_counter(update_seconds=0.1), 0.0)
    begin, end = 1.0, 1.0 + length
    refreshed = [math.floor((time - phase) / 0.1) * 0.1 + phase for time in (begin, end)]
    feed_counter(meter, [(time, watts * refresh) for time, refresh in zip((begin, end), refreshed, strict=True)])
    first, last = meter.curve.at(begin - 0.05), meter.curve.at(end - 0.05)

    # The first point stands for zero wherever its refresh was, so its error is in the difference.
    error = abs(last.joules - first.joules - watts * length)
    assert error <= 2 * 0.05 * watts + 1e-6
    assert error <= first.half_width + last.half_width + 1e-6


def test_slow_read_widens_the_point() -> None:
    """A read that took a while may have happened anywhere in it."""
    meter = make_meter(a_counter(), 0.0)
    meter.feed(1.0, Reading(meter.series, joules=0.0))
    meter.feed(2.0, Reading(meter.series, joules=100.0), 0.02)

    assert meter.curve.at(2.0).half_width == pytest.approx(1.0)


def test_nothing_is_claimed_inside_a_long_step() -> None:
    """Inside a step of a minute power may have been anything: an edge there is as wide as that allows."""
    meter = make_meter(a_counter(), 0.0)
    feed_counter(meter, [(1.0, 0.0), (2.0, 80.0), (62.0, 80.0 + 60 * 200.0)])
    edge = meter.curve.at(32.0)

    assert meter.curve.front - 2.0 > SHAPELESS_SECONDS
    assert edge.half_width >= 30.0 * 200.0  # all of it may have come before, or all after


@pytest.mark.parametrize("garbage", [math.nan, math.inf, -math.inf])
def test_counter_that_is_no_number_is_refused(garbage: float) -> None:
    """What is not a number is refused and leaves the curve alone."""
    meter = make_meter(a_counter(), 0.0)
    feed_counter(meter, [(1.0, 0.0)])

    assert feed_counter(meter, [(2.0, garbage)]) == [Refusal.IMPOSSIBLE]
    assert feed_counter(meter, [(3.0, 90.0)]) == [None]
    assert meter.curve.joules == 90.0


def test_reading_without_its_quantity_says_nothing() -> None:
    """A reading that lacks what the meter lives on is neither a value nor a refusal."""
    meters = [make_meter(series, 0.0) for series in (a_counter(), a_power_sensor(), a_gpu())]

    assert [meter.feed(1.0, Reading(meter.series)) for meter in meters] == [None, None, None]
    assert [len(meter.curve) for meter in meters] == [1, 1, 1]


def test_resumed_counter_spans_the_absence() -> None:
    """What a counter gained while nobody looked is energy, and the time counts as observed."""
    meter = make_meter(a_counter(), 100.0, joules=40.0, observed=9.0)
    meter.resume(Anchor(100.0, 7000.0, 40.0))
    feed_counter(meter, [(160.0, 7600.0)])

    assert (meter.curve.joules, meter.curve.at(160.0).observed) == (640.0, 69.0)
    assert meter.anchor == Anchor(160.0, 7600.0, 640.0)


def test_power_is_integrated_by_trapezoids() -> None:
    """Energy of a power sensor is the area under its samples."""
    meter = make_meter(a_power_sensor(), 0.0)
    feed_power(meter, [(1.0, 100.0), (2.0, 200.0), (4.0, 200.0)])

    assert meter.curve.joules == pytest.approx(150.0 + 400.0)


@given(
    samples=st.lists(st.tuples(st.floats(0.001, MAX_POWER_GAP_SECONDS - 0.001), st.floats(0.0, 1000.0)), max_size=50)
)
def test_power_energy_is_the_area(samples: list[tuple[float, float]]) -> None:
    """Whatever the samples, what is integrated is exactly the area of the trapezoids between them."""
    meter = make_meter(a_power_sensor(), 0.0)
    time, area, last = 1.0, 0.0, 50.0
    feed_power(meter, [(time, last)])
    for seconds, watts in samples:
        time += seconds
        area += seconds * (last + watts) / 2
        last = watts
        feed_power(meter, [(time, watts)])

    assert meter.curve.joules == pytest.approx(area, rel=1e-9, abs=1e-9)


def test_silence_of_a_power_sensor_is_a_gap() -> None:
    """A power sensor that was silent gives no energy for that time, and lower coverage: never its last value."""
    meter = make_meter(a_power_sensor(), 0.0)
    feed_power(meter, [(0.5, 100.0), (1.0, 100.0), (31.0, 100.0), (32.0, 100.0)])

    assert meter.curve.joules == pytest.approx(150.0)
    assert coverage(meter, 1.0, 31.0) == 0.0
    assert coverage(meter, 31.0, 32.0) == 1.0


def test_averaged_power_stands_for_the_middle_of_its_window() -> None:
    """A one-second mean read at t tells of t - 0.5 s."""
    meter = make_meter(a_power_sensor(averaging_seconds=1.0), 0.0)
    feed_power(meter, [(1.0, 100.0), (2.0, 100.0)])

    assert meter.latency_seconds == 0.5
    assert meter.curve.front == 1.5


def test_mean_since_the_last_reading_is_that_energy() -> None:
    """A model that reports the mean since its last reading is not smoothed again."""
    meter = make_meter(a_power_sensor(is_mean=True), 0.0)
    feed_power(meter, [(1.0, 500.0), (2.0, 100.0), (3.0, 300.0)])

    assert meter.curve.joules == pytest.approx(400.0)


@pytest.mark.parametrize("watts", [math.nan, math.inf, -1.0, 1000.1])
def test_impossible_power_is_refused(watts: float) -> None:
    """Power that nothing here can draw is refused, and the area goes on over it."""
    meter = make_meter(a_power_sensor(), 0.0)
    outcomes = feed_power(meter, [(1.0, 100.0), (2.0, watts), (3.0, 100.0)])

    assert outcomes == [None, Refusal.IMPOSSIBLE, None]
    assert meter.curve.joules == 200.0


def test_sampling_error_grows_with_the_swing() -> None:
    """Between two equal samples nothing is doubted; between different ones a step may have been anywhere."""
    meter = make_meter(a_power_sensor(), 0.0)
    feed_power(meter, [(1.0, 100.0), (2.0, 100.0), (3.0, 400.0)])

    assert meter.curve.at(2.0).variance == 0.0
    assert meter.curve.at(3.0).variance == pytest.approx(300.0**2 / 12)


def test_power_sensor_has_nothing_to_resume() -> None:
    """What no counter counted is lost in an absence, and the gap says so."""
    meter = make_meter(a_power_sensor(), 100.0, joules=40.0)
    meter.resume(Anchor(100.0, 0.0, 40.0))
    feed_power(meter, [(160.0, 50.0), (161.0, 50.0)])

    assert meter.anchor is None
    assert meter.curve.joules == 90.0
    assert coverage(meter, 100.0, 160.0) == 0.0
