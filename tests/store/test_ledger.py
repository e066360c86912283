"""The ledger keeps what the interval book hands it, and finds it again."""

import math
import stat
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.intervals import BEGIN_WALL, a_finished_interval, a_share, an_account, an_energy, an_open_interval
from doubles.postgresql_server import postgresql_server

from exporter.intervals.interval import ContainerShare, Status
from exporter.intervals.ledger import DuplicateRequest, Query
from exporter.store import ledger as ledger_module
from exporter.store.ledger import SqlLedger
from exporter.store.sqlite import SqliteFile, Synchronous
from exporter.usage.evidence import Caller, CgroupIdentity, SeenCgroup
from exporter.usage.manager import Manager
from joulecast.errors import JoulecastError


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with postgresql_server() as (url, _):
        yield url


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlLedger]:
    """A ledger in a new file, and one on a server, whose rows are those of a new node."""
    if request.param == "SQLite":
        ledger = SqlLedger(tmp_path / "joulecast.db")
    else:
        ledger = SqlLedger(request.getfixturevalue("server"), node=tmp_path.name)
    yield ledger
    ledger.close()


def test_open_interval_comes_back_as_it_went_in(ledger: SqlLedger) -> None:
    """An opened interval is found by either id, every field of it the same."""
    interval = an_open_interval(labels={"epoch": "3", "größe": 'a "b" \\ c'}, gpus=("GPU-1",))
    ledger.open(interval)

    assert interval == ledger.find(interval_id=interval.interval_id)
    assert interval == ledger.find(request_id="request-0")


def test_finished_interval_keeps_its_account_and_its_unknowns(ledger: SqlLedger) -> None:
    """An account survives whole: what was None is None again, never zero."""
    interval = a_finished_interval()
    ledger.save([interval])
    found = ledger.find(interval_id=interval.interval_id)

    assert interval == found
    assert found is not None
    assert found.account is not None
    assert found.account.devices[1].energy.gross_joules is None


@pytest.mark.parametrize("container", [None, CgroupIdentity(Manager.CONTAINERS, container_id="0a1b")])
def test_whose_share_is_asked_for_and_the_share_are_kept(ledger: SqlLedger, container: CgroupIdentity | None) -> None:
    """A caller, its container as far as it is known, and the share come back as they went in."""
    caller = Caller("boot-1", (SeenCgroup(1, '/größe "x"', 0), SeenCgroup(2, "/", 2**64 - 1)))
    still_open = replace(an_open_interval(1, caller=caller), container=container)
    nowhere = an_open_interval(2, caller=Caller("boot-1"))
    finished = replace(a_finished_interval(3, caller=caller), container=container)
    finished.account = replace(an_account(), container=a_share())
    unknown = a_finished_interval(4, caller=caller)
    unknown.account = replace(an_account(), container=ContainerShare(None, None, 0.0, 0.0, 0.0, {}, ("nobody",)))
    ledger.open(still_open)
    ledger.open(nowhere)
    ledger.save([finished, unknown])

    assert [*ledger.list(Query())] == [still_open, nowhere, finished, unknown]


def test_what_is_no_number_is_unknown(ledger: SqlLedger) -> None:
    """An interval of which a figure came out as NaN can still be read back."""
    interval = a_finished_interval()
    interval.account = replace(an_account(), node=an_energy(gross_joules=math.nan))
    ledger.save([interval])
    found = ledger.find(interval_id=interval.interval_id)

    assert found is not None
    assert found.account is not None
    assert found.account.node.gross_joules is None


def test_no_gpus_is_not_all_gpus(ledger: SqlLedger) -> None:
    """An empty scope and no scope stay apart."""
    none, everything = an_open_interval(1, gpus=()), an_open_interval(2, gpus=None)
    ledger.save([none, everything])

    assert [interval.tag.gpus for interval in ledger.list(Query())] == [(), None]


def test_unknown_ids_are_none(ledger: SqlLedger) -> None:
    """What was never stored is not found, by any id."""
    ledger.open(an_open_interval(request_id=""))

    assert ledger.find(interval_id="ff") is None
    assert ledger.find(request_id="ff") is None


def test_many_intervals_without_request_id_can_be_stored(ledger: SqlLedger) -> None:
    """Callers that give no request id do not collide with each other."""
    ledger.open(an_open_interval(1, request_id=""))
    ledger.open(an_open_interval(2, request_id=""))

    assert [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(Query())] == [1, 2]


def test_second_open_of_one_request_is_told_apart(ledger: SqlLedger) -> None:
    """A begin that is a retry stores nothing, also after the first interval has ended."""
    interval = a_finished_interval(1, request_id="same")
    ledger.save([interval])
    with pytest.raises(DuplicateRequest):
        ledger.open(an_open_interval(2, request_id="same"))

    assert [interval] == list(ledger.list(Query()))


