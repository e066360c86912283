"""A full disk costs no interval: what cannot be stored is kept in memory, said to be so, and stored later."""

import pytest
from doubles.ledger import FailingLedger
from doubles.measured_node import BOOT, MeasuredNode

from exporter.intervals.book import BackDated
from exporter.intervals.errors import UnknownInterval
from exporter.intervals.interval import Interval, Status, Tag
from exporter.intervals.ledger import LedgerUnavailable, Query
from joulecast.clock import Moment

WATTS = 80.0


def stored(ledger: FailingLedger, request_id: str) -> Interval:
    """What a restart would find."""
    found = ledger.find(request_id=request_id)
    assert found is not None
    return found


def gross(interval: Interval) -> float:
    """The gross energy of a settled interval."""
    assert interval.account is not None
    assert interval.account.node.gross_joules is not None
    return interval.account.node.gross_joules


def test_begin_is_acknowledged_and_not_durable(node: MeasuredNode, ledger: FailingLedger) -> None:
    """On a full disk an interval begins all the same, and its workload is told that only memory holds it."""
    ledger.is_full = True
    interval = node.begin("a")

    assert (interval.durable, interval.status) == (False, Status.OPEN)
    assert ledger.intervals == {}


def test_open_interval_is_stored_once_there_is_space(node: MeasuredNode, ledger: FailingLedger) -> None:
    """When the disk has space again the next tick stores what was only in memory, and it is durable from then on."""
    ledger.is_full = True
    interval = node.begin("a")
    node.run_for(5.0)
    during = interval.durable
    ledger.is_full = False
    node.run_for(1.0)

    assert (during, interval.durable) == (False, True)
    assert stored(ledger, "a").status is Status.OPEN


def test_whole_interval_on_a_full_disk_keeps_its_energy(node: MeasuredNode, ledger: FailingLedger) -> None:
    """Begun, ended and settled with nothing stored, an interval answers from memory and reaches the disk later."""
    ledger.is_full = True
    node.begin("a", job="resnet")
    node.run_for(3.0)
    node.book.end(request_id="a", counts={"sample": 7.0})
    node.run_for(2.0)
    answered = node.book.get(request_id="a")
    ledger.is_full = False
    node.run_for(1.0)
    kept = stored(ledger, "a")

    assert (answered.status, answered.interval_id) == (Status.FINISHED, kept.interval_id)
    assert gross(answered) == gross(kept) == pytest.approx(WATTS * 3.0, abs=0.5)
    assert (kept.status, kept.counts, kept.durable) == (Status.FINISHED, {"sample": 7.0}, True)


def test_disk_that_fills_up_in_the_middle(node: MeasuredNode, ledger: FailingLedger) -> None:
    """An interval that was stored open is ended in memory, and its end is stored when that is possible."""
    node.begin("a")
    node.run_for(1.0)
    ledger.is_full = True
    node.run_for(2.0)
    ended = node.book.end(request_id="a")
    durable = ended.durable
    ledger.is_full = False
    before = stored(ledger, "a").status
    node.run_for(2.0)

    assert durable is False
    assert before is Status.OPEN
    assert stored(ledger, "a").status is Status.FINISHED
    assert gross(stored(ledger, "a")) == pytest.approx(WATTS * 3.0, abs=0.5)


def test_nothing_is_counted_twice_by_the_detour(node: MeasuredNode, ledger: FailingLedger) -> None:
    """However often a store fails, each interval is in the figures once."""
    ledger.is_full = True
    for number in range(5):
        interval = node.begin(str(number), job="resnet")
        node.run_for(1.0)
        node.book.end(interval_id=interval.interval_id)
    node.run_for(10.0)
    ledger.is_full = False
    node.run_for(3.0)
    figures = node.figures.snapshot(0)

    assert figures.ended == {("resnet", "", "finished"): 5}
    assert sum(figures.energy.values()) == pytest.approx(WATTS * 5.0, abs=1.0)
    assert len(ledger.intervals) == 5


