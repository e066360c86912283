"""The store fails with a remedy, loses nothing it acknowledged, and comes back by itself."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.clock import FakeClock
from doubles.intervals import BEGIN_WALL, a_finished_interval, an_open_interval

from exporter.intervals.ledger import LedgerUnavailable, Query
from exporter.store.database import RETRY_SECONDS
from exporter.store.ledger import SqlLedger

BEGIN_AND_BE_KILLED = """
import os, signal, sys
from pathlib import Path
from doubles.intervals import an_open_interval
from exporter.store.ledger import SqlLedger
ledger = SqlLedger(Path(sys.argv[1]))
for number in range(10):
    ledger.open(an_open_interval(number))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one mebibyte."""
    mount = tmp_path / "small"
    mount.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], check=False, capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(f"no right to mount a small file system: {mounted.stderr.strip()}")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)


def fill(disk: Path) -> Path:
    """Leave no byte free."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return filler


def test_acknowledged_begin_survives_kill_9(tmp_path: Path) -> None:
    """Every interval opened before a process is killed is there for the next one."""
    tests = Path(__file__).parents[1]
    killed = subprocess.run(
        [sys.executable, "-c", BEGIN_AND_BE_KILLED, str(tmp_path / "joulecast.db")],
        check=False,
        env=os.environ | {"PYTHONPATH": str(tests)},
    )
    ledger = SqlLedger(tmp_path / "joulecast.db")
    survivors = [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.unsettled()]
    ledger.close()

    assert killed.returncode == -signal.SIGKILL
    assert survivors == list(range(10))


def test_full_disk_is_told_and_writing_resumes(small_disk: Path) -> None:
    """On a full disk a begin fails with a remedy; with space back, the same ledger writes again."""
    clock = FakeClock()
    ledger = SqlLedger(small_disk / "joulecast.db", clock=clock)
    ledger.open(an_open_interval(0))
    filler = fill(small_disk)
    with pytest.raises(LedgerUnavailable) as full:
        ledger.save([a_finished_interval(number, labels={"pad": "x" * 200}) for number in range(1, 500)])
    filler.unlink()
    clock.advance(RETRY_SECONDS)
    ledger.open(an_open_interval(1))
    stored = [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(Query())]
    ledger.close()

    assert "disk is full" in full.value.problem
    assert full.value.remedy
    assert stored == [0, 1]


def test_disk_full_at_start_is_taken_up_later(small_disk: Path) -> None:
    """An exporter may start on a full disk: its ledger works as soon as there is space."""
    filler = fill(small_disk)
    clock = FakeClock()
    ledger = SqlLedger(small_disk / "joulecast.db", clock=clock)
    with pytest.raises(LedgerUnavailable):
        ledger.open(an_open_interval())
    filler.unlink()
    clock.advance(RETRY_SECONDS)
    ledger.open(an_open_interval())
    found = ledger.find(request_id="request-0")
    ledger.close()

    assert found is not None


def test_size_limit_is_a_full_disk_and_rolls_back_whole(tmp_path: Path) -> None:
    """A batch that does not fit leaves nothing behind, and what fits afterwards is written."""
    clock = FakeClock()
    ledger = SqlLedger(tmp_path / "joulecast.db", max_pages=40, clock=clock)
    with pytest.raises(LedgerUnavailable, match="disk is full"):
        ledger.save([a_finished_interval(number) for number in range(1000)])
    clock.advance(RETRY_SECONDS)
    ledger.open(an_open_interval(7))
    stored = [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(Query())]
    ledger.close()

    assert stored == [7]


def test_failing_store_is_not_asked_again_at_every_begin(tmp_path: Path) -> None:
    """Within the pause after a failure a begin is answered at once, though the store would work again."""
    clock = FakeClock()
    ledger = SqlLedger(tmp_path / "missing" / "joulecast.db", clock=clock)
    (tmp_path / "missing").mkdir()
    with pytest.raises(LedgerUnavailable, match="cannot be opened"):
        ledger.open(an_open_interval())
    clock.advance(RETRY_SECONDS)
    ledger.open(an_open_interval())
    ledger.close()

    assert (tmp_path / "missing" / "joulecast.db").exists()