def test_a_returning_request_id_never_stops_a_batch(ledger: SqlLedger) -> None:
    """Two intervals of one request id are both kept, and the later one is found."""
    first, second = an_open_interval(1, request_id="same"), an_open_interval(2, request_id="same")
    ledger.save([first, second, an_open_interval(3)])

    assert len(list(ledger.list(Query()))) == 3
    assert second == ledger.find(request_id="same")


def test_save_overwrites_what_was_stored(ledger: SqlLedger) -> None:
    """The second save of an interval is what is found afterwards."""
    interval = an_open_interval()
    ledger.open(interval)
    interval.status = Status.SETTLING
    interval.end = interval.begin + 1.0
    ledger.save([interval])

    assert interval == ledger.find(interval_id=interval.interval_id)


def test_unsettled_are_the_open_and_the_settling(ledger: SqlLedger) -> None:
    """A restart is given exactly the intervals that have no final account, in begin order."""
    settling, is_open, truncated = an_open_interval(1), an_open_interval(2), a_finished_interval(3)
    settling.status = Status.SETTLING
    truncated.status = Status.TRUNCATED
    ledger.save([is_open, a_finished_interval(4), truncated, settling])

    assert [settling, is_open] == ledger.unsettled()


def test_edges_last_until_the_interval_finishes(ledger: SqlLedger) -> None:
    """The begin edge is kept through saves and truncation, which a late end may correct, and dropped at the finish."""
    interval = an_open_interval()
    ledger.open(interval)
    ledger.save_edges(interval.interval_id, {"cpu/0": [1.5, None]})
    interval.status = Status.TRUNCATED
    ledger.save([interval])

    assert ledger.edges(interval.interval_id) == {"cpu/0": [1.5, None]}

    interval.status = Status.FINISHED
    ledger.save([interval])

    assert ledger.edges(interval.interval_id) is None


def test_state_documents_are_replaced_whole(ledger: SqlLedger) -> None:
    """The last document under a name is the one that is loaded; another name has none."""
    ledger.save_state("idle", {"watts": 1.0, "old": True})
    ledger.save_state("idle", {"watts": 2.0})

    assert ledger.load_state("idle") == {"watts": 2.0}
    assert ledger.load_state("meter") is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(), [0, 1, 2, 3]),
        (Query(newest_first=True), [3, 2, 1, 0]),
        (Query(job="speech"), [1]),
        (Query(phase="inference"), [2]),
        (Query(name="other"), [3]),
        (Query(status=Status.OPEN), [3]),
        (Query(since=BEGIN_WALL + 1), [1, 2, 3]),
        (Query(until=BEGIN_WALL + 1), [0]),
        (Query(limit=2), [0, 1]),
        (Query(limit=2, newest_first=True), [3, 2]),
        (Query(labels={"user": "ada"}), [0, 2]),
        (Query(labels={"user": "ada", "epoch": "2"}), [2]),
        (Query(labels={"user": "ada"}, limit=1), [0]),
        (Query(labels={'odd "key" \\': "x"}), [1]),
        (Query(labels={"größe.a": "ü"}), [3]),
        (Query(labels={"absent": ""}), []),
    ],
)
def test_listing_keeps_only_what_the_query_asks(ledger: SqlLedger, query: Query, expected: list[int]) -> None:
    """Every filter, the order and the limit hold, with label keys that no SQL path could quote among them."""
    ledger.save(
        [
            a_finished_interval(0, labels={"user": "ada", "epoch": "0"}),
            a_finished_interval(1, job="speech", labels={'odd "key" \\': "x"}),
            a_finished_interval(2, phase="inference", labels={"user": "ada", "epoch": "2"}),
            an_open_interval(3, name="other", labels={"größe.a": "ü"}),
        ]
    )

    assert expected == [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(query)]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (Query(job="%s :job '"), [0]),
        (Query(job="speech\0"), []),
        (Query(labels={"$": "a\0b"}), [0]),
        (Query(labels={"$": "a"}), [1]),
        (Query(labels={"0": "%s"}), [0]),
        (Query(labels={"0\0": "%s"}), []),
    ],
)
def test_text_is_never_taken_for_sql(ledger: SqlLedger, query: Query, expected: list[int]) -> None:
    """Names that look like parameters, keys that look like paths and values with a NUL are texts as any other."""
    ledger.save([a_finished_interval(0, job="%s :job '", labels={"$": "a\0b", "0": "%s"})])
    ledger.save([a_finished_interval(1, labels={"$": "a"})])

    assert expected == [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(query)]


def test_what_cannot_be_written_takes_nothing_with_it(ledger: SqlLedger) -> None:
    """A batch with a text that no database takes is refused whole, and the ledger goes on."""
    with pytest.raises(UnicodeEncodeError):
        ledger.save([a_finished_interval(0), a_finished_interval(1, job="\ud800")])
    ledger.save([a_finished_interval(2)])

    assert [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(Query())] == [2]


