"""The SQL of the ledger, as SQLAlchemy expressions that are compiled once and kept."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, exists, insert, literal_column, null, select, update

from exporter.intervals.interval import Status
from exporter.intervals.ledger import Query
from exporter.store.database import Backend
from exporter.store.schema import documents, intervals

PENDING = (Status.OPEN.value, Status.SETTLING.value)
ENDED = (Status.FINISHED.value, Status.TRUNCATED.value)

LISTED = [column for column in intervals.c if column is not intervals.c.edges]
_MINE = select(*LISTED).where(intervals.c.node == bindparam("node"))
FIND = _MINE.where(intervals.c.interval_id == bindparam("id"))
FIND_BY_REQUEST = (
    _MINE.where(intervals.c.request_id == bindparam("id")).order_by(intervals.c.interval_id.desc()).limit(1)
)
_VALUES = {"node": bindparam("node", type_=intervals.c.node.type)} | {
    column.name: bindparam(column.name, type_=column.type) for column in LISTED
}
# Inserts nothing if the request id is known: NULL, where there is none, equals nothing.
OPEN = insert(intervals).from_select(
    list(_VALUES),
    select(*_VALUES.values()).where(
        ~exists().where(intervals.c.node == _VALUES["node"], intervals.c.request_id == _VALUES["request_id"])
    ),
)
SAVE_EDGES = update(intervals).where(intervals.c.interval_id == bindparam("id")).values(edges=bindparam("document"))


def save_interval(backend: Backend) -> Any:
    """Insert, or overwrite all but the id and the edges; a finished interval loses its edges."""
    upsert = backend.upsert(intervals)
    new = upsert.excluded
    changes = {column.name: new[column.name] for column in LISTED if column is not intervals.c.interval_id}
    finished = new.status == literal_column(f"'{Status.FINISHED.value}'")
    changes["edges"] = case((finished, null()), else_=intervals.c.edges)
    return upsert.values(_VALUES).on_conflict_do_update(index_elements=[intervals.c.interval_id], set_=changes)


def save_document(backend: Backend) -> Any:
    """Insert or replace one named document of one node."""
    upsert = backend.upsert(documents)
    return upsert.on_conflict_do_update(
        index_elements=[documents.c.node, documents.c.name], set_={"document": upsert.excluded.document}
    )


def conditions(query: Query) -> Iterator[ColumnElement[bool]]:
    """What rows must satisfy to be in the listing; for labels necessary, not sufficient."""
    for column, wanted in (
        (intervals.c.job, query.job),
        (intervals.c.phase, query.phase),
        (intervals.c.name, query.name),
    ):
        if wanted:
            yield column == wanted
    if query.status is not None:
        yield intervals.c.status == query.status.value
    if query.since is not None:
        yield intervals.c.begin_wall >= query.since
    if query.until is not None:
        yield intervals.c.begin_wall < query.until
    for key, value in query.labels.items():
        # SQLite has no way to quote these in a path; `list` compares all labels of what it gets anyway.
        if '"' not in key and "\\" not in key:
            yield intervals.c.labels[key].as_string() == value
