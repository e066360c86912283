"""GPUs that tell little, contradict themselves, or change while a step lasts."""

import pytest
from doubles.attributed_machine import AttributedMachine, joules, line

from exporter.attribution.gpu_shares import LOOKS_BETWEEN_PLACINGS
from exporter.attribution.idle_policy import IdlePolicy
from joulecast.component import Component

GPU = Component.GPU
CARD = "GPU-1"


def a_machine(policy: IdlePolicy = IdlePolicy.UNATTRIBUTED, *, idle_watts: float | None = 60.0) -> AttributedMachine:
    """One GPU whose energy is known at once."""
    machine = AttributedMachine(policy=policy)
    card = machine.gpu(CARD)
    if idle_watts is not None:
        machine.idle_watts = {card.series.key: idle_watts}
    return machine


def burn(machine: AttributedMachine, *, watts: float = 300.0, seconds: int = 10) -> None:
    """Let the GPU draw power, once it was looked at twice."""
    machine.tick()
    machine.tick()
    for _ in range(seconds):
        machine.gpu(CARD).joules += watts
        machine.tick()


@pytest.mark.parametrize("utilization", [None, 0.0], ids=["the GPU tells nothing", "the GPU says it rests"])
def test_processes_that_ran_are_believed(utilization: float | None) -> None:
    """Where processes are told to have run, the GPU was in use for as long as they say."""
    machine = a_machine(idle_watts=None)
    machine.run_on_gpu(CARD, {"a": 0.3, "b": 0.1}, utilization=utilization)
    burn(machine)
    bill = machine.tick()

    assert line(bill, "a").gpu == pytest.approx(10 * 90)
    assert line(bill, "b").gpu == pytest.approx(10 * 30)


def test_a_gpu_in_use_by_processes_that_are_told_to_rest_is_shared() -> None:
    """Where the GPU worked and every process on it is told 0 %, it was one of them: equal shares."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"a": 0.0, "b": 0.0}, utilization=0.5)
    burn(machine)
    bill = machine.tick()

    assert [line(bill, name).gpu for name in "ab"] == [pytest.approx(10 * 120)] * 2
    assert bill.gpu_methods == {CARD: "equal_shares"}


def test_slices_that_add_up_to_more_than_the_gpu_bear_its_idle_power_once() -> None:
    """Sizes that a driver rounds up charge nobody twice."""
    machine = a_machine(IdlePolicy.BY_REQUEST)
    names = [f"pod-{number}" for number in range(5)]
    machine.run_on_slices(CARD, {f"MIG-{name}": [name] for name in names}, 0.25)
    for name in names:
        machine.hold(f"MIG-{name}", name)
    burn(machine)
    bill = machine.tick()

    assert [line(bill, name).gpu for name in names] == [pytest.approx(10 * 60)] * 5
    assert joules(bill, GPU) == pytest.approx(10 * 300, rel=1e-9)


def test_a_split_gpu_that_is_held_whole_is_its_holders() -> None:
    """Where the kubelet knows the board and not its slices, and no process is seen, the board's holder is charged."""
    machine = a_machine()
    machine.run_on_slices(CARD, {"MIG-1": []}, 0.5)
    machine.hold(CARD, "holder")
    burn(machine)

    assert line(machine.tick(), "holder").gpu == pytest.approx(10 * 240)


def test_without_a_baseline_slices_that_run_are_in_use() -> None:
    """Where neither idle power nor utilisation is known, the part of the board that runs something is charged."""
    machine = a_machine(idle_watts=None)
    machine.run_on_slices(CARD, {"MIG-1": ["a"], "MIG-2": [], "MIG-3": [], "MIG-4": []}, 0.25)
    burn(machine)
    bill = machine.tick()

    assert line(bill, "a").gpu == pytest.approx(10 * 75)
    assert bill.unattributed[GPU] == pytest.approx(10 * 225)


def test_a_neighbours_work_is_not_the_waste_of_who_rests() -> None:
    """An idle slice's holder is told its part of what was not made by use, with a baseline and without one."""
    for idle_watts, resting in ((60.0, 60.0), (None, 150.0)):
        machine = a_machine(idle_watts=idle_watts)
        machine.run_on_slices(CARD, {"MIG-1": ["busy"], "MIG-2": []}, 0.5)
        machine.hold("MIG-2", "waiting")
        burn(machine)

        assert line(machine.tick(), "waiting").allocated_idle == pytest.approx(10 * resting / 2)


def test_a_gpu_that_tells_nothing_is_not_called_idle() -> None:
    """Where nobody says how busy a held GPU was, its holder is not told to have let it rest."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {}, utilization=None)
    machine.hold(CARD, "holder")
    burn(machine)

    assert line(machine.tick(), "holder").allocated_idle == 0.0


@pytest.mark.parametrize("utilization", [0.0, 1.0])
def test_only_what_was_looked_at_is_charged(utilization: float) -> None:
    """Of a step in which the GPU was looked at late, only that part is charged, or called idle."""
    machine = a_machine(idle_watts=0.0)
    machine.hold(CARD, "a")
    machine.tick()
    machine.clock.advance(3.0)
    machine.attribution._look_at_gpus()  # it does not answer yet
    machine.run_on_gpu(CARD, {}, utilization=utilization)
    machine.gpu(CARD).joules += 400.0
    bill = machine.tick()

    assert line(bill, "a").gpu == pytest.approx(100.0)
    assert line(bill, "a").allocated_idle == pytest.approx(0.0 if utilization else 100.0)
    assert bill.unattributed[GPU] == pytest.approx(300.0)


def test_a_process_that_is_never_found_again_stays_where_it_was() -> None:
    """One that ended while its samples are still told is charged where it ran, at every look of the turn."""
    machine = a_machine()
    machine.run_on_gpu(CARD, {"short": 1.0}, utilization=1.0)
    burn(machine, seconds=2)
    machine.evidence.pids.clear()
    burn(machine, seconds=2 * LOOKS_BETWEEN_PLACINGS)

    assert line(machine.tick(), "short").gpu == pytest.approx((2 + 2 * LOOKS_BETWEEN_PLACINGS) * 240)


def test_a_gpu_at_rest_is_told_of() -> None:
    """That nobody used a GPU is knowledge: a container's share of it is covered. That nobody tells who did is none."""
    for utilization, covered in ((0.0, 1.0), (0.8, 0.0)):
        machine = a_machine()
        machine.run_on_gpu(CARD, {}, utilization=utilization)
        identity = machine.container("a").identity
        machine.tick()
        watched = machine.attribution.watched
        watched.watch(identity)
        burn(machine)
        edges = watched.edges(identity, machine.clock.monotonic(), lambda _key, _time: None)

        assert edges is not None
        edge = edges.by_series[machine.gpu(CARD).series.key]
        assert edge.covered == pytest.approx(12.0 * covered)


def test_a_machine_with_gpus_and_no_cgroups_counts_who_holds_them() -> None:
    """Workloads are counted where GPUs alone tell of them."""
    machine = a_machine()
    machine.evidence.is_blind = True
    machine.run_on_gpu(CARD, {}, utilization=0.8)
    machine.hold(CARD, "holder")
    burn(machine)

    assert machine.tick().counts["running"] == 1
