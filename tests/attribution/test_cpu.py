"""CPU and DRAM energy goes to containers by the CPU time they used while it was used."""

import pytest
from doubles.attributed_machine import CPUS, AttributedMachine, line

from exporter.attribution.idle_policy import IdlePolicy
from exporter.usage.evidence import CgroupIdentity
from exporter.usage.manager import Manager
from joulecast.component import Component

CPU, DRAM = Component.CPU, Component.DRAM


def busy_machine(policy: IdlePolicy = IdlePolicy.UNATTRIBUTED) -> AttributedMachine:
    """One socket and its DRAM with known idle power; two containers burn CPU 3 : 1, a third one sleeps."""
    machine = AttributedMachine(policy=policy, memory_bytes=64 * 10**9)
    package, dram = machine.cpu(), machine.curve(DRAM, "0", "dram")
    machine.idle_watts = {package.series.key: 40.0, dram.series.key: 5.0}
    for name in ("large", "small", "asleep"):
        machine.container(name)
    machine.tick()
    for _ in range(30):
        step(machine)
    return machine


def step(machine: AttributedMachine) -> None:
    """One second at 100 W and 10 W."""
    machine.cpu().joules += 100.0
    machine.curve(DRAM, "0", "dram").joules += 10.0
    machine.use_cpu("large", 3.0)
    machine.use_cpu("small", 1.0)
    machine.tick()


def test_three_to_one_gets_three_to_one() -> None:
    """Two containers that burn CPU 3 : 1 share what is above idle 3 : 1, DRAM too; one that sleeps gets nothing."""
    machine = busy_machine()
    bill = machine.tick()

    assert line(bill, "large").cpu == pytest.approx(3 * 30 * 15.0)
    assert line(bill, "small").cpu == pytest.approx(30 * 15.0)
    assert line(bill, "large").dram == pytest.approx(3 * 30 * 1.25)
    assert (line(bill, "asleep").cpu, line(bill, "asleep").dram, line(bill, "asleep").gpu) == (0.0, 0.0, None)
    assert bill.idle[CPU] == pytest.approx(30 * 40.0)
    assert bill.unattributed[CPU] == pytest.approx(0.0, abs=1e-6)


def test_idle_power_by_use_goes_with_the_rest() -> None:
    """By use, the idle part is shared like the active one, and whoever sleeps still pays nothing."""
    bill = busy_machine(IdlePolicy.BY_USE).tick()

    assert line(bill, "large").cpu == pytest.approx(30 * 75.0)
    assert line(bill, "small").cpu == pytest.approx(30 * 25.0)
    assert line(bill, "asleep").cpu == 0.0
    assert bill.idle[CPU] == pytest.approx(0.0, abs=1e-6)


def test_idle_power_by_request_goes_by_what_was_asked_for() -> None:
    """By request, CPU idle goes by CPUs and DRAM idle by memory asked for; what nobody asked for stays idle."""
    machine = AttributedMachine(policy=IdlePolicy.BY_REQUEST, memory_bytes=64 * 10**9)
    machine.name("large", cpu_request=2.0, memory_request=16e9)
    machine.name("asleep", cpu_request=CPUS / 2, memory_request=32e9)
    package, dram = machine.cpu(), machine.curve(DRAM, "0", "dram")
    machine.idle_watts = {package.series.key: 40.0, dram.series.key: 5.0}
    for name in ("large", "small", "asleep"):
        machine.container(name)
    machine.tick()
    for _ in range(30):
        step(machine)
    bill = machine.tick()

    assert line(bill, "large").cpu == pytest.approx(30 * (45.0 + 40.0 / 4))
    assert line(bill, "asleep").cpu == pytest.approx(30 * 20.0)
    assert line(bill, "asleep").dram == pytest.approx(30 * 2.5)
    assert line(bill, "small").cpu == pytest.approx(30 * 15.0)
    assert bill.idle[CPU] == pytest.approx(30 * 10.0)
    assert bill.idle[DRAM] == pytest.approx(30 * 1.25)


def test_more_requested_than_there_is_costs_no_more_than_all() -> None:
    """Requests of more CPUs than there are share the idle part, and none of it twice."""
    machine = AttributedMachine(policy=IdlePolicy.BY_REQUEST)
    machine.name("one", cpu_request=12.0)
    machine.name("two", cpu_request=4.0)
    machine.idle_watts = {machine.cpu().series.key: 40.0}
    machine.tick()
    machine.evidence.busy_seconds += 1.0
    machine.cpu().joules += 40.0
    machine.tick()
    machine.cpu().joules += 40.0
    bill = machine.tick()

    assert line(bill, "one").cpu == pytest.approx(60.0)
    assert line(bill, "two").cpu == pytest.approx(20.0)


def test_without_a_baseline_a_small_process_pays_no_idle_machine() -> None:
    """Where idle power is not known, energy is charged by the part of the machine that was in use; the rest is open."""
    machine = AttributedMachine()
    machine.cpu()
    machine.container("small")
    machine.tick()
    machine.use_cpu("small", 0.1 * CPUS)
    machine.cpu().joules += 100.0
    bill = machine.tick()

    assert line(bill, "small").cpu == pytest.approx(10.0)
    assert bill.unattributed[CPU] == pytest.approx(90.0)
    assert bill.idle[CPU] == 0.0


