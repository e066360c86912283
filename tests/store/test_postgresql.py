"""The same ledger on a real PostgreSQL server, where this machine has one."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.clock import FakeClock
from doubles.intervals import BEGIN_WALL, a_finished_interval, an_open_interval

from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable, Query
from exporter.store.database import RETRY_SECONDS
from exporter.store.ledger import SqlLedger

BIN = Path("/usr/lib/postgresql/15/bin")
Control = Callable[..., None]


@pytest.fixture(scope="module")
def control() -> Iterator[tuple[str, Control]]:
    """A server on a Unix socket of its own: its URL, and pg_ctl."""
    pytest.importorskip("psycopg", reason="needs the extra joulecast[postgresql]")
    if not BIN.is_dir():
        pytest.skip(f"no PostgreSQL server at {BIN}")
    user = "postgres" if os.geteuid() == 0 else None  # the server refuses to run as root
    home = Path(tempfile.mkdtemp(prefix="joulecast-postgresql-"))  # short: it holds a socket
    if user is not None:
        subprocess.run(["chown", user, str(home)], check=True)
    data = home / "data"

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [str(BIN / program), "-D", str(data), *arguments],
            check=True,
            user=user,
            cwd=home,
            stdout=subprocess.DEVNULL,
            extra_groups=[] if user else None,
        )

    run("initdb", "-U", "joulecast", "-A", "trust", "--no-sync")
    options = f"-k {home} -c listen_addresses='' -F"
    start = ("-w", "-o", options, "-l", str(home / "log"), "start")
    run("pg_ctl", *start)

    def pg_ctl(action: str) -> None:
        run("pg_ctl", *(start if action == "start" else ("-w", "-m", "immediate", "stop")))

    yield f"postgresql://joulecast@/postgres?host={home}", pg_ctl
    pg_ctl("stop")
    shutil.rmtree(home)


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
