"""Defects that other energy meters have shown, each as it was seen there, on meters that do not have it."""

from collections.abc import Sequence

import pytest
from doubles.clock import FakeClock
from doubles.scripted_sensor import ScriptedSensor
from doubles.series import GPU, PACKAGE, a_counter, a_gpu, a_power_sensor

from exporter.metering.cadence import Pace
from exporter.metering.lane import Lane
from exporter.metering.meter import Meter
from exporter.metering.meters import make_meter
from exporter.metering.node import NodeMeter
from exporter.sensors.sensor import Finding, Reading, SensorFailed
from joulecast.component import Component, SeriesKey

DRAM = SeriesKey(Component.DRAM, "0", "dram")
UINT64 = 2.0**64


def energy(meter: Meter, begin: float, end: float) -> float:
    """E(begin, end)."""
    return meter.curve.at(end).joules - meter.curve.at(begin).joules


def powered(samples: Sequence[tuple[float, float]]) -> Meter:
    """A power meter fed with samples: time and watts."""
    meter = make_meter(a_power_sensor(), 0.0)
    for time, watts in samples:
        meter.feed(time, Reading(meter.series, watts=watts))
    return meter


def test_constant_power_is_not_dropped_as_a_duplicate() -> None:
    """300 W for 10 s are 3000 J, although every sample equals the one before (elsewhere 0 J)."""
    meter = powered([(0.1 * number, 300.0) for number in range(1, 121)])

    assert energy(meter, 1.0, 11.0) == pytest.approx(3000.0)


