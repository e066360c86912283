"""Which intervals are shown, looked up at most once a second whoever asks, and read from the store only once."""

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from exporter.intervals.interval import Interval, Status
from exporter.intervals.ledger import LedgerUnavailable, Query
from exporter.metrics.page.view import Sight
from joulecast.errors import JoulecastError

MOST_SHOWN = 50  # of each kind: a page is for people; `joulecast intervals list` shows all
_SECONDS = 1.0


class Intervals(Protocol):
    """What is asked of the interval book."""

    def open_intervals(self) -> Sequence[Interval]:
        """Every interval whose workload has not ended it."""
        ...

    def recent_intervals(self) -> Sequence[Interval]:
        """The latest that ended, from memory."""
        ...

    def get(self, *, interval_id: str) -> Interval:
        """One interval; of an open one, a copy with the energy so far."""
        ...

    def search(self, query: Query) -> Iterable[Interval]:
        """Stored intervals."""
        ...


class IntervalsInSight:
    """What ended before this exporter started comes from the store, at the first look; the rest from memory."""

    def __init__(self, book: Intervals, monotonic: Callable[[], float]) -> None:
        self._book = book
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._looked = float("-inf")
        self._sight = Sight()
        self._ended: dict[str, Interval] | None = None  # None until the store was read

    def look(self) -> Sight:
        """The intervals as they were within the last second."""
        with self._lock:
            now = self._monotonic()
            if now - self._looked >= _SECONDS:
                self._sight = self._look()
                self._looked = now
            return self._sight

    def _look(self) -> Sight:
        ended, problem = self._stored()
        ended.update((interval.interval_id, interval) for interval in self._book.recent_intervals())
        shown = sorted(ended.values(), key=lambda interval: interval.end_wall or 0.0, reverse=True)[:MOST_SHOWN]
        if not problem:
            self._ended = {interval.interval_id: interval for interval in shown}
        running = sorted(self._book.open_intervals(), key=lambda interval: interval.begin, reverse=True)
        return Sight([self._so_far(interval) for interval in running[:MOST_SHOWN]], len(running), shown, problem)

    def _stored(self) -> tuple[dict[str, Interval], str]:
        if self._ended is not None:
            return self._ended, ""
        query = Query(newest_first=True, limit=MOST_SHOWN)
        try:
            found = {each.interval_id: each for each in self._book.search(query) if each.status is not Status.OPEN}
        except LedgerUnavailable as unavailable:
            return {}, str(unavailable)
        return found, ""

    def _so_far(self, interval: Interval) -> Interval:
        try:
            return self._book.get(interval_id=interval.interval_id)
        except JoulecastError:  # ended and gone between two questions
            return interval
