"""Where the book keeps what it works on: live intervals by both of their ids, and the latest finished ones."""

from collections import OrderedDict

from exporter.intervals.accountant import Live
from exporter.intervals.interval import Interval, Status

REMEMBERED = 64  # finished intervals kept at hand: a result is asked for soon after its end, or hardly ever


class Shelf:
    """Plain memory, guarded by its owner's lock."""

    def __init__(self) -> None:
        self._live: dict[str, Live] = {}
        self._by_request: dict[str, str] = {}
        self._recent: OrderedDict[str, Interval] = OrderedDict()

    def __len__(self) -> int:
        return len(self._live)

    def find(self, *, interval_id: str = "", request_id: str = "") -> Live | None:
        """The live interval of that id, or None."""
        return self._live.get(interval_id or self._by_request.get(request_id, ""))

    def lives(self) -> list[Live]:
        """All that are open or settling."""
        return list(self._live.values())

    def open(self) -> list[Interval]:
        """All whose workload has not ended them."""
        return [live.interval for live in self._live.values() if live.interval.status is Status.OPEN]

    def enter(self, live: Live) -> None:
        """Take a live interval in."""
        self._live[live.interval.interval_id] = live
        if live.interval.tag.request_id:
            self._by_request[live.interval.tag.request_id] = live.interval.interval_id

    def leave(self, live: Live) -> None:
        """Let it go: it is final and stored."""
        self._live.pop(live.interval.interval_id, None)
        self._by_request.pop(live.interval.tag.request_id, None)

    def remember(self, interval: Interval) -> None:
        """Keep a final interval at hand for a while."""
        self._recent[interval.interval_id] = interval
        if len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)

    def ended(self) -> list[Interval]:
        """Every interval that is ended and at hand, final or not yet, oldest end first as far as they are final."""
        final = dict(self._recent)
        pending = (live.interval for live in self._live.values() if live.interval.status is not Status.OPEN)
        return [*final.values(), *(interval for interval in pending if interval.interval_id not in final)]

    def recent(self, interval_id: str) -> Interval | None:
        """A final interval that is still at hand."""
        return self._recent.get(interval_id)
