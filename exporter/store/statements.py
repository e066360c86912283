"""The SQL of the ledger: text that SQLite and PostgreSQL both take, its parameters named as in `:node`."""

from collections.abc import Iterator

from exporter.intervals.ledger import Query
from exporter.store.database import Row

# Of `intervals`, all but the edges.
COLUMNS = (
    "interval_id, node, request_id, name, job, phase, status, boot_id, begin_monotonic, begin_wall, end_monotonic, "
    "end_wall, lease_seconds, last_heard, labels, gpus, container, counts, notes, account"
)
_VALUES = f":{COLUMNS.replace(', ', ', :')}"
_INSERT = f"INSERT INTO intervals ({COLUMNS})"
_MINE = f"SELECT {COLUMNS} FROM intervals WHERE node = :node"  # noqa: S608 - our own words

FIND = f"{_MINE} AND interval_id = :id"
FIND_BY_REQUEST = f"{_MINE} AND request_id = :id ORDER BY interval_id DESC LIMIT 1"
UNSETTLED = f"{_MINE} AND status IN ('open', 'settling') ORDER BY interval_id"
# Inserts nothing if the request id is known: NULL, where there is none, equals nothing.
OPEN = (
    f"{_INSERT} SELECT {_VALUES} "  # noqa: S608
    "WHERE NOT EXISTS (SELECT 1 FROM intervals WHERE node = :node AND request_id = :request_id)"
)
# Overwrites all but the edges, which a finished interval needs no more.
SAVE = (
    f"{_INSERT} VALUES ({_VALUES}) ON CONFLICT (interval_id) DO UPDATE SET "
    + ", ".join(f"{column} = excluded.{column}" for column in COLUMNS.split(", ")[1:])
    + ", edges = CASE WHEN excluded.status = 'finished' THEN NULL ELSE intervals.edges END"
)
PRUNE = (
    "DELETE FROM intervals WHERE interval_id IN (SELECT interval_id FROM intervals WHERE node = :node "
    "AND status IN ('finished', 'truncated') AND end_wall < :before LIMIT :rows)"
)

SAVE_EDGES = "UPDATE intervals SET edges = :document WHERE interval_id = :id"
EDGES = "SELECT edges AS document FROM intervals WHERE interval_id = :id"

SAVE_STATE = (
    "INSERT INTO state (node, name, document) VALUES (:node, :name, :document) "
    "ON CONFLICT (node, name) DO UPDATE SET document = excluded.document"
)
STATE = "SELECT document FROM state WHERE node = :node AND name = :name"


def listing(node: str, query: Query, cursor: str, rows: int, label_is: str) -> tuple[str, Row]:
    """At most so many rows after the cursor that match the query, and its parameters; for labels not all need match.

    `label_is` is the database's way to compare a label, see `database.Backend`.
    """
    conditions, parameters = [_MINE], {"node": node, "rows": rows}
    for condition, name, value in _conditions(query, cursor):
        conditions.append(condition)
        parameters[name] = value
    for number, (key, value) in enumerate(query.labels.items()):
        # SQLite has no way to quote these in a path, PostgreSQL no NUL; whoever lists compares all labels anyway.
        if not any(character in key for character in '"\\\0') and "\0" not in value:
            conditions.append(label_is.format(number))
            parameters |= {f"key{number}": key, f"label{number}": value}
    order = "DESC" if query.newest_first else "ASC"
    return f"{' AND '.join(conditions)} ORDER BY interval_id {order} LIMIT :rows", parameters


def _conditions(query: Query, cursor: str) -> Iterator[tuple[str, str, object]]:
    if cursor:
        yield f"interval_id {'<' if query.newest_first else '>'} :cursor", "cursor", cursor
    for name, wanted in (("job", query.job), ("phase", query.phase), ("name", query.name), ("status", query.status)):
        if wanted:
            yield f"{name} = :{name}", name, str(wanted)
    if query.since is not None:
        yield "begin_wall >= :since", "since", query.since
    if query.until is not None:
        yield "begin_wall < :until", "until", query.until