def test_read_only_store_is_told(small_disk: Path) -> None:
    """A begin on a file system remounted read-only fails with a remedy."""
    ledger = SqlLedger(small_disk / "joulecast.db")
    ledger.open(an_open_interval())
    ledger.find(request_id="request-0")
    ledger.close()
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    ledger = SqlLedger(small_disk / "joulecast.db")
    try:
        with pytest.raises(LedgerUnavailable) as read_only:
            ledger.open(an_open_interval())
    finally:
        ledger.close()
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)

    assert "cannot be" in read_only.value.problem
    assert read_only.value.remedy


def test_locked_store_is_told_and_comes_back(tmp_path: Path) -> None:
    """Another program's transaction delays a begin shortly, then fails it by name."""
    clock = FakeClock()
    ledger = SqlLedger(tmp_path / "joulecast.db", clock=clock)
    intruder = sqlite3.connect(tmp_path / "joulecast.db", isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")
    with pytest.raises(LedgerUnavailable, match="another program keeps it locked"):
        ledger.open(an_open_interval())
    intruder.execute("ROLLBACK")
    intruder.close()
    clock.advance(RETRY_SECONDS)
    ledger.open(an_open_interval())
    found = ledger.find(request_id="request-0")
    ledger.close()

    assert found is not None


def test_file_that_is_no_database_is_set_aside(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Garbage in place of the file is kept under another name, said so, and a new file begins."""
    garbage = b"not a database, but someone's thesis" * 200
    (tmp_path / "joulecast.db").write_bytes(garbage)
    ledger = SqlLedger(tmp_path / "joulecast.db", clock=FakeClock())
    ledger.open(an_open_interval())
    ledger.close()

    assert (tmp_path / "joulecast.db.corrupt-20270115T080000Z").read_bytes() == garbage
    assert "nothing was deleted" in caplog.text


def test_second_damage_in_one_second_keeps_both(tmp_path: Path) -> None:
    """No damaged file is ever renamed over another."""
    for content in (b"first" * 1000, b"second" * 1000):
        (tmp_path / "joulecast.db").write_bytes(content)
        SqlLedger(tmp_path / "joulecast.db", clock=FakeClock()).close()
    kept = {path.read_bytes() for path in tmp_path.glob("*.corrupt-*")}

    assert kept == {b"first" * 1000, b"second" * 1000}


def test_damage_found_while_running_is_set_aside_at_the_next_write(tmp_path: Path) -> None:
    """A page that breaks under a running exporter costs that file, not the exporter."""
    path, clock = tmp_path / "joulecast.db", FakeClock()
    ledger = SqlLedger(path, clock=clock)
    ledger.save([a_finished_interval(number) for number in range(200)])
    ledger.close()
    content = bytearray(path.read_bytes())
    content[4096 * 2 :] = b"\xff" * (len(content) - 4096 * 2)
    path.write_bytes(content)

    ledger = SqlLedger(path, clock=clock)
    with pytest.raises(LedgerUnavailable, match="damaged"):
        list(ledger.list(Query()))
    ledger.open(an_open_interval(5))
    clock.advance(RETRY_SECONDS)
    stored = [round(interval.begin_wall - BEGIN_WALL) for interval in ledger.list(Query())]
    ledger.close()

    assert stored == [5]
    assert len(list(tmp_path.glob("joulecast.db.corrupt-*"))) == 1


def test_threads_share_one_ledger(tmp_path: Path) -> None:
    """Begins and listings from many threads at once lose nothing."""
    ledger = SqlLedger(tmp_path / "joulecast.db")
    failures: list[BaseException] = []

    def work(first: int) -> None:
        try:
            for number in range(first, first + 50):
                ledger.open(an_open_interval(number))
                list(ledger.list(Query(limit=5)))
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(1000 * worker,)) for worker in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stored = len(ledger.unsettled())
    ledger.close()

    assert failures == []
    assert stored == 8 * 50
