"""A counter that ticks every 100 ms and fine power samples become one curve: right by the counter, placed by power."""

import random

import pytest
from doubles.series import a_gpu
from doubles.simulated import Load, SimulatedGpu, square_wave
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.metering.counter import Refusal
from exporter.metering.curve import uncertainty_between
from exporter.metering.fusion import LOOK_AHEAD_SECONDS, MAX_SAMPLES, FusedMeter
from exporter.metering.meter import Anchor
from exporter.metering.meters import make_meter
from exporter.sensors.sensor import Reading

START = 1000.0


def a_meter(sensor: SimulatedGpu, start: float = START) -> FusedMeter:
    """The meter of a simulated GPU."""
    meter = make_meter(sensor.series, start)
    assert isinstance(meter, FusedMeter)
    return meter


def play(
    meter: FusedMeter, sensor: SimulatedGpu, begin: float, end: float, *, step: float = 0.02, offset: float = 0.0
) -> None:
    """Read the sensor from `begin` to `end`, its counter shifted by `offset` joules."""
    for number in range(round((end - begin) / step) + 1):
        time = begin + number * step
        for reading in sensor.read(time):
            assert isinstance(reading, Reading)
            joules = None if reading.joules is None else reading.joules + offset
            meter.feed(time, Reading(sensor.series, joules, reading.watts))


def joules(meter: FusedMeter, begin: float, end: float) -> float:
    """E(begin, end)."""
    return meter.curve.at(end).joules - meter.curve.at(begin).joules


def coverage(meter: FusedMeter, begin: float, end: float) -> float:
    """Share of [begin, end] that was observed."""
    return (meter.curve.at(end).observed - meter.curve.at(begin).observed) / (end - begin)


def constant(watts: float) -> Load:
    """A load that never changes."""
    load = Load(watts)
    load.set(0.0, watts)
    return load


def test_curve_is_final_a_look_ahead_behind() -> None:
    """A moment is placed once polls after it are in, as the meter's latency says."""
    sensor = SimulatedGpu(constant(100.0))
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 3.0)

    assert meter.latency_seconds == LOOK_AHEAD_SECONDS
    assert meter.curve.front == pytest.approx(START + 3.0 - LOOK_AHEAD_SECONDS, abs=0.021)


def test_time_before_the_first_sample_is_not_observed() -> None:
    """What happened before the sensor was first read is a gap."""
    sensor = SimulatedGpu(constant(100.0))
    meter = a_meter(sensor)
    play(meter, sensor, START + 5.0, START + 8.0)

    assert coverage(meter, START, START + 5.0) == 0.0
    assert coverage(meter, START + 5.0, START + 7.0) == 1.0


@given(
    phase=st.floats(0.0, 0.0999), watts=st.floats(10.0, 900.0), length=st.floats(0.2, 5.0), step=st.floats(0.011, 0.13)
)
@settings(max_examples=50)
def test_constant_power_is_known_far_below_one_tick(phase: float, watts: float, length: float, step: float) -> None:
    """Of constant power both edges are where they are said to be, and that is well within the energy of a tick."""
    sensor = SimulatedGpu(constant(watts), phase=phase)
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 9.0, step=step)
    begin, end = meter.curve.at(START + 2.5), meter.curve.at(START + 2.5 + length)

    # Of two edges 95 % lie within less than this sum; all of them lie within it.
    sure = begin.half_width + end.half_width + 2 * sensor.series.resolution_joules
    assert abs(end.joules - begin.joules - watts * length) <= sure
    assert uncertainty_between(begin, end) < 0.1 * watts


