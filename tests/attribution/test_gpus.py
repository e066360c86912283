"""GPU energy goes to the containers whose processes ran, to the slices they ran in, or to who holds the GPU."""

import pytest
from doubles.attributed_machine import AttributedMachine, joules, line

from exporter.attribution.idle_policy import IdlePolicy
from joulecast.component import Component

GPU = Component.GPU
CARD = "GPU-1"


def a_machine(policy: IdlePolicy = IdlePolicy.UNATTRIBUTED, *, idle_watts: float | None = 60.0) -> AttributedMachine:
    """One GPU of known idle power, looked at once."""
    machine = AttributedMachine(policy=policy)
    card = machine.gpu(CARD, late=0.6)
    if idle_watts is not None:
        machine.idle_watts = {card.series.key: idle_watts}
    return machine


def burn(machine: AttributedMachine, *, watts: float = 300.0, seconds: int = 30) -> None:
    """Let the GPU draw power."""
    machine.tick()
    machine.tick()
    for _ in range(seconds):
        machine.gpu(CARD).joules += watts
        machine.tick()


def test_seventy_to_thirty_gets_seventy_to_thirty() -> None:
    """Two processes that share a GPU 70 : 30 share what is above idle 70 : 30, and neither shows the whole device."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"large": 0.7, "small": 0.3}, utilization=1.0)
    burn(machine)
    bill = machine.tick()

    assert line(bill, "large").gpu == pytest.approx(0.7 * 30 * 240)
    assert line(bill, "small").gpu == pytest.approx(0.3 * 30 * 240)
    assert bill.idle[GPU] == pytest.approx(30 * 60)
    assert joules(bill, GPU) == pytest.approx(30 * 300, rel=1e-9)
    assert bill.gpu_methods == {CARD: "process_utilization"}


def test_who_is_alone_gets_all_above_idle() -> None:
    """One process that is told 40 % of the time alone made all of the energy above idle."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"only": 0.4}, utilization=0.4)
    burn(machine)

    assert line(machine.tick(), "only").gpu == pytest.approx(30 * 240)


def test_silent_drivers_mean_equal_shares() -> None:
    """Where the driver tells no utilisation of processes, those that are there share equally, and this is said."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"a": None, "b": None, "c": None}, utilization=0.9)
    burn(machine)
    bill = machine.tick()

    assert [line(bill, name).gpu for name in "abc"] == [pytest.approx(30 * 80)] * 3
    assert bill.gpu_methods == {CARD: "equal_shares"}


def test_a_process_outside_every_cgroup_is_nobodys() -> None:
    """The part of a process that runs in no charged cgroup is unattributed, and not its neighbours'."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"inside": 0.5, "outside": 0.5}, utilization=1.0)
    del machine.evidence.groups["outside"]
    burn(machine)
    bill = machine.tick()

    assert line(bill, "inside").gpu == pytest.approx(30 * 120)
    assert bill.unattributed[GPU] == pytest.approx(30 * 120)


def test_seven_slices_sum_to_their_parent() -> None:
    """Seven slices with a pod each get a seventh each: together the parent's energy, once."""
    machine = a_machine()
    pods = [f"pod-{index}" for index in range(7)]
    machine.run_on_slices(CARD, {f"MIG-{pod}": [pod] for pod in pods}, 1 / 7)
    burn(machine)
    bill = machine.tick()

    assert [line(bill, pod).gpu for pod in pods] == [pytest.approx(30 * 240 / 7)] * 7
    assert joules(bill, GPU) == pytest.approx(30 * 300, rel=1e-9)
    assert bill.unattributed[GPU] == pytest.approx(0.0, abs=1e-6)
    assert bill.gpu_methods == {CARD: "slices"}


def test_a_slice_in_which_nothing_runs_costs_its_holder_nothing_above_idle() -> None:
    """Energy above idle is made by the slices that run something; an idle slice's holder is told what it held."""
    machine = a_machine()
    machine.run_on_slices(CARD, {"MIG-1": ["busy"], "MIG-2": []}, 0.5)
    machine.container("waiting")
    machine.hold("MIG-1", "busy")
    machine.hold("MIG-2", "waiting")
    burn(machine)
    bill = machine.tick()

    assert line(bill, "busy").gpu == pytest.approx(30 * 240)
    assert line(bill, "waiting").gpu == 0.0
    assert line(bill, "waiting").allocated_idle == pytest.approx(30 * 30)


def test_slices_without_visible_processes_stand_for_their_holders() -> None:
    """Where no process is shown, a slice's part goes to its holder, and that of a slice nobody holds to nobody."""
    machine = a_machine(idle_watts=0.0)
    machine.run_on_slices(CARD, {"MIG-1": [], "MIG-2": [], "MIG-3": [], "MIG-4": []}, 0.25)
    machine.container("a")
    machine.container("b")
    machine.hold("MIG-1", "a")
    machine.hold("MIG-2", "a", "b")
    burn(machine)
    bill = machine.tick()

    assert line(bill, "a").gpu == pytest.approx(30 * 300 * 0.375)
    assert line(bill, "b").gpu == pytest.approx(30 * 300 * 0.125)
    assert bill.unattributed[GPU] == pytest.approx(30 * 300 * 0.5)


