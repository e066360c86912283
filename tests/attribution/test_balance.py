"""The balance: whatever happens, every joule is charged, idle or unattributed, once, and no total ever goes down."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from doubles.attributed_machine import AttributedMachine, joules
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.attribution.attribution import Attribution
from exporter.attribution.bill import Bill
from exporter.attribution.cpu_shares import Shares
from exporter.attribution.idle_policy import IdlePolicy
from exporter.attribution.line import Consumer, Line
from exporter.attribution.quanta import quanta_from_joules
from exporter.attribution.split import Step, split
from exporter.attribution.workload import Workload
from exporter.metering.snapshot import BillState
from exporter.usage.evidence import ContainerName
from exporter.usage.manager import Manager
from joulecast.component import Component

COMPONENTS = (Component.CPU, Component.DRAM, Component.GPU)
NAMES = ("web", "db", "train", "batch", "probe")
GPUS = ("GPU-a", "GPU-b")
QUANTUM = 2.0**-40

names = st.sampled_from(NAMES)
fractions = st.floats(0.0, 1.0)
small = st.floats(0.0, 20.0)
energies = st.one_of(st.just(0.0), st.floats(0.0, 1e4), st.floats(1e-9, 1e-3))
actions = st.one_of(
    st.tuples(st.just("use"), names, small),
    st.tuples(st.just("busy"), small),
    st.tuples(st.just("leave"), names),
    st.tuples(st.just("backwards"), names, fractions),
    st.tuples(st.just("reborn"), names, small),
    st.tuples(st.just("name"), names, fractions),
    st.tuples(st.just("processes"), st.sampled_from(GPUS), st.dictionaries(names, st.none() | fractions, max_size=3)),
    st.tuples(st.just("slices"), st.lists(names, max_size=4)),
    st.tuples(st.just("hold"), st.sampled_from((*GPUS, "MIG-1")), st.lists(names, max_size=2, unique=True)),
    st.tuples(st.just("no gpu")),
    st.tuples(st.just("late"), st.sampled_from(GPUS), st.floats(0.0, 3.0)),
    st.tuples(st.just("unseen"), st.booleans()),
    st.tuples(st.just("blind"), st.booleans()),
    st.tuples(st.just("failing"), st.booleans()),
    st.tuples(st.just("uncounted"), st.booleans()),
    st.tuples(st.just("idle"), st.floats(0.0, 200.0)),
    st.tuples(st.just("restart")),
    st.tuples(st.just("jump"), energies),
    st.tuples(st.just("long"), st.floats(0.0, 200.0)),
)
ticks = st.lists(st.tuples(st.lists(actions, max_size=4), energies, st.floats(0.01, 5.0)), min_size=1, max_size=25)


def act(machine: AttributedMachine, action: Sequence[object]) -> None:  # noqa: C901, PLR0912 - a list of events
    """Let one thing happen."""
    evidence = machine.evidence
    match action:
        case "use", str(name), float(seconds):
            machine.container(name, named=False)
            machine.use_cpu(name, seconds)
        case "busy", float(seconds):
            evidence.busy_seconds += seconds
        case "leave", str(name):
            evidence.groups.pop(name, None)
        case "backwards", str(name), float(part):
            machine.container(name, named=False).cpu_seconds *= part
        case "reborn", str(name), float(seconds):
            evidence.groups.pop(name, None)
            machine.container(name, named=False).cpu_seconds = seconds
        case "name", str(name), float(request):
            machine.name(name, cpu_request=request * 12, memory_request=request * 1e9)
        case "processes", str(uuid), dict(shares):
            machine.run_on_gpu(uuid, shares, utilization=max((share or 0.0 for share in shares.values()), default=None))
        case "slices", list(users):
            machine.run_on_slices(GPUS[0], {f"MIG-{index}": [name] for index, name in enumerate(users)}, 0.25)
        case "hold", str(uuid), list(holders):
            machine.hold(uuid, *holders)
        case ("no gpu",):
            machine.gpus.uses = []
        case "late", str(uuid), float(seconds):
            machine.gpu(uuid).late = seconds
        case "unseen", bool(is_unseen):
            machine.cpu("0").is_observed = not is_unseen
        case "blind", bool(is_blind):
            evidence.is_blind = is_blind
        case "failing", bool(fails):
            evidence.fails = machine.gpus.fails = fails
        case "uncounted", bool(is_uncounted):
            machine.cpu("1").counted = not is_uncounted
        case "idle", float(watts):
            machine.idle_watts = dict.fromkeys(machine.curves, watts)
        case ("restart",):
            machine.restart()
        case "jump", float(energy):
            machine.gpu(GPUS[1]).joules += energy
        case "long", float(seconds):
            machine.clock.advance(seconds)


def run(
    machine: AttributedMachine, story: Sequence[tuple[Sequence[Sequence[object]], float, float]]
) -> list[BillState]:
    """The bill after each tick; its balance is checked as it is made."""
    curves = [machine.cpu("0"), machine.cpu("1"), machine.curve(Component.DRAM, "0", "dram")]
    curves += [machine.gpu(uuid, late=0.6) for uuid in GPUS]
    bills = []
    shown = dict.fromkeys(machine.curves, 0.0)
    for happening, energy, seconds in story:
        for action in happening:
            act(machine, action)
        for index, curve in enumerate(curves):
            curve.joules += energy / (index + 1)
        bill = machine.tick(seconds)
        bills.append(bill)
        for key, curve in machine.curves.items():
            if curve.counted:  # what is not counted now was, up to when it last was
                shown[key] = curve.joules
        for component in COMPONENTS:
            truth = sum(total for key, total in shown.items() if key.component is component)
            assert joules(bill, component) == pytest.approx(truth, rel=1e-9, abs=4 * QUANTUM)
        for key, total in shown.items():
            accounted = machine.attribution.bill.accounted.get(key, 0)
            assert accounted * QUANTUM == pytest.approx(total, rel=1e-9, abs=QUANTUM)
    return bills


def charged(bill: BillState, component: Component) -> float:
    """All that is or was charged to anybody."""
    return bill.retired.get(component, 0.0) + sum(getattr(line, component.value) or 0.0 for line in bill.lines)


@settings(max_examples=250, deadline=None)
@given(story=ticks, policy=st.sampled_from(IdlePolicy), max_lines=st.sampled_from([1, 3, 100]))
def test_every_joule_is_on_the_bill_once(
    story: Sequence[tuple[Sequence[Sequence[object]], float, float]], policy: IdlePolicy, max_lines: int
) -> None:
    """After each tick of any story, per component and per device, the parts add up; none is negative or goes down."""
    machine = AttributedMachine(policy=policy, ttl_seconds=30.0, max_lines=max_lines, memory_bytes=10**10)
    bills = run(machine, story)

    for bill in bills:
        assert all((getattr(line, c.value) or 0.0) >= 0 for line in bill.lines for c in COMPONENTS)
        assert all(total >= 0 for total in (*bill.idle.values(), *bill.unattributed.values()))
        assert len([line for line in bill.lines if line.name[3] != "other"]) <= max_lines
        assert len({line.name for line in bill.lines}) == len(bill.lines)
    for before, after in pairwise(bills):
        for component in COMPONENTS:
            assert charged(after, component) >= charged(before, component) * (1 - 1e-12)
            assert after.idle.get(component, 0.0) >= before.idle.get(component, 0.0)
            assert after.retired.get(component, 0.0) >= before.retired.get(component, 0.0)
            assert after.unattributed.get(component, 0.0) >= before.unattributed.get(component, 0.0)
        earlier = {line.name: line for line in before.lines}
        for line in after.lines:
            then = earlier.get(line.name, line)
            assert (line.cpu or 0.0) >= (then.cpu or 0.0)
            assert (line.dram or 0.0) >= (then.dram or 0.0)
            assert (line.gpu or 0.0) >= (then.gpu or 0.0)
            assert (line.allocated_idle or 0.0) >= (then.allocated_idle or 0.0)


@settings(max_examples=300, deadline=None)
@given(
    energy=energies | st.floats(1e4, 1e9),
    seconds=st.floats(0.0, 100.0),
    observed=st.floats(0.0, 200.0),
    weights=st.lists(fractions, max_size=8),
    known=fractions,
    busy=fractions,
    idle_watts=st.none() | st.floats(0.0, 1e4),
    by_use=st.booleans(),
)
def test_a_step_is_split_to_its_last_quantum(
    *,
    energy: float,
    seconds: float,
    observed: float,
    weights: list[float],
    known: float,
    busy: float,
    idle_watts: float | None,
    by_use: bool,
) -> None:
    """Charges, idle and unattributed of a step of one device are that step, and no part is below zero."""
    total = sum(weights)
    consumers = [a_consumer(str(index)) for index in range(len(weights))]
    by_consumer = {each: weight / total for each, weight in zip(consumers, weights, strict=True)} if total else {}
    step = Step(quanta_from_joules(energy), seconds, observed)
    shares = Shares(by_consumer, busy, known)
    parts = split(step, shares, idle_watts, by_consumer if by_use else None)

    assert sum(parts.charges.values()) + parts.idle + parts.unattributed == step.quanta
    assert min([*parts.charges.values(), parts.idle, parts.unattributed]) >= 0


def test_what_the_meters_lost_the_bill_begins_anew() -> None:
    """When the meters' memory is gone and curves begin at zero again, so does the bill: it still balances."""
    machine = AttributedMachine()
    machine.cpu().joules = 500.0
    machine.tick()
    machine.restart()
    machine.cpu().joules = 20.0
    bill = machine.tick()

    assert joules(bill, Component.CPU) == pytest.approx(20.0, rel=1e-9)