@given(seed=st.integers(0, 100_000))
@settings(max_examples=30)
def test_counter_never_decreases_whatever_happens(seed: int) -> None:
    """Under glitches, resets, gaps and missing values the curve only rises, and no faster than is possible."""
    source = random.Random(seed)
    load = Load(80.0)
    square_wave(load, START, START + 60.0, high=source.uniform(100, 900), low=50.0, half_period=source.uniform(0.05, 2))
    sensor = SimulatedGpu(load, phase=source.random() * 0.1, power_gain=source.uniform(0.9, 1.1))
    meter = a_meter(sensor)
    time, offset, last = START, 1e6, 0.0
    for _ in range(400):
        time += source.choice([0.02, 0.13, 0.13, source.uniform(0.01, 8.0)])
        if source.random() < 0.01:
            offset = -load.joules(time)
        for reading in sensor.read(time):
            assert isinstance(reading, Reading)
            counted = None if reading.joules is None else reading.joules + offset
            counted = source.choice([counted] * 20 + [0.0, 9e9, None])
            watts = source.choice([reading.watts] * 20 + [None, 5000.0])
            meter.feed(time, Reading(sensor.series, counted, watts))

        assert meter.curve.joules >= last
        last = meter.curve.joules

    assert last <= sensor.series.max_watts * (time - START)


def test_step_inside_a_tick_is_placed_by_power() -> None:
    """A load that begins between two ticks of the counter is put where the power samples saw it."""
    load = constant(50.0)
    load.set(START + 3.05, 500.0)
    sensor = SimulatedGpu(load, phase=0.0)
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 6.0)
    begin, end = START + 2.9, START + 3.05
    width = uncertainty_between(meter.curve.at(begin), meter.curve.at(end))

    assert abs(joules(meter, begin, end) - 50.0 * 0.15) <= width
    assert width < 0.5 * 45.0  # half of what one tick holds more


def test_gain_between_counter_and_power_is_learnt() -> None:
    """A power sensor 8 % low is scaled to the counter, which is what counts."""
    sensor = SimulatedGpu(constant(200.0), power_gain=1 / 1.08)
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 40.0)

    assert meter.gain.ratio == pytest.approx(1.08, abs=0.015)
    assert joules(meter, START + 30.0, START + 31.0) == pytest.approx(200.0, abs=4.0)


def test_power_alone_carries_on_while_the_counter_is_silent() -> None:
    """Without polls nearby the curve follows the power samples on the counter's scale."""
    sensor = SimulatedGpu(constant(200.0))
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 5.0)
    for number in range(1, 500):
        meter.feed(START + 5.0 + 0.02 * number, Reading(sensor.series, watts=200.0))

    assert joules(meter, START + 1.0, START + 14.0) == pytest.approx(200.0 * 13.0, abs=8.0)
    assert coverage(meter, START + 1.0, START + 14.0) == pytest.approx(1.0)


def test_counter_spans_a_silence() -> None:
    """A GPU that did not answer for a minute has its energy counted, and all of the time was covered by its counter."""
    load = constant(80.0)
    load.set(START + 11.0, 400.0)
    load.set(START + 69.0, 80.0)
    sensor = SimulatedGpu(load)
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 10.0)
    play(meter, sensor, START + 70.0, START + 80.0)

    assert joules(meter, START + 5.0, START + 75.0) == pytest.approx(
        load.between(START + 5.0, START + 75.0), abs=0.1 * 80.0
    )
    assert coverage(meter, START + 5.0, START + 75.0) == pytest.approx(1.0)


def test_nothing_is_claimed_inside_a_silence() -> None:
    """An edge inside a minute without readings is as wide as its energy allows."""
    load = constant(80.0)
    load.set(START + 60.0, 400.0)
    load.set(START + 69.0, 80.0)
    sensor = SimulatedGpu(load)
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 10.0)
    play(meter, sensor, START + 70.0, START + 80.0)
    begin, end = START + 5.0, START + 60.0
    width = uncertainty_between(meter.curve.at(begin), meter.curve.at(end))

    assert abs(joules(meter, begin, end) - load.between(begin, end)) <= width


def test_reset_in_a_silence_is_not_covered() -> None:
    """After a driver reload the counter knows nothing of the minute before: coverage says so, nothing is made up."""
    sensor = SimulatedGpu(constant(100.0))
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 10.0)
    play(meter, sensor, START + 70.0, START + 90.0, offset=-100.0 * (START + 60.0))  # it began anew at START + 60
    begin, end = START + 5.0, START + 85.0

    assert coverage(meter, begin, end) == pytest.approx(20.0 / 80.0, abs=0.01)
    # What the new counter shows is energy; what was before it is not known.
    assert joules(meter, begin, end) == pytest.approx(100.0 * 30.0, rel=0.02)


