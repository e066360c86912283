"""Every store, whatever release began it, is led to the present tables or refused."""

from pathlib import Path

import pytest
from doubles.intervals import an_open_interval
from sqlalchemy import Connection, inspect

from exporter.store import schema
from exporter.store.ledger import SqlLedger
from exporter.store.schema import MIGRATIONS, StoreTooNew, migrate
from exporter.store.sqlite import SqliteFile


def connect(path: Path) -> Connection:
    """A connection of the store's own kind."""
    return SqliteFile(path).engine.connect()


def test_migrations_lead_to_the_tables_in_use(tmp_path: Path) -> None:
    """The frozen SQL and the table definitions name the same columns, all of them."""
    with connect(tmp_path / "new.db") as connection:
        with connection.begin():
            migrate(connection)
        inspector = inspect(connection)
        found = {
            table: [column["name"] for column in inspector.get_columns(table)] for table in inspector.get_table_names()
        }

    assert found == {
        "schema_version": ["version"],
        "intervals": list(schema.intervals.c.keys()),
        "state": list(schema.documents.c.keys()),
    }


def test_older_store_is_brought_up_step_by_step(tmp_path: Path) -> None:
    """Only the migrations a store has not seen are run, in order."""
    added = (*MIGRATIONS, ("ALTER TABLE intervals ADD COLUMN color TEXT",), ("UPDATE intervals SET color = 'green'",))
    ledger = SqlLedger(tmp_path / "old.db")
    ledger.open(an_open_interval())
    ledger.close()
    with connect(tmp_path / "old.db") as connection:
        for _ in range(2):
            with connection.begin():
                migrate(connection, added)
        colors = connection.exec_driver_sql("SELECT color FROM intervals").scalars().all()
        versions = connection.exec_driver_sql("SELECT version FROM schema_version ORDER BY version").scalars().all()

    assert colors == ["green"]
    assert versions == list(range(1, len(added) + 1))


def test_failed_migration_leaves_the_store_as_it_was(tmp_path: Path) -> None:
    """A migration that breaks in the middle is undone whole, tables included."""
    broken = (*MIGRATIONS, ("CREATE TABLE half (a TEXT)", "nonsense"))
    with connect(tmp_path / "new.db") as connection:
        with pytest.raises(Exception, match="nonsense"), connection.begin():
            migrate(connection, broken)

        assert inspect(connection).get_table_names() == []


def test_newer_store_is_refused(tmp_path: Path) -> None:
    """A store of a later release is not touched; the error names both versions and the way out."""
    ledger = SqlLedger(tmp_path / "joulecast.db")
    ledger.open(an_open_interval())
    ledger.close()
    with connect(tmp_path / "joulecast.db") as connection, connection.begin():
        connection.exec_driver_sql("INSERT INTO schema_version VALUES (99)")

    with pytest.raises(StoreTooNew, match=rf"version 99.*up to {len(MIGRATIONS)}.*--state-dir"):
        SqlLedger(tmp_path / "joulecast.db")