def test_a_bug_in_a_source_costs_knowledge_and_no_joule() -> None:
    """A source that raises leaves what it would have told unattributed, and the snapshot complete."""
    machine = AttributedMachine()
    machine.use_cpu("web", 1.0)
    machine.tick()
    machine.evidence.fails = machine.gpus.fails = True
    for _ in range(40):
        machine.cpu().joules += 100.0
        bill = machine.tick()

    assert joules(bill, Component.CPU) == pytest.approx(4000.0, rel=1e-9)
    machine.evidence.fails = machine.gpus.fails = False
    machine.use_cpu("web", 8.0)
    machine.tick()
    machine.cpu().joules += 100.0
    machine.use_cpu("web", 8.0)
    before = charged(bill, Component.CPU)
    assert charged(machine.tick(), Component.CPU) == pytest.approx(before + 100.0)


def test_a_step_that_cannot_be_split_is_unattributed() -> None:
    """Busy time that is no number breaks the splitting of a step: it is nobody's, and later ones are split again."""
    machine = AttributedMachine()
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.container("web")
    machine.tick()
    machine.evidence.busy_seconds = float("nan")
    machine.cpu().joules += 70.0
    bill = machine.tick()
    assert charged(bill, Component.CPU) == 0.0
    assert bill.unattributed[Component.CPU] == pytest.approx(70.0)

    machine.evidence.busy_seconds = 100.0
    machine.tick()
    machine.tick()
    machine.use_cpu("web", 1.0)
    machine.cpu().joules += 30.0
    assert charged(machine.tick(), Component.CPU) == pytest.approx(30.0)


