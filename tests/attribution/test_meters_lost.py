"""Curves that count less than the bill has of them: after a power cut, a loss of the meters' memory, a fault."""

import pytest
from doubles.attributed_machine import AttributedMachine, joules, line

from joulecast.component import Component

CPU, GPU = Component.CPU, Component.GPU


def a_billed_machine(*, idle_watts: float) -> AttributedMachine:
    """Two sockets and a GPU of 20 W each, ten seconds long; one container uses the CPUs."""
    machine = AttributedMachine()
    curves = (machine.cpu("0"), machine.cpu("1"), machine.gpu("GPU-1"))
    machine.idle_watts = {curve.series.key: idle_watts for curve in curves}
    machine.container("web")
    machine.tick()
    for _ in range(10):
        machine.use_cpu("web", 1.0)
        for curve in curves:
            curve.joules += 20.0
        machine.tick()
    return machine


def test_a_power_cut_costs_the_seconds_the_meters_lost() -> None:
    """Meters that come back some seconds older than the bill take those from what is nobody's: no line goes down."""
    machine = a_billed_machine(idle_watts=8.0)
    machine.cpu("0").joules -= 40.0
    machine.gpu("GPU-1").joules -= 40.0
    machine.restart()
    bill = machine.tick()

    assert line(bill, "web").cpu == pytest.approx(2 * 10 * 12.0)
    assert bill.idle[CPU] == pytest.approx(2 * 80.0 - 40.0)
    assert bill.unattributed[GPU] == pytest.approx(120.0 - 40.0)
    for component, total in ((CPU, 360.0), (GPU, 160.0)):
        assert joules(bill, component) == pytest.approx(total, rel=1e-9)
    machine.use_cpu("web", 1.0)
    machine.cpu("0").joules += 20.0
    assert line(machine.tick(), "web").cpu == pytest.approx(252.0)


def test_what_is_more_than_nobodys_begins_the_bill_anew() -> None:
    """Where the meters lost more than was nobody's, lines cannot stay: the bill begins anew, and balances."""
    machine = a_billed_machine(idle_watts=0.0)
    machine.cpu("0").joules -= 40.0
    machine.restart()
    bill = machine.tick()

    assert line(bill, "web").cpu == 0.0
    assert joules(bill, CPU) == pytest.approx(360.0, rel=1e-9)
    assert joules(bill, GPU) == pytest.approx(200.0, rel=1e-9)


def test_a_loss_that_shows_late_charges_nobody_for_the_past() -> None:
    """When a curve that is found minutes after the start has lost everything, the past of the others is nobody's."""
    machine = a_billed_machine(idle_watts=0.0)
    late = machine.cpu("1")
    del machine.curves[late.series.key]
    machine.restart()
    machine.tick()
    machine.use_cpu("web", 1.0)
    machine.cpu("0").joules += 20.0
    machine.tick()
    late.joules = 1.0
    machine.curves[late.series.key] = late
    machine.use_cpu("web", 1.0)
    bill = machine.tick()

    assert line(bill, "web").cpu == 0.0
    assert bill.unattributed[CPU] == pytest.approx(221.0)


def test_a_curve_that_goes_back_has_to_catch_up_first() -> None:
    """A fault that lets a curve of this run go down costs nobody's total, and what it counts twice is charged once."""
    machine = a_billed_machine(idle_watts=0.0)
    machine.cpu("0").joules -= 50.0
    for _ in range(2):
        machine.use_cpu("web", 1.0)
        machine.cpu("0").joules += 20.0
        assert line(machine.tick(), "web").cpu == pytest.approx(400.0)
    machine.use_cpu("web", 1.0)
    machine.cpu("0").joules += 20.0

    assert line(machine.tick(), "web").cpu == pytest.approx(410.0)