def test_the_one_holder_is_charged_where_no_process_is_seen() -> None:
    """A GPU whose processes nobody sees is its holder's; with two holders they share it."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {}, utilization=0.8)
    machine.container("one")
    machine.hold(CARD, "one")
    burn(machine, seconds=10)
    bill = machine.tick()
    assert line(bill, "one").gpu == pytest.approx(10 * 240)
    assert bill.gpu_methods == {CARD: "holder"}

    machine.container("two")
    machine.hold(CARD, "one", "two")
    machine.tick()
    machine.tick()
    burn(machine, seconds=10)
    bill = machine.tick()
    assert line(bill, "one").gpu == pytest.approx(15 * 240)
    assert line(bill, "two").gpu == pytest.approx(5 * 240)
    assert bill.gpu_methods == {CARD: "equal_shares"}


def test_a_gpu_nobody_is_known_to_use_is_unattributed() -> None:
    """Without process and holder the energy above idle is nobody's, and the method says so."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {}, utilization=0.8)
    burn(machine)
    bill = machine.tick()

    assert bill.lines == []
    assert bill.unattributed[GPU] == pytest.approx(30 * 240)
    assert bill.gpu_methods == {CARD: "none"}


def test_held_and_idle_is_told_beside_the_balance() -> None:
    """What a held GPU drew while nothing ran on it is told of its holder, and is no part of the balance."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {}, utilization=0.0)
    machine.container("hoarder")
    machine.hold(CARD, "hoarder")
    burn(machine, watts=60.0)
    bill = machine.tick()

    assert line(bill, "hoarder").allocated_idle == pytest.approx(30 * 60)
    assert line(bill, "hoarder").gpu == 0.0
    assert bill.idle[GPU] == pytest.approx(30 * 60)
    assert joules(bill, GPU) == pytest.approx(30 * 60, rel=1e-9)


def test_by_request_the_idle_part_is_the_holders() -> None:
    """Under the policy by request a held GPU's idle power is its holder's, whoever runs on it."""
    machine = a_machine(IdlePolicy.BY_REQUEST)
    machine.run_on_gpu(CARD, {"guest": 1.0}, utilization=1.0)
    machine.container("holder")
    machine.hold(CARD, "holder")
    burn(machine)
    bill = machine.tick()

    assert line(bill, "holder").gpu == pytest.approx(30 * 60)
    assert line(bill, "guest").gpu == pytest.approx(30 * 240)
    assert bill.idle[GPU] == pytest.approx(0.0, abs=1e-6)


def test_without_a_baseline_the_driver_says_how_much_was_active() -> None:
    """Where idle power is not known, energy is charged by the GPU's utilisation and the rest is unattributed."""
    machine = a_machine(idle_watts=None)
    machine.run_on_gpu(CARD, {"small": 0.1}, utilization=0.1)
    burn(machine)
    bill = machine.tick()

    assert line(bill, "small").gpu == pytest.approx(30 * 30)
    assert bill.unattributed[GPU] == pytest.approx(30 * 270)


def test_energy_goes_by_the_looks_of_its_time() -> None:
    """A burst is charged to who ran when it was, although its energy is known only after the next one began."""
    machine = a_machine(idle_watts=0.0)
    card = machine.gpu(CARD)
    card.late = 1.0
    machine.run_on_gpu(CARD, {}, utilization=0.0)
    machine.tick()
    machine.tick()
    machine.run_on_gpu(CARD, {"first": 1.0}, utilization=1.0)
    machine.tick()
    machine.run_on_gpu(CARD, {"second": 1.0}, utilization=1.0)
    card.joules += 300.0  # of the second before, in which `first` ran
    bill = machine.tick()

    assert line(bill, "first").gpu == pytest.approx(300.0)
    assert line(bill, "second").gpu in (None, 0.0)


def test_a_process_that_has_just_ended_was_where_it_was() -> None:
    """A process that is gone when it is looked for is charged where it ran at the look before."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"short": 1.0}, utilization=1.0)
    burn(machine, seconds=2)
    machine.evidence.pids.clear()
    machine.gpu(CARD).joules += 300.0
    before = line(machine.tick(), "short").gpu or 0.0
    machine.gpu(CARD).joules += 300.0
    after = line(machine.tick(), "short").gpu or 0.0

    assert before > 0
    assert after > before


def test_a_lost_gpu_is_nobodys() -> None:
    """A GPU that no longer answers who runs on it is charged to nobody, whoever ran on it before."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"gone": 1.0}, utilization=1.0)
    burn(machine, seconds=3)
    charged = line(machine.tick(), "gone").gpu
    machine.gpus.uses = []
    machine.tick()
    machine.gpu(CARD).joules += 900.0
    bill = machine.tick()

    assert line(bill, "gone").gpu == charged
    assert GPU in bill.unattributed
    assert bill.gpu_methods == {}


def test_holders_on_a_machine_without_cgroups_have_no_cpu_joules() -> None:
    """Where nobody tells who uses the CPUs, a GPU's holder has a line with GPU joules and none, not zero, of CPU."""
    machine = a_machine()
    machine.cpu()
    machine.evidence.is_blind = True
    machine.run_on_gpu(CARD, {}, utilization=0.8)
    machine.hold(CARD, "holder")
    burn(machine)
    bill = machine.tick()

    assert line(bill, "holder").gpu == pytest.approx(30 * 240)
    assert (line(bill, "holder").cpu, line(bill, "holder").dram) == (None, None)


def test_a_process_that_is_moved_is_found_where_it_is_now() -> None:
    """A process that stays on the GPU and is moved to another cgroup is charged there before long."""
    machine = a_machine()
    machine.container("second")
    machine.run_on_gpu(CARD, {"first": 1.0}, utilization=1.0)
    burn(machine, seconds=3)
    (pid,) = machine.evidence.pids
    machine.evidence.pids[pid] = "second"
    burn(machine, seconds=20)
    before = line(machine.tick(), "first").gpu
    burn(machine, seconds=5)
    bill = machine.tick()

    assert line(bill, "first").gpu == before
    assert (line(bill, "second").gpu or 0.0) >= 5 * 240
