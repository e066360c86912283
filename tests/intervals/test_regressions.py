"""Defects that other trackers of workload energy have shown, each as it was seen there, on a book without it."""

import math

import pytest
from doubles.ledger import FailingLedger
from doubles.measured_node import MeasuredNode
from doubles.simulated import Load, SimulatedGpu, SimulatedRapl
from doubles.simulated_group import SimulatedGroup, simulated_zone

from exporter.intervals.interval import Interval, Status
from exporter.intervals.shelf import REMEMBERED
from joulecast.component import Component, SeriesKey

WATTS = 80.0


def constant(watts: float) -> Load:
    """A load that never changes."""
    load = Load(watts)
    load.set(0.0, watts)
    return load


@pytest.mark.parametrize("before_end", [0.0, 0.2, 0.5, 1.5])
def test_wrap_just_before_the_end_is_counted(before_end: float) -> None:
    """50,010 J with a wrap up to 1.5 s before the end are 50,010 J (elsewhere -212,133 J)."""
    load = constant(500.1)
    end = 1400.0
    node = MeasuredNode([SimulatedRapl(load, range_joules=load.between(0.0, end - before_end))])
    node.run_until(end - 100.0)
    interval = node.begin("a")
    node.run_until(end)
    energy = node.end(interval).node

    assert energy.gross_joules == pytest.approx(50_010.0, abs=energy.uncertainty_joules)
    assert energy.coverage == pytest.approx(1.0)


@pytest.mark.parametrize("after_wrap", [0.0, 0.2, 0.5])
def test_begin_just_after_a_wrap_is_not_a_range_too_high(after_wrap: float) -> None:
    """An interval that begins where the counter has just wrapped has its own energy (elsewhere 262 kJ more)."""
    load = constant(500.1)
    begin = 1400.0
    node = MeasuredNode([SimulatedRapl(load, range_joules=load.between(0.0, begin - after_wrap))])
    node.run_until(begin)
    interval = node.begin("a")
    node.run_for(10.0)
    energy = node.end(interval).node

    assert energy.gross_joules == pytest.approx(5001.0, abs=energy.uncertainty_joules)


@pytest.mark.parametrize("sensor", [SimulatedRapl, SimulatedGpu])
def test_constant_power_for_ten_seconds_is_not_zero(sensor: type[SimulatedRapl | SimulatedGpu]) -> None:
    """300 W for 10 s are 3000 J (elsewhere 0 J, equal samples being dropped)."""
    node = MeasuredNode([sensor(constant(300.0))])
    node.run_for(10.0)
    interval = node.begin("a")
    node.run_for(10.0)
    energy = node.end(interval).node

    assert energy.gross_joules == pytest.approx(3000.0, rel=0.01)


def test_step_inside_an_interval_keeps_its_edges() -> None:
    """80, 400 and 80 W make all of their energy, at the edges too (elsewhere 1680 J of 3040)."""
    load = constant(80.0)
    load.set(1011.0, 400.0)
    load.set(1018.0, 80.0)
    node = MeasuredNode([SimulatedRapl(load)])
    node.run_until(1010.0)
    interval = node.begin("a")
    node.run_until(1020.0)
    energy = node.end(interval).node

    assert load.between(1010.0, 1020.0) == 3040.0
    assert energy.gross_joules == pytest.approx(3040.0, abs=energy.uncertainty_joules)


def test_nested_interval_leaves_the_outer_one_its_baseline(node: MeasuredNode) -> None:
    """An inner interval in the middle of 10 s halves neither energy nor duration of the outer (elsewhere both)."""
    outer = node.begin("outer")
    node.run_for(5.0)
    inner = node.begin("inner")
    node.run_for(2.0)
    inner_energy = node.end(inner).node
    node.run_until(outer.begin + 10.0)
    outer_energy = node.end(outer).node

    assert outer.duration_seconds == pytest.approx(10.0)
    assert outer_energy.gross_joules == pytest.approx(WATTS * 10.0, abs=0.5)
    assert inner_energy.gross_joules == pytest.approx(WATTS * 2.0, abs=0.5)


