"""The lines of the bill: they get their names, stay for a while after their end, and are folded when too many."""

import pytest
from doubles.attributed_machine import AttributedMachine, joules, line

from exporter.attribution.workload import workload_of
from exporter.metering.snapshot import BillState, LineState
from exporter.usage.cgroups.identity import identity_of
from exporter.usage.manager import Manager
from joulecast.component import Component

CPU = Component.CPU
OTHER = ("containers", "", "", "other", "")


def a_machine(*, ttl_seconds: float = 60.0, max_lines: int = 1000) -> AttributedMachine:
    """A socket that draws nothing when idle, once looked at."""
    machine = AttributedMachine(ttl_seconds=ttl_seconds, max_lines=max_lines)
    machine.idle_watts = {machine.cpu().series.key: 0.0}
    machine.tick()
    return machine


def burn(machine: AttributedMachine, *names: str, watts: float = 10.0) -> BillState:
    """One second in which each of them uses as much."""
    for name in names:
        machine.use_cpu(name, 1.0)
        machine.cpu().joules += watts
    return machine.tick()


def by_name(bill: BillState) -> dict[tuple[str, ...], LineState]:
    """Every line."""
    return {each.name: each for each in bill.lines}


def test_a_container_is_billed_under_its_uid_until_it_has_a_name() -> None:
    """When the kubelet names a container, all it was charged moves to the named line, once."""
    machine = a_machine()
    machine.container("web", named=False)
    bill = burn(machine, "web")
    (unnamed,) = bill.lines
    assert unnamed.name == ("kubernetes", "", "uid-101", "000000000000", "")
    assert bill.counts["unmapped"] == 1

    machine.name("web")
    bill = burn(machine, "web")
    assert list(by_name(bill)) == [("kubernetes", "default", "web", "web", "")]
    assert line(bill, "web").cpu == pytest.approx(20.0)
    assert bill.counts == {"running": 1, "finished": 0, "unmapped": 0, "folded": 0}


@pytest.mark.parametrize(
    "path",
    [
        "/lxc.payload.production-db-{}",
        "/lxc/production-db-{}",
        "/ecs/0123456789abcdef0123456789abcdef/0123456789abcdef0123456789abcdef-213{}",
        "/kubepods/pod0e4/production-db-{}",
    ],
)
def test_containers_that_are_told_apart_by_their_ends_are_apart(path: str) -> None:
    """Only a random id is shortened: a name or a number at the end of an id belongs to the line."""
    first, second = (identity_of(path.format(number)) for number in (1, 2))
    assert first is not None
    assert second is not None
    assert workload_of(first) != workload_of(second)
    assert workload_of(second).container.endswith("2")


def test_restarts_of_one_container_sum_up() -> None:
    """A container that is restarted in its pod goes on on the same line."""
    machine = a_machine()
    burn(machine, "web")
    del machine.evidence.groups["web"]
    machine.tick()
    bill = burn(machine, "web")

    assert len(bill.lines) == 1
    assert line(bill, "web").cpu == pytest.approx(20.0)


def test_a_container_that_is_restarted_for_ever_takes_no_memory() -> None:
    """Of a crash loop only the restarts of the last while are remembered, named or not, folded or not."""
    machine = a_machine(ttl_seconds=30.0)
    for number in range(200):
        machine.container("nameless", named=False)
        burn(machine, "web", f"once-{number}")
        machine.evidence.groups.clear()
    shown = machine.tick()
    bill = machine.attribution.bill

    assert line(shown, "web").cpu == pytest.approx(2000.0)
    assert len(bill.lines) <= 3 * 32
    assert len(bill._consumers) <= 3 * 32
    assert len(bill._by_name) <= 3 * 32
    assert len(bill._unnamed) <= 32
    assert sum(len(each.consumers) for each in (bill.other, *bill.lines.values())) <= 3 * 32


def test_who_is_named_once_it_is_folded_leaves_the_others_their_names() -> None:
    """A container whose name comes when it has no line any more stays folded, and whoever comes after gets a name."""
    machine = a_machine(max_lines=2)
    machine.container("late", named=False)
    for _ in range(2):
        burn(machine, "large", "larger")
    machine.container("new", named=False)
    assert burn(machine, "large").counts["unmapped"] == 2
    machine.name("late")
    machine.name("new")
    bill = burn(machine, "new", watts=100.0)

    assert line(bill, "new").cpu == pytest.approx(100.0)
    assert bill.counts["unmapped"] == 0
    assert [name for name in by_name(bill) if "late" in name] == []


def test_only_who_runs_is_counted_as_folded() -> None:
    """What has ended under `other` is no workload any more, though its joules are there."""
    machine = a_machine(max_lines=1)
    for _ in range(2):
        burn(machine, "a", "b", "c")
    folded = machine.tick().counts["folded"]
    machine.evidence.groups.clear()
    bill = machine.tick()

    assert folded >= 2
    assert bill.counts["folded"] == 0
    assert (by_name(bill)[OTHER].cpu or 0.0) > 0.0


