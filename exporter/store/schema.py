"""The tables, and the ordered list of migrations that leads every older file to them."""

from collections.abc import Sequence

from exporter.store.database import Connection
from joulecast.errors import JoulecastError


class StoreTooNew(JoulecastError):
    """The store was written by a later release, whose meaning this one cannot know."""


# Plain SQL that SQLite and PostgreSQL both take, frozen once released: a change of shape is a new entry at the end,
# and entry n leads to version n. Long JSON comes last, so that a filter on the columns before it never reads it.
MIGRATIONS: Sequence[Sequence[str]] = (
    (
        """
        CREATE TABLE intervals (
            interval_id TEXT PRIMARY KEY NOT NULL,
            node TEXT NOT NULL,
            request_id TEXT,
            name TEXT NOT NULL,
            job TEXT NOT NULL,
            phase TEXT NOT NULL,
            status TEXT NOT NULL,
            boot_id TEXT NOT NULL,
            begin_monotonic DOUBLE PRECISION NOT NULL,
            begin_wall DOUBLE PRECISION NOT NULL,
            end_monotonic DOUBLE PRECISION,
            end_wall DOUBLE PRECISION,
            lease_seconds DOUBLE PRECISION NOT NULL,
            last_heard DOUBLE PRECISION NOT NULL,
            labels JSON NOT NULL,
            gpus JSON,
            counts JSON NOT NULL,
            notes JSON NOT NULL,
            account JSON,
            edges JSON
        )
        """,
        # Not unique: the interval book keeps request ids apart, and a duplicate must never stop a batch.
        "CREATE INDEX intervals_by_request ON intervals (node, request_id)",
        "CREATE INDEX intervals_by_job ON intervals (job, interval_id)",
        "CREATE INDEX intervals_by_status ON intervals (status, end_wall)",
        "CREATE TABLE state (node TEXT NOT NULL, name TEXT NOT NULL, document JSON NOT NULL, PRIMARY KEY (node, name))",
    ),
    # Whose container's share an interval asks for.
    ("ALTER TABLE intervals ADD COLUMN container JSON",),
)


def migrate(connection: Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring the store to the newest version inside the caller's transaction. Raises StoreTooNew."""
    connection.execute("CREATE TABLE IF NOT EXISTS schema_version (version INTEGER PRIMARY KEY NOT NULL)")
    (found,) = connection.execute("SELECT MAX(version) AS version FROM schema_version").fetchall()
    version = found["version"] or 0
    if version > len(migrations):
        raise StoreTooNew(
            f"the store has schema version {version}, this release knows up to {len(migrations)}",
            "run the release that wrote it, or give this one its own --state-dir or --store",
        )
    for number, statements in enumerate(migrations[version:], version + 1):
        for statement in statements:
            connection.execute(statement)
        connection.execute("INSERT INTO schema_version VALUES (:version)", {"version": number})