def test_reset_while_sampling_costs_a_step() -> None:
    """A counter reset between two polls is bridged: the error is within one sampling step, and within the bar."""
    sensor = SimulatedGpu(constant(100.0))
    meter = a_meter(sensor)
    play(meter, sensor, START, START + 10.0, step=0.13)
    play(meter, sensor, START + 10.13, START + 20.0, step=0.13, offset=-100.0 * (START + 10.07))
    begin, end = START + 5.0, START + 15.0
    error = abs(joules(meter, begin, end) - 100.0 * 10.0)

    assert error <= 100.0 * 0.26
    assert error <= uncertainty_between(meter.curve.at(begin), meter.curve.at(end))


def test_impossible_values_are_refused_one_by_one() -> None:
    """Garbage in the power leaves the counter of the same reading alone, and the other way round."""
    meter = a_meter(SimulatedGpu(constant(100.0)))
    series = meter.series

    assert meter.feed(START + 0.1, Reading(series, joules=500.0, watts=100.0)) is None
    assert meter.feed(START + 0.2, Reading(series, joules=510.0, watts=-5.0)) is Refusal.IMPOSSIBLE
    assert meter.anchor == Anchor(START + 0.2, 510.0, 10.0)
    assert meter.feed(START + 0.3, Reading(series, joules=9e9, watts=100.0)) is Refusal.JUMP
    assert meter.feed(START + 0.4, Reading(series, joules=float("nan"), watts=100.0)) is Refusal.IMPOSSIBLE
    assert meter.feed(START + 0.5, Reading(series, joules=540.0, watts=100.0)) is None
    assert meter.anchor == Anchor(START + 0.5, 540.0, 40.0)


def test_busy_gpu_near_its_bound_is_believed() -> None:
    """At nine tenths of the bound no poll is refused, although some of them see two ticks at once."""
    sensor = SimulatedGpu(constant(0.9 * 1050.0))
    meter = a_meter(sensor)
    refusals = [meter.feed(START + 0.13 * n, *sensor.read(START + 0.13 * n)) for n in range(200)]  # type: ignore[arg-type]

    assert refusals == [None] * 200


def test_restart_goes_on_where_the_counter_stopped() -> None:
    """A meter resumed on the same boot counts what the GPU drew meanwhile, and no more."""
    sensor = SimulatedGpu(constant(150.0))
    first = a_meter(sensor)
    play(first, sensor, START, START + 10.0)
    edge, anchor = first.curve.at(first.curve.front), first.anchor
    assert anchor is not None
    second = make_meter(sensor.series, edge.time, joules=edge.joules, observed=edge.observed)
    assert isinstance(second, FusedMeter)
    second.resume(anchor)
    play(second, sensor, START + 40.0, START + 50.0)
    end = START + 45.0

    counted = second.curve.at(end).joules - first.curve.at(START + 5.0).joules
    assert counted == pytest.approx(150.0 * 40.0, abs=0.1 * 150.0)
    assert second.curve.at(end).observed - first.curve.at(START + 5.0).observed == pytest.approx(40.0)


def test_memory_is_bounded() -> None:
    """Neither days of samples nor a counter without power fill the memory."""
    meter = make_meter(a_gpu(), 0.0)
    assert isinstance(meter, FusedMeter)
    for number in range(1, 20_000):
        meter.feed(number * 0.13, Reading(meter.series, number * 13.0, 100.0))
    for number in range(20_000, 25_000):
        meter.feed(number * 0.13, Reading(meter.series, joules=number * 13.0))

    assert len(meter._samples) == len(meter._times) <= MAX_SAMPLES + 1
    assert len(meter._polls) <= MAX_SAMPLES
    assert len(meter._waiting) <= MAX_SAMPLES
    assert len(meter.curve) <= 2048
