"""The ledger in SQL: what the interval book remembers, whatever database is behind it."""

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from exporter.intervals.interval import Interval
from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable, Query
from exporter.store.codec import interval_from_row, row_from_interval, to_json
from exporter.store.database import Database, Row
from exporter.store.location import backend_at
from exporter.store.schema import migrate
from exporter.store.sqlite import Synchronous
from exporter.store.statements import (
    EDGES,
    FIND,
    FIND_BY_REQUEST,
    OPEN,
    PRUNE,
    SAVE,
    SAVE_EDGES,
    SAVE_STATE,
    STATE,
    UNSETTLED,
    listing,
)
from joulecast.clock import Clock, SystemClock

PAGE_ROWS = 500
PRUNE_ROWS = 1000

logger = logging.getLogger(__name__)


class SqlLedger:
    """Implements `exporter.intervals.ledger.Ledger`.

    `store` is a path, or a URL of SQLite or PostgreSQL. On a server, rows belong to `node`: nodes share the
    database and never see each other's open intervals. A file belongs to its node whatever the node is called,
    so that a container may come back under another host name.

    The constructor raises StoreTooNew, and JoulecastError for a store that can never work. One that is only away
    (full disk, server down) is told by the first call, and taken up again when it is back.
    """

    def __init__(
        self,
        store: str | Path,
        *,
        node: str = "",
        synchronous: Synchronous = "normal",
        max_pages: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        backend = backend_at(store, synchronous, max_pages)
        self._node = node if backend.shared else ""
        self._label_is = backend.label_is
        self._database = Database(backend, migrate, clock or SystemClock())
        try:
            self._database.open()
        except LedgerUnavailable as away:
            logger.warning("%s", away)

    def open(self, interval: Interval) -> None:
        """Commit a new interval; on return it survives the death of this process.

        Raises LedgerUnavailable, and DuplicateRequest if an interval of this request id is stored already.
        """
        if self._database.run(OPEN, row_from_interval(interval, self._node)) == 0:
            raise DuplicateRequest(f"request {interval.tag.request_id} has begun an interval already", "use that one")

    def end(self, interval: Interval) -> None:
        """Commit an interval's end."""
        self.save([interval])

    def flush(self, *, recent: bool = True) -> None:
        """Nothing is kept elsewhere."""

    def save(self, intervals: Sequence[Interval]) -> None:
        """Write these intervals as they are now, all or none; a finished one needs its edges no more."""
        if intervals:
            self._database.run_all(SAVE, (row_from_interval(interval, self._node) for interval in intervals))

    def find(self, *, interval_id: str = "", request_id: str = "") -> Interval | None:
        """The interval of that id on this node (the latest, should a request id have come back), or None."""
        query = FIND if interval_id else FIND_BY_REQUEST
        rows = self._rows(query, {"node": self._node, "id": interval_id or request_id})
        return interval_from_row(rows[0]) if rows else None

    def unsettled(self) -> Sequence[Interval]:
        """Every open or settling interval of this node, in begin order."""
        return [interval_from_row(row) for row in self._rows(UNSETTLED, {"node": self._node})]

    def list(self, query: Query) -> Iterator[Interval]:
        """This node's intervals in begin order, page by page: between pages nothing is held."""
        cursor, found = query.cursor, 0
        while True:
            page = self._page(query, cursor)
            for row in page:
                if not query.labels or query.labels.items() <= json.loads(row["labels"]).items():
                    yield interval_from_row(row)
                    found += 1
                    if found == query.limit:
                        return
            if len(page) < PAGE_ROWS:
                return
            cursor = page[-1]["interval_id"]

    def save_edges(self, interval_id: str, edges: Mapping[str, Any]) -> None:
        """Keep the begin edge of a stored interval; of one that is not stored there is nothing to restart."""
        self._database.run(SAVE_EDGES, {"id": interval_id, "document": to_json(dict(edges))})

    def edges(self, interval_id: str) -> Mapping[str, Any] | None:
        """The begin edge kept by `save_edges`; a truncated interval has it still, should a late end come."""
        return _document(self._rows(EDGES, {"id": interval_id}))

    def save_state(self, name: str, state: Mapping[str, Any]) -> None:
        """Replace one named document."""
        self._database.run(SAVE_STATE, {"node": self._node, "name": name, "document": to_json(dict(state))})

    def load_state(self, name: str) -> Mapping[str, Any] | None:
        """The document saved under that name, or None."""
        return _document(self._rows(STATE, {"node": self._node, "name": name}))

    def prune(self, older_than_wall: float) -> int:
        """Delete intervals that ended before that moment, in small transactions, and return how many."""
        pruned = 0
        while True:
            rows = self._database.run(PRUNE, {"node": self._node, "before": older_than_wall, "rows": PRUNE_ROWS})
            pruned += rows
            if rows < PRUNE_ROWS:
                return pruned

    def close(self) -> None:
        """Release the connections; every call before was already committed."""
        self._database.close()

    def _page(self, query: Query, cursor: str) -> Sequence[Row]:
        size = min(query.limit, PAGE_ROWS) if query.limit > 0 and not query.labels else PAGE_ROWS
        return self._rows(*listing(self._node, query, cursor, size, self._label_is))

    def _rows(self, sql: str, parameters: Row) -> Sequence[Row]:
        # No name or id that is stored holds a NUL, and PostgreSQL would not be asked for one.
        if any("\0" in value for value in parameters.values() if isinstance(value, str)):
            return []
        return self._database.rows(sql, parameters)


def _document(rows: Sequence[Row]) -> Mapping[str, Any] | None:
    """The document in the first row, if there is one and it holds one."""
    text = rows[0]["document"] if rows else None
    document: Mapping[str, Any] | None = None if text is None else json.loads(text)
    return document
