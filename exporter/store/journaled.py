"""A ledger whose begins and ends cost microseconds: journaled when they happen, stored together a moment later."""

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from exporter.intervals.checkpoints import METERS
from exporter.intervals.interval import Interval
from exporter.intervals.ledger import DuplicateRequest, Ledger, LedgerUnavailable, Query
from exporter.store.codec import to_json
from exporter.store.journal import Journal
from exporter.store.records import begin_record, end_record, replay
from exporter.store.slate import Slate

log = logging.getLogger(__name__)

# Request ids of at least this many latest begins are known without asking the store: a retry follows within seconds.
KNOWN_REQUESTS = 2048


class JournaledLedger:
    """Implements `exporter.intervals.ledger.Ledger` in front of another one.

    Two journals take turns: while begins and ends go to one, what the other holds is stored, unless it is by then in
    its final state. Whatever reads the store first brings it up to date. A store that is away (a full disk, a database
    server being restarted) delays nobody until both journals are full; then begins go to the store itself.
    """

    def __init__(self, store: Ledger, active: Journal, spare: Journal, slate: Slate | None = None) -> None:
        """Store what an earlier run left in the journals; if the store is away, that waits for the next `flush`.

        With a `slate`, the state of the meters is kept there, and read from the store only if it is not.
        """
        self._slate = slate
        self._store = store
        self._active = active  # holds `_recent`
        self._spare = spare  # holds `_earlier`
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        # What each journal tells of that the store does not know yet.
        self._recent: dict[str, Interval] = {}
        self._earlier: dict[str, Interval] = {}
        # Two sets in turns: half of what one in the order of their begins would take.
        self._requests: set[str] = set()
        self._earlier_requests: set[str] = set()
        self._left = [*spare.records(), *active.records()]  # by an earlier run, and not stored yet
        self._flush_if_possible()

    def open(self, interval: Interval) -> None:
        """Keep a new interval; on return it survives the death of this process."""
        request = interval.tag.request_id
        record = begin_record(interval)
        with self._lock:
            if request:
                self._note(request)
            if self._append(interval, record):
                return
        if not self._journal(interval, record):
            self._store.open(interval)

    def end(self, interval: Interval) -> None:
        """Keep an interval's end."""
        record = end_record(interval)
        with self._lock:
            if self._append(interval, record):
                return
        if not self._journal(interval, record):
            self._store.save([interval])

    def flush(self, *, recent: bool = True) -> None:
        """Store what is only journaled. Raises LedgerUnavailable, and then nothing is forgotten.

        Without the `recent`, only what was journaled before the flush before this one: a short interval is final by
        then, and so is written once.
        """
        with self._flushing:
            self._flush()
            if recent:
                self._flush()

    def save(self, intervals: Sequence[Interval]) -> None:
        """Write the present state of these intervals to the store: newer than anything that is journaled of them."""
        with self._flushing:
            if self._left:
                self._flush()
            with self._lock:
                recent, earlier = (_take(intervals, journaled) for journaled in (self._recent, self._earlier))
            try:
                self._store.save(intervals)
            except BaseException:
                self._put_back(recent, earlier)
                raise

    def find(self, *, interval_id: str = "", request_id: str = "") -> Interval | None:
        """The interval of that id, or None."""
        self._flush_if_possible()
        return self._store.find(interval_id=interval_id, request_id=request_id)

    def unsettled(self) -> Sequence[Interval]:
        """Every interval that is open or settling."""
        self._flush_if_possible()
        return self._store.unsettled()

    def list(self, query: Query) -> Iterator[Interval]:
        """Intervals that match, page by page."""
        self._flush_if_possible()
        return self._store.list(query)

    def save_edges(self, interval_id: str, edges: Mapping[str, Any]) -> None:
        """Keep the settled begin edge of an open interval."""
        with self._lock:
            journaled = self._recent.get(interval_id) or self._earlier.get(interval_id)
        if journaled is not None:
            self.save([journaled])
        self._store.save_edges(interval_id, edges)

    def edges(self, interval_id: str) -> Mapping[str, Any] | None:
        """The begin edge kept by `save_edges`, if any."""
        return self._store.edges(interval_id)

    def save_state(self, name: str, state: Mapping[str, Any]) -> None:
        """Replace one named document."""
        slate = self._slate if name == METERS else None
        if slate is not None and slate.write(to_json(dict(state)).encode()):
            return
        self._store.save_state(name, state)
        if slate is not None:
            slate.hand_over()

    def load_state(self, name: str) -> Mapping[str, Any] | None:
        """The document saved under that name, or None."""
        slated = self._slate.read() if self._slate is not None and name == METERS else None
        if slated is not None:
            document: Mapping[str, Any] = json.loads(slated)
            return document
        return self._store.load_state(name)

    def prune(self, older_than_wall: float) -> int:
        """Delete intervals that ended before that moment; returns how many."""
        return self._store.prune(older_than_wall)

    def close(self) -> None:
        """Store what can be stored, and release; what cannot is in the journal for the next run."""
        self._flush_if_possible()
        self._store.close()
        self._active.close()
        self._spare.close()
        if self._slate is not None:
            self._slate.close()

    def _note(self, request: str) -> None:
        """Remember a request id for as long as it may be sent again. Raises DuplicateRequest."""
        if request in self._requests or request in self._earlier_requests:
            raise DuplicateRequest(f"request {request} has begun an interval already", "use that one")
        if len(self._requests) >= KNOWN_REQUESTS:
            self._requests, self._earlier_requests = set(), self._requests
        self._requests.add(request)

    def _append(self, interval: Interval, record: bytes) -> bool:
        """Keep a record, with the lock held; False if there is no room for it."""
        if not self._active.append(record):
            return False
        self._recent[interval.interval_id] = interval
        return True

    def _journal(self, interval: Interval, record: bytes) -> bool:
        """Keep a record for which there was no room, once what is in the journals is stored; False if there is none."""
        self._flush_if_possible()
        with self._lock:
            return self._append(interval, record)

    def _flush(self) -> None:
        """Store what the spare journal holds, and turn the journals; what could not be stored stays in it."""
        if self._left:
            left = replay(self._left, lambda interval_id: self._store.find(interval_id=interval_id))
            with self._lock:
                self._earlier = left | self._earlier
                self._left = []
        with self._lock:
            batch, self._earlier = self._earlier, {}
        try:
            if batch:
                self._store.save(list(batch.values()))
        except BaseException:
            self._put_back({}, batch)
            raise
        with self._lock:
            self._spare.clear()
            self._active, self._spare = self._spare, self._active
            self._earlier, self._recent = self._recent, {}

    def _put_back(self, recent: dict[str, Interval], earlier: dict[str, Interval]) -> None:
        with self._lock:
            self._recent = recent | self._recent
            self._earlier = earlier | self._earlier

    def _flush_if_possible(self) -> None:
        try:
            self.flush()
        except LedgerUnavailable as unavailable:
            log.debug("the store is away: %s", unavailable)


def _take(intervals: Iterable[Interval], journaled: dict[str, Interval]) -> dict[str, Interval]:
    """Those of them that were journaled, taken out."""
    names = [interval.interval_id for interval in intervals if interval.interval_id in journaled]
    return {name: journaled.pop(name) for name in names}
