"""The interval book: what is begun is ended once, whatever overlaps, retries, falls silent or comes late."""

import pytest
from doubles.clock import FakeClock
from doubles.ledger import FailingLedger
from doubles.measured_node import BOOT, MeasuredNode
from doubles.simulated import Load, SimulatedGpu, SimulatedRapl
from doubles.simulated_group import SimulatedGroup

from exporter.intervals.book import BackDated
from exporter.intervals.errors import InvalidTag, OutOfHistory, TooManyOpen, UnknownInterval
from exporter.intervals.interval import Interval, Status, Tag
from exporter.intervals.ledger import Query
from joulecast.clock import Moment
from joulecast.component import Component
from joulecast.errors import JoulecastError

WATTS = 80.0


def gross(interval: Interval) -> float:
    """The gross energy of a settled interval."""
    assert interval.account is not None
    assert interval.account.node.gross_joules is not None
    return interval.account.node.gross_joules


def ago(node: MeasuredNode, seconds: float) -> Moment:
    """The moment so many seconds before now, as a process on this machine saw it."""
    return Moment(node.clock.wall() - seconds, node.now - seconds, BOOT)


def settled(node: MeasuredNode, interval: Interval) -> Interval:
    """The interval once its samples are in."""
    node.settled(interval)
    return node.book.get(interval_id=interval.interval_id)


def test_an_interval_is_the_energy_between_its_edges(node: MeasuredNode) -> None:
    """Three seconds at 80 W are 240 J, and everything about the interval is as its workload said."""
    interval = node.begin("a", name="train", job="resnet", phase="training", labels={"epoch": "3"})
    node.run_for(3.0)
    ended = node.book.end(request_id="a", counts={"sample": 512.0})
    account = node.settled(interval)

    assert account.node.gross_joules == pytest.approx(240.0, abs=account.node.uncertainty_joules)
    assert account.node.uncertainty_joules < 0.5
    assert account.node.coverage == pytest.approx(1.0)
    assert ended.status is Status.FINISHED
    assert (ended.tag.job, ended.tag.labels, ended.counts) == ("resnet", {"epoch": "3"}, {"sample": 512.0})
    assert ended.duration_seconds == 3.0
    assert (ended.begin_wall, ended.end_wall) == (1_800_000_010.0, 1_800_000_013.0)


def test_open_interval_shows_its_energy_so_far(node: MeasuredNode) -> None:
    """Asked while it runs, an interval answers with what is final by then, and runs on."""
    interval = node.begin("a")
    node.run_for(5.0)
    now = node.book.get(request_id="a")

    assert (now.status, now.end) == (Status.OPEN, None)
    assert gross(now) == pytest.approx(WATTS * 5.0, abs=WATTS * 0.5)
    assert interval.account is None


def test_just_begun_interval_has_no_account_yet(node: MeasuredNode) -> None:
    """Before any sample came in after the begin nothing is known of it, which is not zero."""
    node.begin("a")

    assert node.book.get(request_id="a").account is None


def test_ended_interval_is_settling_until_its_samples_are_in(node: MeasuredNode) -> None:
    """The account is not made from samples before the end; how long that takes is told."""
    node.begin("a")
    node.run_for(2.0)
    ended = node.book.end(request_id="a")

    assert (ended.status, ended.account) == (Status.SETTLING, None)
    assert 0 < node.book.settles_in(ended) < 0.2
    node.run_for(node.book.settles_in(ended))
    assert node.book.get(request_id="a").status is Status.FINISHED
    assert node.book.settles_in(ended) == 0.0


def test_nested_intervals_each_have_all_their_energy(node: MeasuredNode) -> None:
    """An inner interval takes nothing from the outer one around it."""
    outer = node.begin("outer")
    node.run_for(2.0)
    inner = node.begin("inner")
    node.run_for(3.0)
    inner_joules = node.end(inner).node.gross_joules
    node.run_for(1.0)
    outer_joules = node.end(outer).node.gross_joules

    assert inner_joules == pytest.approx(WATTS * 3.0, abs=0.5)
    assert outer_joules == pytest.approx(WATTS * (outer.duration_seconds or 0.0), abs=0.5)