def test_constant_power_beside_a_counter_is_not_dropped_either() -> None:
    """The same for a GPU that gives a counter and equal power samples."""
    meter = make_meter(a_gpu(), 0.0)
    for number in range(1, 131):
        meter.feed(0.1 * number, Reading(meter.series, joules=30.0 * (number // 2 * 2), watts=300.0))

    assert energy(meter, 1.0, 11.0) == pytest.approx(3000.0, abs=30.0)


def test_step_up_and_down_keeps_its_energy() -> None:
    """80, 400 and 80 W are all in the sum, not only what changed (elsewhere 1680 J of 3040)."""
    levels = [80.0] * 10 + [400.0] * 70 + [80.0] * 20
    meter = powered([(0.1 * number, levels[number]) for number in range(1, len(levels))])
    truth = 70 * 0.1 * 400.0 + 10 * 0.1 * 80.0

    assert energy(meter, 1.0, 9.0) == pytest.approx(truth, abs=0.1 * 320.0)


def test_one_sample_a_second_keeps_the_edges() -> None:
    """Of 10 s between samples of 1 Hz the first and the last part are counted (elsewhere 2705 J of 3005)."""
    meter = powered([(float(second), 300.0) for second in range(14)])

    assert energy(meter, 1.55, 11.55) == pytest.approx(3000.0)


def test_two_samples_inside_are_not_needed() -> None:
    """An interval between two samples has its energy, and not zero for being short."""
    meter = powered([(float(second), 300.0) for second in range(14)])

    assert energy(meter, 5.2, 5.3) == pytest.approx(30.0)


@pytest.mark.parametrize("spike", [9_000.0, 300_000.0, 1e15, UINT64 * 1e-6, (UINT64 - 5.0) * 1e-6])
def test_implausible_counter_never_enters(spike: float) -> None:
    """9 kW on a 35 W machine, 300 kW at boot, petajoules and an underflown counter are refused and told."""
    series = a_counter(max_watts=90.0)
    node = NodeMeter(FakeClock(), "boot-1", stale_seconds=3.0)
    node.adopt(Finding("rapl", "found", (series,)))
    refusals = [
        node.feed(1001.0 + second, Reading(series, joules=joules), 0.0)
        for second, joules in enumerate([1000.0, 1035.0, 1000.0 + spike, 1105.0, 1140.0])
    ]

    assert refusals == [None, None, "jump", None, None]
    assert node.meters()[0].curve.joules == 140.0


def test_implausible_power_never_enters() -> None:
    """A power reading above what the component can draw is refused, and the area closes over it."""
    meter = powered([(1.0, 35.0), (2.0, 9_000.0), (3.0, 35.0), (4.0, -1.0), (5.0, 35.0)])

    assert energy(meter, 1.0, 5.0) == pytest.approx(140.0)


def test_every_zone_wraps_at_its_own_range() -> None:
    """A package of 262 kJ and a DRAM zone of 65.7 kJ wrap where each does, not at one range for all."""
    package = a_counter(range_joules=262_143.328850)
    dram = a_counter(key=DRAM, range_joules=65_712.999613)
    clock = FakeClock(monotonic=0.0)
    node = NodeMeter(clock, "boot-1", stale_seconds=3.0)
    node.adopt(Finding("rapl", "found", (package, dram)))
    burnt = {package: 200_000.0, dram: 60_000.0}
    for _ in range(301):
        clock.advance(1.0)
        for series, watts in ((package, 300.0), (dram, 40.0)):
            assert series.range_joules is not None
            assert (
                node.feed(clock.monotonic(), Reading(series, joules=burnt[series] % series.range_joules), 0.0) is None
            )
            burnt[series] += watts
    curves = {meter.series.key: meter.curve.joules for meter in node.meters()}

    assert curves == {PACKAGE: pytest.approx(90_000.0), DRAM: pytest.approx(12_000.0)}


def test_several_wraps_between_two_reads_are_a_gap() -> None:
    """What may have wrapped twice while nobody read is not guessed: no energy, and no coverage."""
    meter = make_meter(a_counter(range_joules=65_712.999613), 0.0)
    for time, joules in ((1.0, 0.0), (2.0, 300.0), (602.0, 48_874.0), (603.0, 49_174.0)):
        meter.feed(time, Reading(meter.series, joules=joules))

    assert meter.curve.joules == 600.0
    assert meter.curve.at(603.0).observed == pytest.approx(2.0)


def test_driver_trouble_leaves_no_stale_and_no_zero_value() -> None:
    """After a GPU's driver went away its power is absent: neither the last value nor 0 W, and its energy stays."""
    clock = FakeClock()
    node = NodeMeter(clock, "boot-1", stale_seconds=3.0)
    gpu = a_gpu()
    sensor = ScriptedSensor(gpu)
    lane = Lane(sensor, Pace.fused(1.0, 0.5), clock, node.feed, node.adopt)
    lane.discover()
    for number in range(100):
        sensor.joules[gpu], sensor.watts[gpu] = 30.0 * number, 300.0
        lane.step()
        clock.advance(0.1)
    well = node.states()[0]
    sensor.failure = SensorFailed("the driver went away")
    for _ in range(10):
        lane.step()
        clock.advance(1.0)
    lost = node.states()[0]

    assert well.watts == pytest.approx(300.0, rel=0.05)
    assert (lost.watts, lost.uncertainty_watts, lost.joules) == (None, None, well.joules)
    assert node.node([lost]).watts is None


def test_exported_counter_never_goes_down() -> None:
    """A driver reload puts a GPU's counter back to zero; ours only rises, and nothing is lost but the dark step."""
    clock = FakeClock()
    node = NodeMeter(clock, "boot-1", stale_seconds=3.0)
    gpu = a_counter(key=GPU, sensor="nvml")
    node.adopt(Finding("nvml", "found", (gpu,)))
    seen = []
    for second in range(60):
        clock.advance(1.0)
        node.feed(
            clock.monotonic(), Reading(gpu, joules=5e6 + 300.0 * second if second < 30 else 300.0 * (second - 30)), 0.0
        )
        seen.append(node.meters()[0].curve.joules)

    assert seen == sorted(seen)
    assert seen[-1] == pytest.approx(300.0 * 59, abs=300.0)


def test_late_read_does_not_inflate_power() -> None:
    """Power is energy over the time that really passed, not over a nominal period."""
    meter = make_meter(a_counter(), 0.0)
    for time in (1.0, 2.0, 3.7, 4.0):
        meter.feed(time, Reading(meter.series, joules=100.0 * time))

    assert meter.curve.mean_power(1.0) == pytest.approx(100.0)