def test_what_the_kernel_uses_is_nobodys() -> None:
    """CPU time outside every charged cgroup is charged to nobody."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.container("web")
    machine.tick()
    machine.use_cpu("web", 1.0)
    machine.evidence.busy_seconds += 3.0
    machine.cpu().joules += 100.0
    bill = machine.tick()

    assert line(bill, "web").cpu == pytest.approx(25.0)
    assert bill.unattributed[CPU] == pytest.approx(75.0)


def test_energy_goes_by_the_time_it_is_of() -> None:
    """A curve that trails is shared by what ran then, in straight lines between two reads, not by what runs now."""
    machine = AttributedMachine()
    package = machine.curve(CPU, "0", "package", late=1.25)
    machine.idle_watts = {package.series.key: 0.0}
    for name in ("early", "late"):
        machine.container(name)
    machine.tick()
    machine.tick()
    machine.use_cpu("early", 2.0)
    machine.tick()
    machine.use_cpu("late", 2.0)
    package.joules += 10.0
    machine.tick()  # a quarter of a second before `early` ran, three quarters while it did
    machine.use_cpu("late", 2.0)
    package.joules += 10.0
    bill = machine.tick()  # a quarter of a second of `early`, three quarters of `late`

    assert line(bill, "early").cpu == pytest.approx(10.0 + 2.5)
    assert line(bill, "late").cpu == pytest.approx(7.5)


def test_a_curve_ahead_of_the_evidence_goes_by_the_last_look() -> None:
    """Energy of a moment after the last read is shared as at that read."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.container("web")
    machine.tick()
    machine.use_cpu("web", 2.0)
    machine.cpu().joules += 10.0
    machine.cpu().late = -0.4
    bill = machine.tick()

    assert line(bill, "web").cpu == pytest.approx(10.0)


def test_a_container_that_came_and_used_is_charged_from_its_first_look() -> None:
    """What a container used between its birth and the first read of its cgroup is charged, for all of it is new."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.tick()
    machine.use_cpu("young", 2.0)
    machine.cpu().joules += 10.0
    bill = machine.tick()

    assert line(bill, "young").cpu == pytest.approx(10.0)


def test_the_past_of_a_container_is_not_charged_at_the_first_read() -> None:
    """What a cgroup had used before attribution began says nothing of the first step."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.use_cpu("old", 5000.0)
    machine.cpu().joules = 1000.0
    bill = machine.tick()

    assert line(bill, "old").cpu == 0.0
    assert bill.unattributed[CPU] == pytest.approx(1000.0)


@pytest.mark.parametrize("reborn", [False, True], ids=["its counter went back", "its inode is another's now"])
def test_a_cgroup_made_anew_is_charged_for_nothing_it_did_not_use(*, reborn: bool) -> None:
    """A counter that went back costs that step; an inode of another container's cgroup begins with its own use."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.use_cpu("web", 100.0)
    machine.tick()
    group = machine.container("web")
    group.cpu_seconds = 1.0
    if reborn:
        group.identity = CgroupIdentity(Manager.SYSTEMD, unit="nightly.service")
    machine.evidence.busy_seconds += 4.0
    machine.cpu().joules += 40.0
    bill = machine.tick()

    charged = {each.name[4] or each.name[3]: each.cpu for each in bill.lines}
    assert charged["web"] == 0.0
    assert charged.get("nightly.service", 0.0) == (pytest.approx(10.0) if reborn else 0.0)
    assert bill.unattributed[CPU] == pytest.approx(30.0 if reborn else 40.0)


def test_what_came_while_nothing_was_observed_is_nobodys() -> None:
    """Energy that a curve gained in a gap is neither idle nor charged."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 40.0}
    machine.container("web")
    machine.tick()
    machine.cpu().is_observed = False
    machine.use_cpu("web", 4.0)
    machine.cpu().joules += 500.0
    bill = machine.tick()

    assert (line(bill, "web").cpu, bill.idle[CPU]) == (0.0, 0.0)
    assert bill.unattributed[CPU] == pytest.approx(500.0)


def test_two_sockets_are_shared_alike() -> None:
    """The kernel tells CPU time of the machine, not of a socket: the energy of both goes by the same shares."""
    machine = AttributedMachine()
    first, second = machine.cpu("0"), machine.cpu("1")
    machine.idle_watts = {first.series.key: 0.0, second.series.key: 0.0}
    for name in ("a", "b"):
        machine.container(name)
    machine.tick()
    machine.use_cpu("a", 3.0)
    machine.use_cpu("b", 1.0)
    first.joules += 80.0
    second.joules += 40.0
    bill = machine.tick()

    assert line(bill, "a").cpu == pytest.approx(90.0)
    assert line(bill, "b").cpu == pytest.approx(30.0)


def test_a_machine_that_tells_nothing_is_unattributed() -> None:
    """Without cgroups every joule above idle is unattributed, and there is no line."""
    machine = AttributedMachine()
    machine.evidence.is_blind = True
    machine.idle_watts = {machine.cpu().series.key: 40.0}
    machine.tick()
    machine.cpu().joules += 100.0
    bill = machine.tick()

    assert bill.lines == []
    assert bill.counts == {}
    assert bill.idle[CPU] == pytest.approx(40.0)
    assert bill.unattributed[CPU] == pytest.approx(60.0)


def test_a_cgroup_that_could_not_be_read_is_no_new_one() -> None:
    """Missed for two reads, a group is charged for its part of the last step, and never again for its whole past."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.use_cpu("web", 5.0)
    machine.tick()
    machine.use_cpu("web", 1.0)
    machine.cpu().joules += 10.0
    machine.tick()
    hidden = machine.evidence.groups.pop("web")
    for _ in range(2):
        hidden.cpu_seconds += 1.0
        machine.evidence.busy_seconds += 1.0
        machine.cpu().joules += 10.0
        machine.tick()
    machine.evidence.groups["web"] = hidden
    machine.use_cpu("web", 1.0)
    machine.cpu().joules += 10.0
    bill = machine.tick()

    assert line(bill, "web").cpu == pytest.approx(20.0)
    assert bill.unattributed[CPU] == pytest.approx(20.0)