def test_what_ended_makes_room_before_the_least_that_runs() -> None:
    """When there are too many lines, a large one that has ended is folded, and the smallest that runs keeps its own."""
    machine = a_machine(max_lines=10)
    burn(machine, "ended", watts=1000.0)
    del machine.evidence.groups["ended"]
    names = [f"runs-{number}" for number in range(10)]
    bill = burn(machine, *names)

    shown = {name[3] for name in by_name(bill)} - {"other"}
    assert shown < set(names)
    assert len(shown) == 9


def test_what_has_finished_stays_for_its_time() -> None:
    """A finished workload is shown until its time is over, however often it is read; then its joules are retired."""
    machine = a_machine(ttl_seconds=30.0)
    burn(machine, "job", "web")
    del machine.evidence.groups["job"]
    for _ in range(29):
        bill = burn(machine, "web")
        assert line(bill, "job").cpu == pytest.approx(10.0)
        assert bill.counts["finished"] == 1
    machine.tick()
    bill = machine.tick()

    assert set(by_name(bill)) == {("kubernetes", "default", "web", "web", "")}
    assert bill.retired == {CPU: pytest.approx(10.0)}
    assert joules(bill, CPU) == pytest.approx(machine.cpu().joules, rel=1e-9)


def test_a_blind_moment_ends_nobody() -> None:
    """While cgroups cannot be read, nobody is taken for finished."""
    machine = a_machine(ttl_seconds=30.0)
    burn(machine, "web")
    machine.evidence.is_blind = True
    for _ in range(60):
        bill = machine.tick()

    assert bill.counts["running"] == 1


def test_room_for_one_line_is_used() -> None:
    """With one line at most the largest has it."""
    machine = a_machine(max_lines=1)
    burn(machine, "large", watts=100.0)
    bill = burn(machine, "large", "small")

    assert {name[3] for name in by_name(bill)} == {"large", "other"}


def test_too_many_lines_are_folded_least_first() -> None:
    """Beyond the most lines, what ended goes first, then the least; what they were charged is retired."""
    machine = a_machine(max_lines=20)
    for index in range(30):
        burn(machine, *(f"pod-{index}",), watts=float(index + 1))
    bill = machine.tick()

    assert len(bill.lines) <= 21
    assert line(bill, "pod-29").cpu == pytest.approx(30.0)
    assert bill.counts["folded"] >= 10
    assert bill.retired[CPU] == pytest.approx(sum(range(1, bill.counts["folded"] + 1)))
    assert by_name(bill)[OTHER].cpu == 0.0
    assert joules(bill, CPU) == pytest.approx(machine.cpu().joules, rel=1e-9)


def test_who_is_folded_stays_folded() -> None:
    """A folded workload goes on under `other`, also when it now uses more than those with a line, or is restarted."""
    machine = a_machine(max_lines=2)
    machine.container("least")
    burn(machine, "large", "larger")
    burn(machine, "large", "larger")
    bill = burn(machine, "least", watts=1.0)
    assert OTHER in by_name(bill)
    names, before, retired = set(by_name(bill)), by_name(bill)[OTHER].cpu or 0.0, bill.retired
    for _ in range(5):
        bill = burn(machine, "least", watts=100.0)
        assert set(by_name(bill)) == names
    del machine.evidence.groups["least"]
    bill = burn(machine, "least", watts=100.0)

    assert set(by_name(bill)) == names
    assert by_name(bill)[OTHER].cpu == pytest.approx(before + 600.0)
    assert bill.retired == retired


def test_a_workload_called_other_shares_that_line() -> None:
    """A container of that very name, without a pod, is summed with what is folded: two lines would be one series."""
    machine = a_machine()
    group = machine.container("x")
    group.identity = type(group.identity)(manager=Manager.CONTAINERS, container_id="other")
    bill = burn(machine, "x")

    assert list(by_name(bill)) == [OTHER]
    assert by_name(bill)[OTHER].cpu == pytest.approx(10.0)


def test_a_restart_goes_on_where_it_was() -> None:
    """After a death without a word every total is at least what was shown, by name, and what came meanwhile is open."""
    machine = a_machine()
    machine.container("nameless", named=False)
    machine.hold("GPU-1", "web")
    before = burn(machine, "web", "nameless")
    machine.cpu().joules += 500.0
    machine.restart()
    after = machine.tick()

    shown, now = by_name(before), by_name(after)
    assert set(shown) == set(now)
    assert all(now[name][:3] == shown[name][:3] for name in shown)
    assert after.unattributed[CPU] == pytest.approx(before.unattributed[CPU] + 500.0)
    assert joules(after, CPU) == pytest.approx(machine.cpu().joules, rel=1e-9)
    machine.name("nameless")
    assert line(burn(machine, "nameless"), "nameless").cpu == pytest.approx(20.0)


def test_lines_of_an_earlier_run_leave_in_their_time() -> None:
    """What ended while the exporter was down is shown for its time after the restart, then retired for good."""
    machine = a_machine(ttl_seconds=30.0)
    burn(machine, "job")
    del machine.evidence.groups["job"]
    machine.restart()
    bill = machine.tick(29.0)
    assert line(bill, "job").cpu == pytest.approx(10.0)
    bill = machine.tick(29.0)

    assert not bill.lines
    assert bill.retired == {CPU: pytest.approx(10.0)}
    machine.restart()
    assert machine.tick().retired == {CPU: pytest.approx(10.0)}