def test_many_intervals_wait_and_none_is_lost(node: MeasuredNode, ledger: FailingLedger) -> None:
    """Hundreds of intervals, open and ended, outlast a full disk, and are all there after it."""
    ledger.is_full = True
    for number in range(400):
        node.begin(f"request-{number}")
        node.run_for(0.01)
    for number in range(0, 400, 2):
        node.book.end(request_id=f"request-{number}")
    node.run_for(5.0)
    ledger.is_full = False
    node.run_for(1.0)

    assert {each.tag.request_id for each in ledger.intervals.values()} == {f"request-{n}" for n in range(400)}
    assert sum(each.status is Status.FINISHED for each in ledger.intervals.values()) == 200
    assert len(node.book.open_intervals()) == 200


def test_begin_again_finds_what_only_memory_holds(node: MeasuredNode, ledger: FailingLedger) -> None:
    """A retried begin on a full disk is the same interval."""
    ledger.is_full = True

    assert node.begin("a") is node.begin("a")


def test_back_dated_rows_wait_too(node: MeasuredNode, ledger: FailingLedger) -> None:
    """A batch that cannot be stored is settled and answered, and stored later."""
    node.run_for(5.0)
    ledger.is_full = True
    moments = [Moment(node.clock.wall() - age, node.now - age, BOOT) for age in (4.0, 2.0)]
    (result,) = node.book.record([BackDated(Tag("row"), moments[0], moments[1], {})])
    assert isinstance(result, Interval)
    durable = result.durable
    ledger.is_full = False
    node.run_for(1.0)

    assert (result.status, durable) == (Status.FINISHED, False)
    assert gross(stored(ledger, "row")) == pytest.approx(WATTS * 2.0, abs=0.5)


def test_asking_for_what_only_the_disk_knows_is_told_apart_from_unknown(
    node: MeasuredNode, ledger: FailingLedger
) -> None:
    """While the store is away nobody can say that an interval does not exist."""
    ledger.is_full = True
    with pytest.raises(LedgerUnavailable, match="free some disk space"):
        node.book.get(request_id="nobody")
    with pytest.raises(LedgerUnavailable):
        list(node.book.search(Query()))
    ledger.is_full = False
    with pytest.raises(UnknownInterval):
        node.book.get(request_id="nobody")


def test_recent_result_needs_no_disk(node: MeasuredNode, ledger: FailingLedger) -> None:
    """A finished interval is at hand for a while, whatever becomes of the store."""
    interval = node.begin("a")
    node.run_for(1.0)
    node.end(interval)
    ledger.is_full = True

    assert node.book.get(interval_id=interval.interval_id).status is Status.FINISHED


def test_full_disk_is_logged_once(node: MeasuredNode, ledger: FailingLedger, caplog: pytest.LogCaptureFixture) -> None:
    """An hour without space fills no log."""
    node.begin("a")
    ledger.is_full = True
    node.book.end(request_id="a")
    node.run_for(600.0)

    assert len([record for record in caplog.records if "kept back" in record.getMessage()]) == 1


def test_begin_edge_is_stored_late_too(node: MeasuredNode, ledger: FailingLedger) -> None:
    """An interval that was stored late is picked up after a kill with all of its energy."""
    ledger.is_full = True
    interval = node.begin("a")
    node.run_for(2.0)
    ledger.is_full = False
    node.run_for(2.0)
    checkpoint = node.checkpoint()
    sensors = [lane.sensor for lane in node.lanes]
    node.clock.advance(3.0)
    again = MeasuredNode(sensors, clock=node.clock, ledger=ledger, checkpoint=checkpoint)
    again.run_for(3.0)
    ended = again.book.end(request_id="a")
    account = again.settled(ended)

    assert ended.interval_id == interval.interval_id
    assert ended.duration_seconds == pytest.approx(10.0)
    assert account.node.coverage == pytest.approx(1.0)
    assert account.node.gross_joules == pytest.approx(WATTS * 10.0, abs=1.0)
