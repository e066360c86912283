"""The journal and the ledger behind it: what was acknowledged is found again, whatever happens in between."""

import copy
import multiprocessing
import os
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from doubles.intervals import an_open_interval
from doubles.ledger import FailingLedger

from exporter.intervals.checkpoints import METERS
from exporter.intervals.interval import Interval, Status
from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable, Query
from exporter.store.journal import MAGIC, Journal
from exporter.store.journaled import JournaledLedger
from exporter.store.ledger import SqlLedger
from exporter.store.slate import Slate
from exporter.usage.evidence import Caller, CgroupIdentity, SeenCgroup
from exporter.usage.manager import Manager
from joulecast.errors import JoulecastError

SIZE = 16 * 1024


def journaled(directory: Path, store: FailingLedger | SqlLedger, size: int = SIZE) -> JournaledLedger:
    return JournaledLedger(store, Journal(directory / "journal-a", size), Journal(directory / "journal-b", size))


def ended(interval: Interval, seconds: float = 5.0) -> Interval:
    interval.end = interval.begin + seconds
    interval.end_wall = interval.begin_wall + seconds
    interval.status = Status.SETTLING
    interval.counts = {"sample": 3.0}
    return interval


def test_records_come_back_in_order(tmp_path: Path) -> None:
    """What was appended is read by whoever maps the file next."""
    Journal(tmp_path / "journal").append(b"first")
    journal = Journal(tmp_path / "journal")
    journal.append(b"second")

    assert list(Journal(tmp_path / "journal").records()) == [b"first", b"second"]


def test_a_cleared_journal_is_empty_and_forgets_what_was_behind(tmp_path: Path) -> None:
    """A shorter record after clearing does not bring back the rest of a longer one before it."""
    journal = Journal(tmp_path / "journal")
    for record in (b"a" * 40, b"b" * 40):
        journal.append(record)
    journal.clear()
    journal.append(b"c")

    assert list(Journal(tmp_path / "journal").records()) == [b"c"]


def test_a_full_journal_takes_nothing_and_loses_nothing(tmp_path: Path) -> None:
    """There is no half record at the end."""
    journal = Journal(tmp_path / "journal", 4096)
    kept = 0
    while journal.append(b"x" * 100):
        kept += 1

    assert kept > 30
    assert len(list(Journal(tmp_path / "journal", 4096).records())) == kept


@pytest.mark.parametrize("damaged", range(0, 30, 3))
def test_a_damaged_record_ends_the_journal(tmp_path: Path, damaged: int) -> None:
    """Whatever byte of the second record is wrong, the first is read and the second is not invented."""
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.append(b"first")
    journal.append(b"the second record is this")
    content = bytearray(path.read_bytes())
    content[len(MAGIC) + 8 + 5 + damaged] ^= 0xFF
    path.write_bytes(content)

    assert list(Journal(path).records()) == [b"first"]


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    """A file that is no journal is refused by name."""
    path = tmp_path / "journal"
    path.write_bytes(b"somebody's work")

    with pytest.raises(JoulecastError, match="no journal of this release"):
        Journal(path)

    assert path.read_bytes().startswith(b"somebody's work")


def test_reads_see_what_is_only_journaled(tmp_path: Path) -> None:
    """A begin that has not reached the store yet is found and listed all the same."""
    ledger = journaled(tmp_path, FailingLedger())
    interval = an_open_interval()
    ledger.open(interval)

    assert ledger.find(interval_id=interval.interval_id) == interval
    assert [found.interval_id for found in ledger.list(Query())] == [interval.interval_id]


def test_a_retried_begin_is_told(tmp_path: Path) -> None:
    """The same request id twice is one interval."""
    ledger = journaled(tmp_path, FailingLedger())
    ledger.open(an_open_interval())

    with pytest.raises(DuplicateRequest):
        ledger.open(an_open_interval())


def test_a_store_that_is_away_delays_nobody(tmp_path: Path) -> None:
    """Begins and ends are taken while the store is full, and are in it once it is not."""
    store = FailingLedger()
    ledger = journaled(tmp_path, store)
    store.is_full = True
    interval = an_open_interval()
    ledger.open(interval)
    ledger.end(ended(interval))
    with pytest.raises(LedgerUnavailable):
        ledger.flush()
    store.is_full = False
    ledger.flush()

    assert store.intervals[interval.interval_id].status is Status.SETTLING
    assert store.intervals[interval.interval_id].counts == {"sample": 3.0}


def test_whose_share_is_asked_for_survives_in_the_journal(tmp_path: Path) -> None:
    """A begin that asks for its container's share is found with its caller and its container, as one that does not."""
    store = FailingLedger()
    first = journaled(tmp_path, store)
    store.is_full = True
    asking = an_open_interval(1, caller=Caller("boot-1", (SeenCgroup(2, "/größe", 2**64 - 1),)))
    asking.container = CgroupIdentity(Manager.SLURM, unit="job_7")
    unknown = an_open_interval(2, caller=Caller("boot-1"))
    silent = an_open_interval(3)
    for interval in (asking, unknown, silent):
        first.open(interval)
    store.is_full = False
    second = journaled(tmp_path, store)

    assert [*second.unsettled()] == [asking, unknown, silent]


