"""The same ledger on a real PostgreSQL server, where this machine has one."""

from collections.abc import Iterator

import pytest
from doubles.clock import FakeClock
from doubles.intervals import BEGIN_WALL, a_finished_interval, an_open_interval
from doubles.postgresql_server import Control, postgresql_server

from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable, Query
from exporter.store.database import RETRY_SECONDS
from exporter.store.ledger import SqlLedger


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
