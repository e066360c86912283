"""A ledger in memory that can be made to fail: what it holds is what a restart would find."""

import copy
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from exporter.intervals.interval import Interval, Status
from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable, Query


class FailingLedger:
    """Implements `exporter.intervals.ledger.Ledger`; while `is_full` every call raises LedgerUnavailable.

    It keeps copies, so that nothing reaches it but through its calls.
    """

    def __init__(self) -> None:
        self.is_full = False
        self.writes = 0
        self.intervals: dict[str, Interval] = {}
        self._edges: dict[str, Mapping[str, Any]] = {}
        self._states: dict[str, Mapping[str, Any]] = {}

    def open(self, interval: Interval) -> None:
        """Keep a new interval."""
        self._write()
        if interval.tag.request_id and self.find(request_id=interval.tag.request_id):
            raise DuplicateRequest(f"request {interval.tag.request_id} has begun an interval already", "use that one")
        self.intervals[interval.interval_id] = replace(copy.deepcopy(interval), durable=True)

    def end(self, interval: Interval) -> None:
        """Keep its end."""
        self.save([interval])

    def flush(self, *, recent: bool = True) -> None:  # noqa: ARG002
        """Nothing waits."""
        self._answer()

    def save(self, intervals: Sequence[Interval]) -> None:
        """Keep these as they are now."""
        self._write()
        for interval in intervals:
            self.intervals[interval.interval_id] = replace(copy.deepcopy(interval), durable=True)
            if interval.status is Status.FINISHED:
                self._edges.pop(interval.interval_id, None)

    def find(self, *, interval_id: str = "", request_id: str = "") -> Interval | None:
        """A copy of the interval of that id, or None."""
        self._answer()
        if interval_id:
            return copy.deepcopy(self.intervals.get(interval_id))
        matches = [each for each in self.intervals.values() if each.tag.request_id == request_id]
        return copy.deepcopy(matches[-1]) if matches else None

    def unsettled(self) -> Sequence[Interval]:
        """Copies of all that are open or settling."""
        self._answer()
        pending = {Status.OPEN, Status.SETTLING}
        return [copy.deepcopy(each) for each in self.intervals.values() if each.status in pending]

    def list(self, query: Query) -> Iterator[Interval]:
        """Copies in begin order, of one job if the query names it."""
        self._answer()
        for interval_id in sorted(self.intervals):
            interval = self.intervals[interval_id]
            if query.job in ("", interval.tag.job):
                yield copy.deepcopy(interval)

    def save_edges(self, interval_id: str, edges: Mapping[str, Any]) -> None:
        """Keep the begin edge of an interval that is kept itself."""
        self._write()
        if interval_id in self.intervals:
            self._edges[interval_id] = copy.deepcopy(edges)

    def edges(self, interval_id: str) -> Mapping[str, Any] | None:
        """The begin edge kept, if any."""
        self._answer()
        return self._edges.get(interval_id)

    def save_state(self, name: str, state: Mapping[str, Any]) -> None:
        """Keep one document."""
        self._write()
        self._states[name] = copy.deepcopy(state)

    def load_state(self, name: str) -> Mapping[str, Any] | None:
        """The document kept under that name, or None."""
        self._answer()
        return self._states.get(name)

    def prune(self, older_than_wall: float) -> int:
        """Forget intervals that ended before that moment."""
        self._write()
        old = [
            each for each in self.intervals.values() if each.end_wall is not None and each.end_wall < older_than_wall
        ]
        for interval in old:
            del self.intervals[interval.interval_id]
        return len(old)

    def close(self) -> None:
        """Nothing to release."""

    def _write(self) -> None:
        self._answer()
        self.writes += 1

    def _answer(self) -> None:
        if self.is_full:
            raise LedgerUnavailable("the store cannot be written", "free some disk space")