def test_a_death_while_the_store_is_away_loses_nothing(tmp_path: Path) -> None:
    """Both journals in use, the store never reached: the next run finds every begin and every end."""
    store = FailingLedger()
    first = journaled(tmp_path, store)
    store.is_full = True
    intervals = [an_open_interval(number) for number in range(6)]
    for interval in intervals[:3]:
        first.open(interval)
    with pytest.raises(LedgerUnavailable):
        first.flush()
    for interval in intervals[3:]:
        first.open(interval)
    for interval in intervals[::2]:
        first.end(ended(interval))
    store.is_full = False
    journaled(tmp_path, store)

    assert {number: store.intervals[each.interval_id].status for number, each in enumerate(intervals)} == {
        number: Status.OPEN if number % 2 else Status.SETTLING for number in range(6)
    }


def test_old_records_never_undo_what_is_stored(tmp_path: Path) -> None:
    """Killed after a final state was stored and before the journal was cleared: the final state stays."""
    store = FailingLedger()
    interval = an_open_interval()
    first = journaled(tmp_path, store)
    store.is_full = True
    first.open(interval)
    store.is_full = False
    finished = ended(copy.deepcopy(interval))
    finished.status = Status.FINISHED
    store.save([finished])
    journaled(tmp_path, store)

    assert store.intervals[interval.interval_id].status is Status.FINISHED


def test_an_interval_that_is_final_soon_is_written_once(tmp_path: Path) -> None:
    """Between its journaled end and its final state it it is not stored; then only its final state is."""
    store = FailingLedger()
    ledger = journaled(tmp_path, store)
    short, long = an_open_interval(1), an_open_interval(2)
    for interval in (short, long):
        ledger.open(interval)
    ledger.end(ended(short))
    ledger.flush(recent=False)
    assert store.intervals == {}

    short.status = Status.FINISHED
    ledger.save([short])
    ledger.flush(recent=False)

    assert {name: stored.status for name, stored in store.intervals.items()} == {
        short.interval_id: Status.FINISHED,
        long.interval_id: Status.OPEN,
    }
    assert store.writes == 2


def test_a_save_that_failed_is_made_up_for(tmp_path: Path) -> None:
    """What could not be saved is still journaled, for the next flush and for the next run."""
    store = FailingLedger()
    ledger = journaled(tmp_path, store)
    interval = an_open_interval()
    ledger.open(interval)
    store.is_full = True
    with pytest.raises(LedgerUnavailable):
        ledger.save([ended(interval)])
    store.is_full = False
    ledger.flush()

    assert store.intervals[interval.interval_id].status is Status.SETTLING


def test_edges_of_what_is_only_journaled_are_kept(tmp_path: Path) -> None:
    """A begin edge needs its interval in the store, and brings it there."""
    store = FailingLedger()
    ledger = journaled(tmp_path, store)
    interval = an_open_interval()
    ledger.open(interval)
    ledger.save_edges(interval.interval_id, {"rows": []})

    assert interval.interval_id in store.intervals
    assert ledger.edges(interval.interval_id) == {"rows": []}


def test_a_full_journal_falls_back_on_the_store(tmp_path: Path) -> None:
    """More begins than the journals hold, with nobody flushing: all of them are kept."""
    store = FailingLedger()
    ledger = journaled(tmp_path, store, 4096)
    for number in range(200):
        ledger.open(an_open_interval(number))
    ledger.flush()

    assert len(store.intervals) == 200


def _begin_and_wait(directory: Path, told: Connection) -> None:
    ledger = journaled(directory, SqlLedger(directory / "joulecast.db"))
    for number in range(3):
        ledger.open(an_open_interval(number))
    told.send("acknowledged")
    signal.pause()


def test_an_acknowledged_begin_survives_kill_9(tmp_path: Path) -> None:
    """The process dies between the acknowledgement and the store."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_begin_and_wait, args=(tmp_path, there))
    process.start()
    assert here.poll(30)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    ledger = journaled(tmp_path, SqlLedger(tmp_path / "joulecast.db"))

    assert [interval.tag.request_id for interval in ledger.unsettled()] == ["request-0", "request-1", "request-2"]


def test_meters_that_outgrow_their_slate_are_read_from_the_store(tmp_path: Path) -> None:
    """The newest state is what the next run finds, wherever it was kept."""

    def opened(store: FailingLedger) -> JournaledLedger:
        journals = Journal(tmp_path / "journal-a", SIZE), Journal(tmp_path / "journal-b", SIZE)
        return JournaledLedger(store, *journals, Slate(tmp_path / "meters", 4096))

    store = FailingLedger()
    small, large = {"node_joules": 1.0}, {"node_joules": 2.0, "series": ["x" * 100] * 100}
    for state in (small, large, {"node_joules": 3.0}):
        opened(store).save_state(METERS, state)
        assert opened(store).load_state(METERS) == state