def test_later_interval_has_its_own_power() -> None:
    """A quiet minute followed by a busy one is not a mean over both (elsewhere 1 W beside 8 W of energy)."""
    load = constant(20.0)
    load.set(1070.0, 300.0)
    node = MeasuredNode([SimulatedRapl(load)])
    node.run_until(1010.0)
    quiet = node.begin("quiet")
    node.run_until(1070.0)
    node.book.end(request_id="quiet")
    busy = node.begin("busy")
    node.run_until(1080.0)
    node.book.end(request_id="busy")

    assert [_mean_watts(node, interval) for interval in (quiet, busy)] == [
        pytest.approx(20.0, abs=0.1),
        pytest.approx(300.0, abs=0.5),
    ]


def test_package_and_dram_are_both_counted_and_the_cores_are_not() -> None:
    """200 J of package and 60 J of DRAM are 260 J (elsewhere 200 J, or with an estimate of RAM on top)."""
    package, dram = constant(20.0), constant(6.0)
    zones = [
        SimulatedRapl(package),
        simulated_zone(dram, SeriesKey(Component.DRAM, "0", "dram")),
        simulated_zone(package, SeriesKey(Component.CPU, "0", "core")),
    ]
    node = MeasuredNode([SimulatedGroup(zones)])
    node.run_for(5.0)
    interval = node.begin("a")
    node.run_for(10.0)
    account = node.end(interval)

    assert account.node.gross_joules == pytest.approx(260.0, abs=0.2)
    assert {part: round(energy.gross_joules or math.nan) for part, energy in account.components.items()} == {
        Component.CPU: 200,
        Component.DRAM: 60,
    }


def test_total_holds_the_cpu_beside_the_gpu() -> None:
    """What is called the node's energy is that of all its parts (elsewhere the GPU's alone)."""
    node = MeasuredNode([SimulatedRapl(constant(100.0)), SimulatedGpu(constant(200.0), phase=0.03)])
    node.run_for(10.0)
    interval = node.begin("a")
    node.run_for(10.0)

    assert node.end(interval).node.gross_joules == pytest.approx(3000.0, rel=0.01)


def test_interval_shorter_than_a_tick_is_not_zero() -> None:
    """50 ms on a GPU whose counter ticks every 100 ms have an energy, an uncertainty and a warning, not 0 J."""
    node = MeasuredNode([SimulatedGpu(constant(300.0), phase=0.03)])
    node.run_for(10.0)
    interval = node.begin("a")
    node.run_for(0.05)
    energy = node.end(interval).node

    assert energy.gross_joules is not None
    assert energy.gross_joules > 0
    assert abs(energy.gross_joules - 15.0) <= energy.uncertainty_joules
    assert energy.below_resolution


def test_thousands_of_intervals_in_a_row_fill_no_stack_and_no_memory(node: MeasuredNode, ledger: FailingLedger) -> None:
    """After thousands of intervals all are stored, and only the latest are at hand (elsewhere RecursionError)."""
    count = REMEMBERED + 500
    for number in range(count):
        interval = node.begin(str(number))
        node.run_for(0.002)
        node.book.end(interval_id=interval.interval_id)
    node.run_for(3.0)

    assert len(ledger.intervals) == count
    assert {each.status for each in ledger.intervals.values()} == {Status.FINISHED}
    assert len(node.book._shelf) == 0
    assert len(node.book._shelf._recent) == REMEMBERED


def test_no_sensors_is_no_error_and_no_zero() -> None:
    """Without any sensor intervals are kept, and their energy is unknown (elsewhere a TypeError, or 0)."""
    node = MeasuredNode([])
    interval = node.begin("a")
    node.run_for(1.0)
    account = node.end(interval)

    assert (account.node.gross_joules, account.components, list(account.devices)) == (None, {}, [])


def test_killed_run_leaves_its_interval(node: MeasuredNode, ledger: FailingLedger) -> None:
    """Killed 4 s into an interval, it is in the store, open (elsewhere no file at all)."""
    interval = node.begin("a", name="train")
    node.run_for(4.0)

    assert [(each.interval_id, each.tag.name) for each in ledger.unsettled()] == [(interval.interval_id, "train")]


def _mean_watts(node: MeasuredNode, interval: Interval) -> float:
    gross = node.settled(interval).node.gross_joules
    assert gross is not None
    return gross / (interval.duration_seconds or math.nan)