def test_a_bill_that_cannot_be_made_costs_nothing_else() -> None:
    """A bug in the bill itself gives no bill, is told once, and stops nobody who asks for a snapshot."""

    class BrokenBill(Bill):
        def settle(self) -> None:
            raise KeyError("a bug")

    machine = AttributedMachine()
    attribution = Attribution(
        BrokenBill(ttl_seconds=60.0, max_lines=10),
        machine.clock,
        cpu=machine.evidence,
        gpu=machine.gpus,
        names=machine.names,
    )
    assert attribution.step([machine.cpu().state(machine.clock.monotonic())], {}) is None


def test_names_that_fail_leave_the_uid() -> None:
    """Names that cannot be asked for leave lines under the pods' UIDs until they can be."""
    machine = AttributedMachine()

    def explode(_identity: object) -> ContainerName | None:
        raise RuntimeError("no kubelet")

    machine.container("web", named=False)
    machine.container("db", named=False)
    machine.tick()
    machine.names.container = explode  # type: ignore[method-assign,assignment]
    machine.use_cpu("web", 8.0)
    machine.cpu().joules += 10.0
    bill = machine.tick()

    assert [line.name[2][:4] for line in bill.lines] == ["uid-", "uid-"]
    del machine.names.container
    machine.name("web")
    machine.name("db")
    assert {line.name[2] for line in machine.tick().lines} == {"web", "db"}


def a_consumer(name: str) -> Consumer:
    """Someone to be charged."""
    workload = Workload(Manager.CONTAINERS, container=name)
    return Consumer(None, workload, Line(workload, 0.0), 0.0)
