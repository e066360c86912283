"""The same ledger on a real PostgreSQL server, where this machine has one."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from doubles.clock import FakeClock
from doubles.intervals import BEGIN_WALL, a_finished_interval, an_open_interval
from doubles.postgresql_server import Control, postgresql_server

from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable, Query
from exporter.store.database import RETRY_SECONDS
from exporter.store.ledger import SqlLedger

SqlConnection = pytest.importorskip("psycopg", reason="needs the extra joulecast[postgresql]").Connection


@pytest.fixture(scope="module")
def control() -> Iterator[tuple[str, Control]]:
    """A server on a Unix socket of its own: its URL, and pg_ctl."""
    with postgresql_server() as server:
        yield server


def test_server_keeps_intervals_apart_by_node(control: tuple[str, Control]) -> None:
    """Two nodes on one server see their own intervals, with filters and all fields as on SQLite."""
    url, _ = control
    first, second = SqlLedger(url, node="node-1"), SqlLedger(url, node="node-2")
    ours = a_finished_interval(1, labels={"user": "ada", 'odd "key"': "x"}, gpus=())
    first.save([ours, an_open_interval(2)])
    second.open(an_open_interval(3))
    second.save_state("idle", {"watts": 2.0})

    assert [ours] == list(first.list(Query(labels={"user": "ada", 'odd "key"': "x"})))
    assert [round(interval.begin_wall - BEGIN_WALL) for interval in second.list(Query())] == [3]
    assert [round(interval.begin_wall - BEGIN_WALL) for interval in first.unsettled()] == [2]
    assert first.load_state("idle") is None
    assert first.prune(BEGIN_WALL + 1000) == 1
    first.close()
    second.close()


def test_server_that_goes_away_is_told_and_taken_up_again(control: tuple[str, Control]) -> None:
    """A server restart costs the calls in between, each with a remedy, and nothing that was acknowledged."""
    url, pg_ctl = control
    clock = FakeClock()
    ledger = SqlLedger(url, node="node-3", clock=clock)
    interval = an_open_interval(1)
    ledger.open(interval)
    ledger.save_edges(interval.interval_id, {"cpu/0": 1.5})
    pg_ctl("stop")
    with pytest.raises(LedgerUnavailable) as away:
        ledger.open(an_open_interval(2))
    pg_ctl("start")
    clock.advance(RETRY_SECONDS)
    ledger.open(an_open_interval(3))

    with pytest.raises(DuplicateRequest):
        ledger.open(an_open_interval(3))

    assert away.value.remedy
    assert ledger.find(request_id="request-1") == interval
    assert ledger.edges(interval.interval_id) == {"cpu/0": 1.5}
    assert ledger.find(request_id="request-2") is None
    assert ledger.find(request_id="request-3") is not None
    ledger.close()


def test_nodes_that_start_together_make_the_tables_once(control: tuple[str, Control]) -> None:
    """A fleet switched on at once finds an empty database, and no node of it fails."""
    url, _ = control
    with SqlConnection.connect(url, autocommit=True) as administrator:
        administrator.execute("CREATE DATABASE fleet")
    url = url.replace("/postgres?", "/fleet?")

    def begin(number: int) -> SqlLedger:
        ledger = SqlLedger(url, node=f"node-{number}")
        ledger.open(an_open_interval(number))
        return ledger

    with ThreadPoolExecutor(8) as nodes:
        ledgers = list(nodes.map(begin, range(8)))
    stored = [len(ledger.unsettled()) for ledger in ledgers]
    for ledger in ledgers:
        ledger.close()

    assert stored == [1] * 8


def test_both_spellings_of_the_url_are_the_same_store(control: tuple[str, Control]) -> None:
    """What was written for SQLAlchemy's driver names is the same database."""
    url, _ = control
    interval = an_open_interval(10)
    first = SqlLedger(url, node="node-4")
    first.open(interval)
    first.close()
    second = SqlLedger(url.replace("postgresql://", "postgresql+psycopg://"), node="node-4")

    assert second.unsettled() == [interval]
    second.close()


def test_user_without_rights_is_told_as_a_store_that_is_away(control: tuple[str, Control]) -> None:
    """Rights are the administrator's to give: a begin says so, and is taken once they are there."""
    url, _ = control
    SqlLedger(url).close()
    clock = FakeClock()
    with SqlConnection.connect(url, autocommit=True) as administrator:
        administrator.execute("CREATE ROLE reader LOGIN")
        ledger = SqlLedger(url.replace("joulecast@", "reader@"), node="node-5", clock=clock)
        with pytest.raises(LedgerUnavailable, match="permission denied"):
            ledger.open(an_open_interval(11))
        administrator.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO reader")
        administrator.execute("GRANT CREATE ON SCHEMA public TO reader")
        clock.advance(RETRY_SECONDS)
        ledger.open(an_open_interval(11))
    stored = len(ledger.unsettled())
    ledger.close()

    assert stored == 1


def test_messages_say_where_and_never_a_password(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Of a server that is away the host, the database and the user are told, and nothing else of the URL."""
    url = f"postgresql+psycopg://joulecast:secret@/postgres?host={tmp_path}&sslpassword=secret"
    with pytest.raises(LedgerUnavailable) as away:
        SqlLedger(url).unsettled()

    assert f"host={tmp_path} dbname=postgres user=joulecast" in str(away.value)
    assert "secret" not in str(away.value) + caplog.text