def test_overlapping_intervals_are_independent(node: MeasuredNode) -> None:
    """Of two intervals that overlap each has the energy between its own edges."""
    first = node.begin("first")
    node.run_for(1.0)
    second = node.begin("second")
    node.run_for(2.0)
    node.book.end(request_id="first")
    node.run_for(4.0)
    node.book.end(request_id="second")

    assert gross(settled(node, first)) == pytest.approx(WATTS * 3.0, abs=0.5)
    assert gross(settled(node, second)) == pytest.approx(WATTS * 6.0, abs=0.5)


def test_two_thousand_concurrent_intervals(node: MeasuredNode) -> None:
    """Thousands of open intervals are all settled, each with its own energy."""
    intervals = []
    for number in range(2000):
        intervals.append(node.begin(f"request-{number}"))
        node.run_for(0.001)
    node.run_for(3.0)
    assert len(node.book.open_intervals()) == 2000
    for interval in intervals:
        node.book.end(interval_id=interval.interval_id)
        node.run_for(0.001)
    node.run_for(2.0)

    assert node.book.open_intervals() == []
    for interval in intervals:
        found = node.book.get(interval_id=interval.interval_id)
        assert found.status is Status.FINISHED
        assert gross(found) == pytest.approx(WATTS * 5.0, abs=1.0)


