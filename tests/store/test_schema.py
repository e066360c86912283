"""Every store, whatever release began it, is led to the present tables or refused."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from doubles.intervals import BEGIN_WALL, a_finished_interval, an_open_interval

from exporter.intervals.interval import Status
from exporter.intervals.ledger import Query
from exporter.store.ledger import SqlLedger
from exporter.store.schema import MIGRATIONS, StoreTooNew, migrate
from exporter.store.sqlite import SqliteFile
from exporter.store.statements import COLUMNS

VERSION_1 = Path(__file__).with_name("version_1.sql")  # written by the release that made the first version


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """A transaction of the store's own kind, undone if it fails."""
    with closing(SqliteFile(path).connect()) as connection:
        connection.execute("BEGIN")
        yield connection
        connection.execute("COMMIT")


def tables(path: Path) -> dict[str, str]:
    """The SQL of everything in a file."""
    with closing(sqlite3.connect(path)) as connection:
        return dict(connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))


def old_store(path: Path) -> Path:
    """A file as version 1 left it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_1.read_text(encoding="utf-8"))
    return path


def test_migrations_lead_to_the_tables_in_use(tmp_path: Path) -> None:
    """The frozen SQL makes the columns that the statements name, and the edges."""
    with transaction(tmp_path / "new.db") as connection:
        migrate(connection)
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        found = [column for _, column, *_ in connection.execute("PRAGMA table_info(intervals)")]

    assert sorted(found) == sorted([*COLUMNS.split(", "), "edges"])


def test_a_store_of_version_1_holds_what_it_held(tmp_path: Path) -> None:
    """A file of the first release opens, everything in it is found, and nobody asked for a container's share."""
    path = old_store(tmp_path / "old.db")
    ledger = SqlLedger(path)
    finished, still_open, settling, truncated = ledger.list(Query())
    edges, state = ledger.edges(still_open.interval_id), ledger.load_state("idle")
    unsettled = ledger.unsettled()
    ledger.close()

    expected = a_finished_interval(0, labels={"user": "ada", 'odd "key"': "größe"}, gpus=("GPU-1",))
    expected.interval_id = finished.interval_id
    assert expected == finished
    assert [still_open, settling] == unsettled
    assert (still_open.status, still_open.tag.gpus) == (Status.OPEN, ())
    assert (settling.status, settling.tag.request_id, settling.counts) == (Status.SETTLING, "", {"sample": 3.0})
    assert (truncated.status, truncated.end_wall) == (Status.TRUNCATED, BEGIN_WALL + 4)
    assert edges == {"cpu/0": [1.5, None]}
    assert state == {"watts": 2.0}
    assert {each.tag.caller for each in (finished, still_open, settling, truncated)} == {None}


def test_an_old_store_comes_to_have_the_tables_of_a_new_one(tmp_path: Path) -> None:
    """Opened once, a file of version 1 has the very tables of a new file."""
    for path in (tmp_path / "new.db", old_store(tmp_path / "old.db")):
        SqlLedger(path).close()

    assert tables(tmp_path / "new.db") == tables(tmp_path / "old.db")


def test_older_store_is_brought_up_step_by_step(tmp_path: Path) -> None:
    """Only the migrations a store has not seen are run, in order."""
    added = (*MIGRATIONS, ("ALTER TABLE intervals ADD COLUMN color TEXT",), ("UPDATE intervals SET color = 'green'",))
    ledger = SqlLedger(tmp_path / "old.db")
    ledger.open(an_open_interval())
    ledger.close()
    for _ in range(2):
        with transaction(tmp_path / "old.db") as connection:
            migrate(connection, added)
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        colors = connection.execute("SELECT color FROM intervals").fetchall()
        versions = connection.execute("SELECT version FROM schema_version ORDER BY version").fetchall()

    assert colors == [("green",)]
    assert versions == [(number,) for number in range(1, len(added) + 1)]


def test_failed_migration_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """A migration that breaks in the middle is undone whole, tables included."""
    broken = (*MIGRATIONS, ("CREATE TABLE half (a TEXT)", "nonsense"))
    with (
        pytest.raises(sqlite3.OperationalError, match="nonsense"),
        transaction(tmp_path / "new.db") as connection,
    ):
        migrate(connection, broken)

    assert tables(tmp_path / "new.db") == {}


def test_newer_store_is_refused(tmp_path: Path) -> None:
    """A store of a later release is not touched; the error names both versions and the way out."""
    ledger = SqlLedger(tmp_path / "joulecast.db")
    ledger.open(an_open_interval())
    ledger.close()
    with transaction(tmp_path / "joulecast.db") as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")

    with pytest.raises(StoreTooNew, match=rf"version 99.*up to {len(MIGRATIONS)}.*--state-dir"):
        SqlLedger(tmp_path / "joulecast.db")