@pytest.mark.parametrize("newest_first", [False, True])
def test_listing_resumes_after_its_cursor(ledger: SqlLedger, *, newest_first: bool) -> None:
    """A listing broken off anywhere goes on with the next interval, in either direction."""
    ledger.save([a_finished_interval(number) for number in range(5)])
    whole = list(ledger.list(Query(newest_first=newest_first)))

    for position, interval in enumerate(whole):
        rest = ledger.list(Query(newest_first=newest_first, cursor=interval.interval_id))

        assert whole[position + 1 :] == list(rest)


def test_listing_crosses_pages_without_loss(ledger: SqlLedger) -> None:
    """More intervals than one page holds come once each, also when a page holds none that match."""
    total = 2 * ledger_module.PAGE_ROWS + 1
    ledger.save([an_open_interval(number, labels={"last": str(number == total - 1)}) for number in range(total)])

    assert total == len({interval.interval_id for interval in ledger.list(Query())})
    assert total - 1 == len(list(ledger.list(Query(limit=total - 1))))
    assert len(list(ledger.list(Query(labels={"last": "True"}, limit=1)))) == 1


def test_listing_lets_others_write_between_pages(ledger: SqlLedger) -> None:
    """A listing half read is no obstacle to a begin."""
    ledger.save([an_open_interval(number) for number in range(ledger_module.PAGE_ROWS + 1)])
    listing = ledger.list(Query())
    next(listing)
    ledger.open(an_open_interval(10_000))

    assert len(list(listing)) == ledger_module.PAGE_ROWS + 1


def test_prune_deletes_the_old_and_ended_only(ledger: SqlLedger) -> None:
    """Retention never touches an open interval, whatever its age, nor one that ended since."""
    old, young, still_open = a_finished_interval(0), a_finished_interval(100), an_open_interval(1)
    ledger.save([old, young, still_open])

    assert ledger.prune(BEGIN_WALL + 50) == 1
    assert [still_open, young] == list(ledger.list(Query()))


def test_prune_goes_on_past_one_transaction(ledger: SqlLedger) -> None:
    """More old rows than one transaction deletes are all deleted."""
    total = ledger_module.PRUNE_ROWS + 1
    ledger.save([a_finished_interval(number) for number in range(total)])

    assert ledger.prune(BEGIN_WALL + total + 10) == total
    assert not list(ledger.list(Query()))


def test_file_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    """Labels may name people: the file and its side files are 0600."""
    ledger = SqlLedger(tmp_path / "joulecast.db")
    ledger.open(an_open_interval())
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    ledger.close()

    assert modes == {"joulecast.db": 0o600, "joulecast.db-wal": 0o600, "joulecast.db-shm": 0o600}


@pytest.mark.parametrize(
    "store",
    [
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite://host/path.db",
        "mysql://joulecast:secret@host/db",
        "nonsense://x",
        "postgresql://joulecast:secret@host/db?nonsense=1",
        "postgresql://joulecast:sec%ret@host/db",
        "postgresql://joulecast:se@cret@host/db",
    ],
)
def test_store_that_can_never_work_is_refused_with_a_remedy(store: str) -> None:
    """A store that forgets, that no one tested or that no driver can read is told at once, without its password."""
    with pytest.raises(JoulecastError) as refused:
        SqlLedger(store)

    assert refused.value.remedy
    assert "cret" not in str(refused.value)


def test_missing_postgresql_driver_is_named() -> None:
    """Without the extra a PostgreSQL store says what to install, in one line."""
    code = """
    import sys
    sys.modules["psycopg"] = None
    from exporter.store.ledger import SqlLedger
    from joulecast.errors import JoulecastError
    try:
        SqlLedger("postgresql://joulecast@host/db")
    except JoulecastError as missing:
        print(missing.remedy)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)

    assert ended.stdout == "pip install 'joulecast[postgresql]'\n"


@pytest.mark.parametrize(("synchronous", "level"), [("normal", 1), ("full", 2)])
def test_a_commit_waits_for_the_disk_only_if_told(tmp_path: Path, synchronous: Synchronous, level: int) -> None:
    """The file is written ahead of, and every connection has the durability that was asked for."""
    with closing(SqliteFile(tmp_path / "joulecast.db", synchronous).connect()) as connection:
        found = [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")]

    assert found == ["wal", level]


def test_sqlite_url_and_path_are_the_same_file(tmp_path: Path) -> None:
    """What one spelling of the location wrote, the other reads."""
    interval = an_open_interval()
    first = SqlLedger(f"sqlite:///{tmp_path}/joulecast.db")
    first.open(interval)
    first.close()
    second = SqlLedger(tmp_path / "joulecast.db")

    assert interval == second.find(request_id="request-0")
    second.close()