def test_no_more_are_held_than_can_be(node: MeasuredNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """A workload that begins without end is refused at a limit, with a remedy, and what was begun is kept."""
    monkeypatch.setattr("exporter.intervals.book.MAX_OPEN", 3)
    for number in range(3):
        node.begin(str(number))
    with pytest.raises(TooManyOpen, match="shorter leases"):
        node.begin("one too many")

    assert len(node.book.open_intervals()) == 3


def test_begin_again_is_the_same_interval(node: MeasuredNode) -> None:
    """A retried begin opens no second interval and does not move the first one's begin."""
    first = node.begin("a", name="train")
    node.run_for(1.0)
    second = node.begin("a", name="train")

    assert (second.interval_id, second.begin) == (first.interval_id, first.begin)
    assert len(node.book.open_intervals()) == 1


def test_begin_again_renews_the_lease(node: MeasuredNode) -> None:
    """A workload that repeats its begin is alive: its interval is not truncated."""
    interval = node.book.begin(Tag("a"), lease_seconds=5.0)
    for _ in range(4):
        node.run_for(4.0)
        node.begin("a")

    assert interval.status is Status.OPEN


def test_begin_again_after_the_end_is_the_ended_interval(node: MeasuredNode) -> None:
    """A begin that was retried so late that its interval is over finds it, even where only the ledger knows it."""
    interval = node.begin("a")
    node.run_for(1.0)
    node.end(interval)

    assert node.begin("a").interval_id == interval.interval_id
    assert node.book.open_intervals() == []


def test_end_again_changes_nothing(node: MeasuredNode) -> None:
    """A second end returns the interval with its first end and its first counts."""
    interval = node.begin("a")
    node.run_for(2.0)
    node.book.end(request_id="a", counts={"sample": 10.0})
    before = gross(settled(node, interval))
    node.run_for(5.0)
    again = node.book.end(interval_id=interval.interval_id, counts={"sample": 99.0})

    assert (again.duration_seconds, again.counts, gross(again)) == (2.0, {"sample": 10.0}, before)


def test_end_again_while_settling_changes_nothing(node: MeasuredNode) -> None:
    """Two ends in the same moment are one."""
    node.begin("a")
    node.run_for(2.0)
    first = node.book.end(request_id="a", counts={"sample": 10.0})
    again = node.book.end(request_id="a", counts={"sample": 99.0})

    assert again is first
    assert first.counts == {"sample": 10.0}


def test_end_without_begin_is_unknown(node: MeasuredNode) -> None:
    """An end for what was never begun says so, by the name the workload gave."""
    with pytest.raises(UnknownInterval, match="'nobody'"):
        node.book.end(request_id="nobody")
    with pytest.raises(UnknownInterval):
        node.book.get(interval_id="ff")


def test_end_before_begin_is_refused_and_changes_nothing(node: MeasuredNode) -> None:
    """An end that lies before its begin is the caller's error, and the interval stays open."""
    interval = node.begin("a")
    node.run_for(1.0)
    with pytest.raises(InvalidTag, match=r"2\.000 s before the begin"):
        node.book.end(request_id="a", at=ago(node, 3.0))

    assert interval.status is Status.OPEN
    assert interval.end is None


def test_edges_are_where_the_workload_saw_them(node: MeasuredNode) -> None:
    """Moments sent along count, not when the calls arrived."""
    begun = ago(node, 0.0)
    node.run_for(2.0)
    node.book.begin(Tag("a"), at=begun)
    node.run_for(4.0)
    interval = settled(node, node.book.end(request_id="a", at=ago(node, 1.0)))

    assert interval.duration_seconds == pytest.approx(5.0)
    assert gross(interval) == pytest.approx(WATTS * 5.0, abs=0.5)


def test_lease_that_ran_out_truncates_at_the_last_sign_of_life(node: MeasuredNode) -> None:
    """A workload that fell silent is charged up to when it was last heard, and the interval says so."""
    interval = node.book.begin(Tag("a"), lease_seconds=5.0)
    node.run_for(2.0)
    node.begin("a")  # its last sign of life
    node.run_for(10.0)
    found = node.book.get(request_id="a")

    assert found.interval_id == interval.interval_id
    assert found.status is Status.TRUNCATED
    assert found.duration_seconds == pytest.approx(2.0)
    assert gross(found) == pytest.approx(WATTS * 2.0, abs=0.5)
    assert "fell silent" in found.notes[0]


def test_end_after_truncation_corrects_it(node: MeasuredNode) -> None:
    """A workload that was only slow ends its interval late: the truncated interval becomes the whole one."""
    node.book.begin(Tag("a"), lease_seconds=5.0)
    node.run_for(20.0)
    truncated = node.book.get(request_id="a")
    ended = settled(node, node.book.end(request_id="a", counts={"sample": 3.0}))

    assert truncated.status is Status.TRUNCATED
    assert (ended.status, ended.interval_id) == (Status.FINISHED, truncated.interval_id)
    assert ended.duration_seconds == pytest.approx(20.0)
    assert gross(ended) == pytest.approx(WATTS * 20.0, abs=0.5)
    assert (ended.notes, ended.counts) == ([], {"sample": 3.0})


def test_end_of_a_truncated_interval_that_is_not_stored_yet_corrects_it_too(
    node: MeasuredNode, ledger: FailingLedger
) -> None:
    """Also while a truncated interval waits for a full disk its workload may end it."""
    node.book.begin(Tag("a"), lease_seconds=5.0)
    ledger.is_full = True
    node.run_for(20.0)
    truncated = node.book.get(request_id="a").status
    node.book.end(request_id="a")
    ledger.is_full = False
    node.run_for(2.0)
    ended = node.book.get(request_id="a")

    assert truncated is Status.TRUNCATED
    assert (ended.status, ended.duration_seconds) == (Status.FINISHED, pytest.approx(20.0))
    assert gross(ended) == pytest.approx(WATTS * 20.0, abs=0.5)
    assert [stored.status for stored in node.book.search(Query())] == [Status.FINISHED]


def test_bad_end_of_a_truncated_interval_leaves_it_as_it_is(node: MeasuredNode) -> None:
    """An end before the begin does not open a truncated interval again."""
    node.book.begin(Tag("a"), lease_seconds=5.0)
    node.run_for(20.0)
    with pytest.raises(InvalidTag):
        node.book.end(request_id="a", at=ago(node, 60.0))

    assert node.book.open_intervals() == []
    assert node.book.get(request_id="a").status is Status.TRUNCATED


def test_corrected_interval_is_counted_once(node: MeasuredNode) -> None:
    """The sums on /metrics hold the energy of a truncated and then ended interval once, not twice."""
    node.book.begin(Tag("a", job="slow"), lease_seconds=5.0)
    node.run_for(3.0)
    node.begin("a")
    node.run_for(20.0)
    truncated = node.figures.snapshot(0)
    ended = settled(node, node.book.end(request_id="a"))
    figures = node.figures.snapshot(0)

    assert sum(truncated.energy.values()) == pytest.approx(WATTS * 3.0, abs=0.5)
    assert sum(figures.energy.values()) == pytest.approx(gross(ended))


def test_back_dated_intervals_have_their_energy(node: MeasuredNode) -> None:
    """Work that is over when it is first told of is read from the curve's past."""
    node.run_for(10.0)
    rows = [
        BackDated(Tag(f"step-{number}", name="step"), ago(node, 9.0 - number), ago(node, 8.0 - number), {"sample": 8.0})
        for number in range(8)
    ]
    results = node.book.record(rows)

    for result in results:
        assert isinstance(result, Interval)
        assert result.status is Status.FINISHED
        assert gross(result) == pytest.approx(WATTS, abs=0.5)
        assert result.counts == {"sample": 8.0}
    assert len(list(node.book.search(Query()))) == 8


def test_one_bad_row_answers_for_itself(node: MeasuredNode) -> None:
    """A batch with an impossible row stores the others, and says in place what is wrong with that one."""
    node.run_for(10.0)
    good = BackDated(Tag("good"), ago(node, 5.0), ago(node, 4.0), {})
    swapped = BackDated(Tag("swapped"), ago(node, 4.0), ago(node, 5.0), {})
    late = BackDated(Tag("late"), ago(node, 5.0), ago(node, -60.0), {})
    ancient = BackDated(Tag("ancient"), ago(node, 5000.0), ago(node, 4000.0), {})
    results = node.book.record([good, swapped, late, ancient, good])

    assert [type(result) for result in results] == [Interval, InvalidTag, InvalidTag, OutOfHistory, Interval]
    assert "1.000 s before begin" in str(results[1])
    assert "60.0 s in the future" in str(results[2])
    assert results[4] is results[0]
    assert [stored.tag.request_id for stored in node.book.search(Query())] == ["good"]


def test_back_dated_interval_that_ended_just_now_settles_later(node: MeasuredNode) -> None:
    """A row whose end no sample has passed yet is settled by the next tick."""
    node.run_for(2.0)
    (result,) = node.book.record([BackDated(Tag("now"), ago(node, 1.0), ago(node, 0.0), {})])
    assert isinstance(result, Interval)
    assert result.status is Status.SETTLING
    node.run_for(2.0)

    assert result.status is Status.FINISHED
    assert gross(result) == pytest.approx(WATTS, abs=1.0)


def test_batch_sent_again_is_the_same_intervals(node: MeasuredNode) -> None:
    """A batch whose answer was lost and is sent again records nothing twice."""
    node.run_for(10.0)
    rows = [BackDated(Tag("step"), ago(node, 5.0), ago(node, 4.0), {})]
    (first,) = node.book.record(rows)
    node.run_for(5.0)
    (again,) = node.book.record(rows)

    assert isinstance(first, Interval)
    assert isinstance(again, Interval)
    assert again.interval_id == first.interval_id
    assert len(list(node.book.search(Query()))) == 1
    assert sum(node.figures.snapshot(0).energy.values()) == pytest.approx(gross(first))


def test_interval_of_no_length_is_zero_and_says_that_it_is_too_short(node: MeasuredNode) -> None:
    """A begin and an end in one moment are no energy, known as well as a refresh allows."""
    interval = node.begin("a")
    account = node.end(interval)

    assert account.node.gross_joules == 0.0
    assert account.node.below_resolution
    assert account.node.uncertainty_joules > 0


def test_stepped_wall_clock_changes_nothing(node: MeasuredNode) -> None:
    """An administrator's hour between begin and end moves neither the duration nor the energy."""
    interval = node.begin("a")
    node.run_for(2.0)
    node.clock.step_wall(3600.0)
    node.timeline.watch()
    node.run_for(2.0)
    account = node.end(interval)

    assert interval.duration_seconds == pytest.approx(4.0)
    assert account.node.gross_joules == pytest.approx(WATTS * 4.0, abs=0.5)
    assert (interval.end_wall or 0.0) - interval.begin_wall == pytest.approx(4.0)


def test_moment_of_another_boot_is_placed_by_the_wall_clock(node: MeasuredNode) -> None:
    """A container or another machine has its own monotonic clock: its wall clock counts."""
    wall = node.clock.wall()
    node.run_for(6.0)
    begin = Moment(wall + 1.0, 5.0, "another boot")
    node.book.begin(Tag("a"), at=begin)
    ended = node.book.end(request_id="a", at=Moment(wall + 4.0, 8.0, "another boot"))

    assert ended.duration_seconds == pytest.approx(3.0)
    assert gross(settled(node, ended)) == pytest.approx(WATTS * 3.0, abs=0.5)


def test_future_moment_is_refused(node: MeasuredNode) -> None:
    """A begin a minute ahead is an error that names the field and says what to do."""
    with pytest.raises(InvalidTag, match=r"begin is 60\.0 s in the future.*clock"):
        node.book.begin(Tag("a"), at=ago(node, -60.0))

    assert node.book.open_intervals() == []


def test_interval_pays_for_its_own_gpus_only() -> None:
    """A job on two of eight GPUs has the energy of those two and of the CPUs, and the node's GPUs stay apart."""
    gpu_loads = [Load(100.0 * (number + 1)) for number in range(8)]
    cpu_load = Load(WATTS)
    for load in (*gpu_loads, cpu_load):
        load.set(0.0, load.idle_watts)
    gpus = [SimulatedGpu(load, device=f"GPU-{number}", phase=0.01 * number) for number, load in enumerate(gpu_loads)]
    node = MeasuredNode([SimulatedRapl(cpu_load), SimulatedGroup(gpus)])
    node.run_for(10.0)
    two = node.begin("two", gpus=("GPU-2", "GPU-5"))
    all_eight = node.begin("all")
    none = node.begin("none", gpus=())
    node.run_for(3.0)
    accounts = [node.end(interval) for interval in (two, all_eight, none)]
    gpu_joules = [
        account.components[Component.GPU].gross_joules if Component.GPU in account.components else None
        for account in accounts
    ]

    assert gpu_joules[0] == pytest.approx(900.0 * 3.0, rel=0.02)
    assert {device.key.device for device in accounts[0].devices} == {"0", "GPU-2", "GPU-5"}
    assert accounts[0].node.gross_joules == pytest.approx(980.0 * 3.0, rel=0.02)
    assert gpu_joules[1] == pytest.approx(3600.0 * (all_eight.duration_seconds or 0.0), rel=0.02)
    assert gpu_joules[2] is None
    assert accounts[2].node.gross_joules == pytest.approx(WATTS * (none.duration_seconds or 0.0), rel=0.02)


def test_unknown_gpu_opens_nothing() -> None:
    """A selection that names no GPU here is refused before anything is stored."""
    node = MeasuredNode([])
    node.book._resolve_gpus = _refuse
    with pytest.raises(JoulecastError, match="no GPU of this node"):
        node.begin("a", gpus=("GPU-9",))

    assert node.book.open_intervals() == []
    assert list(node.book.search(Query())) == []


def test_node_without_sensors_knows_no_energy() -> None:
    """Where nothing is measured an interval is kept with its duration, and its energy is None, not zero."""
    node = MeasuredNode([], clock=FakeClock())
    interval = node.begin("a")
    node.run_for(2.0)
    account = node.end(interval)

    assert (account.node.gross_joules, account.node.net_joules, account.node.provenance) == (None, None, None)
    assert interval.status is Status.FINISHED
    assert interval.duration_seconds == 2.0


def _refuse(selection: object) -> tuple[str, ...]:
    raise JoulecastError(f"{selection} is no GPU of this node")
