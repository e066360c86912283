"""Reads of cgroups that fail, tell too much, or come from another tree than before."""

import pytest
from doubles.attributed_machine import CPUS, AttributedMachine, line

from exporter.attribution.cpu_shares import REMEMBERED_SECONDS
from joulecast.component import Component

CPU = Component.CPU


def a_machine(*, idle_watts: float | None = 0.0) -> AttributedMachine:
    """A socket, looked at once."""
    machine = AttributedMachine(ttl_seconds=10.0)
    if idle_watts is not None:
        machine.idle_watts = {machine.cpu().series.key: idle_watts}
    machine.cpu()
    machine.tick()
    return machine


def burn(machine: AttributedMachine, **seconds: float) -> None:
    """One second of 10 W, in which each container uses so much CPU time."""
    for name, used in seconds.items():
        machine.use_cpu(name, used)
    machine.cpu().joules += 10.0
    machine.tick()


def test_groups_of_another_tree_are_not_charged_for_their_lives() -> None:
    """After a read that failed all groups may be new: what they used before is not of this step."""
    machine = a_machine()
    machine.use_cpu("asleep", 5.0)
    burn(machine, busy=1.0)
    burn(machine, busy=1.0)
    slept = line(machine.tick(), "asleep").cpu
    machine.evidence.is_blind = True
    burn(machine, busy=1.0)
    machine.evidence.is_blind = False
    for group in machine.evidence.groups.values():
        group.inode += 1000
    burn(machine, busy=1.0)
    burn(machine, busy=1.0)
    bill = machine.tick()

    assert line(bill, "asleep").cpu == slept
    assert bill.unattributed[CPU] == pytest.approx(20.0)  # of the two steps that nobody saw


def test_a_group_that_stays_is_charged_through_a_blind_moment() -> None:
    """A group that is the same after a failed read is charged for what it used meanwhile."""
    machine = a_machine()
    burn(machine, web=1.0)
    machine.evidence.is_blind = True
    burn(machine, web=1.0)
    machine.evidence.is_blind = False
    burn(machine, web=1.0)

    assert line(machine.tick(), "web").cpu == pytest.approx(30.0)


def test_more_than_all_cpus_is_no_use_of_them() -> None:
    """A counter that jumps by more than the CPUs could have run is not believed."""
    machine = a_machine()
    burn(machine, web=1.0, odd=1.0)
    machine.container("odd").cpu_seconds += 2.0 * CPUS
    burn(machine, web=1.0)
    bill = machine.tick()

    assert (line(bill, "odd").cpu, line(bill, "web").cpu) == (pytest.approx(5.0), pytest.approx(15.0))


def test_groups_that_used_more_than_the_machine_share_all_of_it() -> None:
    """The machine is read a moment before its groups: what they say beyond it costs nobody more."""
    machine = a_machine()
    for name in ("a", "b"):
        machine.container(name)
    machine.tick()
    machine.container("a").cpu_seconds += 3.0
    machine.container("b").cpu_seconds += 1.0
    machine.evidence.busy_seconds += 2.0
    burn(machine)
    bill = machine.tick()

    assert (line(bill, "a").cpu, line(bill, "b").cpu) == (pytest.approx(7.5), pytest.approx(2.5))


def test_busy_time_that_goes_back_leaves_what_the_groups_tell() -> None:
    """A CPU that goes offline takes its time along: the groups share by what they used."""
    machine = a_machine()
    for name in ("a", "b"):
        machine.container(name)
    machine.tick()
    machine.evidence.busy_seconds -= 100.0
    burn(machine, a=3.0, b=1.0)
    bill = machine.tick()

    assert (line(bill, "a").cpu, line(bill, "b").cpu) == (pytest.approx(7.5), pytest.approx(2.5))


def test_a_machine_is_never_more_than_all_in_use() -> None:
    """Without a baseline, clocks that let it look busier than all its CPUs charge for the step and no more."""
    machine = a_machine(idle_watts=None)
    machine.container("web")
    machine.tick()
    burn(machine, web=1.2 * CPUS)
    bill = machine.tick()

    assert line(bill, "web").cpu == pytest.approx(10.0)
    assert bill.unattributed[CPU] == pytest.approx(0.0, abs=1e-9)


def test_groups_that_are_gone_are_forgotten() -> None:
    """A node that starts a container a second remembers those of the last minute."""
    machine = a_machine()
    for second in range(200):
        burn(machine, **{f"job-{second}": 1.0})
        del machine.evidence.groups[f"job-{second}"]

    assert len(machine.attribution._cpu_shares._groups) <= REMEMBERED_SECONDS + 1


def test_who_is_seen_again_is_on_the_bill_again() -> None:
    """A group that could not be read for longer than a line stays is charged on a line that is shown."""
    machine = a_machine()
    burn(machine, web=1.0)
    hidden = machine.evidence.groups.pop("web")
    for _ in range(15):
        burn(machine)
    machine.evidence.groups["web"] = hidden
    burn(machine, web=1.0)
    burn(machine, web=1.0)
    bill = machine.tick()

    assert line(bill, "web").cpu == pytest.approx(10.0 / 16 + 10.0)  # of the gap, its part of the last step
    assert bill.counts["running"] == 1
