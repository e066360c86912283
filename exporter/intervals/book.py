"""The interval book: every interval that is open or settling, from its begin to its final account."""

import logging
import math
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from exporter.intervals.accountant import Accountant, Live
from exporter.intervals.asking import ask, ask_again, due_to_keep, let_go, look_for
from exporter.intervals.edges import Edges
from exporter.intervals.errors import InvalidTag, OutOfHistory, TooManyOpen, UnknownInterval
from exporter.intervals.figures import FigureBook
from exporter.intervals.identity import new_interval_id
from exporter.intervals.interval import Account, Interval, Status, Tag
from exporter.intervals.ledger import DuplicateRequest, Ledger, LedgerUnavailable, Query
from exporter.intervals.recovery import close_over_reboot, revive
from exporter.intervals.shelf import Shelf
from exporter.intervals.timeline import Timeline
from exporter.metering.cadence import Attention
from joulecast.clock import Moment
from joulecast.errors import JoulecastError

log = logging.getLogger(__name__)

DEFAULT_LEASE_SECONDS = 24 * 3600.0
MAX_OPEN = 100_000
# Accounts are large; this many are in memory on their way to the store.
SETTLED_TOGETHER = 20
_SILENT = "its workload fell silent: energy up to when it was last heard"


@dataclass(frozen=True, slots=True)
class BackDated:
    """An interval that is over when it is first heard of."""

    tag: Tag
    begin: Moment
    end: Moment
    counts: Mapping[str, float]


class IntervalBook:
    """Opens, closes and settles intervals. Every method may be called from any thread."""

    def __init__(
        self,
        timeline: Timeline,
        accountant: Accountant,
        attention: Attention,
        ledger: Ledger,
        figures: FigureBook,
        *,
        resolve_gpus: Callable[[Sequence[str]], tuple[str, ...]],
    ) -> None:
        """`resolve_gpus` turns what a workload calls its GPUs into UUIDs, none where the node has none.

        It raises a JoulecastError for one that the node, having others, does not have.
        """
        self._timeline = timeline
        self._accountant = accountant
        self._containers = accountant.containers
        self._attention = attention
        self._ledger = ledger
        self._figures = figures
        self._resolve_gpus = resolve_gpus
        self._lock = threading.RLock()
        self._settling = threading.Lock()  # taken before the other, so that begins and ends need not wait for accounts
        self._shelf = Shelf()
        self._writable = True  # as far as the last attempt told; for the log to say it once

    def begin(self, tag: Tag, *, at: Moment | None = None, lease_seconds: float | None = None) -> Interval:
        """Open an interval, durable before this returns; a known request id renews that interval instead."""
        with self._lock:
            known = self._shelf.find(request_id=tag.request_id)
            if known is not None:
                known.interval.last_heard = self._timeline.now()
                return known.interval
            if len(self._shelf) >= MAX_OPEN:
                raise TooManyOpen(f"{len(self._shelf)} intervals are open", "end some, or give them shorter leases")
            interval = self._new(tag, self._timeline.place("begin", at))
            if lease_seconds is not None:
                interval.lease_seconds = lease_seconds
            try:
                self._ledger.open(interval)
            except DuplicateRequest:
                return self.get(request_id=tag.request_id)
            except LedgerUnavailable as unavailable:
                interval.durable = False
                log.warning("an interval is kept in memory only: %s", unavailable)
            live = Live(interval, stored=interval.durable)
            if tag.caller is not None:
                ask(self._containers, live)
            self._shelf.enter(live)
            self._attention.edge(interval.begin, opened=1)
            return interval

    def end(
        self,
        *,
        interval_id: str = "",
        request_id: str = "",
        counts: Mapping[str, float] | None = None,
        at: Moment | None = None,
    ) -> Interval:
        """Close an interval. Ending twice changes nothing; an end that comes after truncation corrects it."""
        with self._lock:
            live = self._shelf.find(interval_id=interval_id, request_id=request_id)
            interval = live.interval if live else self.get(interval_id=interval_id, request_id=request_id)
            if not self._may_end(interval):
                return interval
            time = self._timeline.place("end", at)
            if time < interval.begin:
                raise InvalidTag(
                    f"end lies {interval.begin - time:.3f} s before the begin", "send both from one clock, or neither"
                )
            if live is None or interval.status is Status.TRUNCATED:
                live = self._reopen(interval, live)
                interval = live.interval
            interval.counts = dict(counts or {})
            self._close(interval, time, Status.SETTLING)
            self._keep([live], partial(self._ledger.end, interval))
            return interval

    def record(self, rows: Sequence[BackDated], sent: Moment | None = None) -> list[Interval | JoulecastError]:
        """Enter intervals that are over; each row answers for itself, and all good ones are stored at once."""
        results: list[Interval | JoulecastError] = []
        entered: list[Live] = []
        with self._lock:
            for row in rows:
                known = self._known(row.tag.request_id)  # a batch whose answer was lost is sent again
                if known is not None:
                    results.append(known)
                    continue
                try:
                    live = self._back_dated(row, sent)
                except JoulecastError as error:
                    results.append(error)
                    continue
                results.append(live.interval)
                if row.tag.caller is not None:
                    ask(self._containers, live)
                self._shelf.enter(live)
                entered.append(live)
            self._save(entered)
        self._settle(entered)
        return results

    def get(self, *, interval_id: str = "", request_id: str = "") -> Interval:
        """An interval as it stands; of an open one, a copy with the energy so far."""
        with self._lock:
            live = self._shelf.find(interval_id=interval_id, request_id=request_id)
        if live is not None:
            self._settle([live])
            with self._lock:
                if live.interval.status is Status.OPEN:
                    return replace(live.interval, account=self._accountant.so_far(live))
            return live.interval
        found = self._shelf.recent(interval_id) or self._ledger.find(interval_id=interval_id, request_id=request_id)
        if found is None:
            raise UnknownInterval(
                f"no interval {interval_id or request_id!r} is known",
                "begin it first; `joulecast intervals list` shows what is kept",
            )
        return found

    def search(self, query: Query) -> Iterator[Interval]:
        """Stored intervals, page by page; open ones are among them."""
        return self._ledger.list(query)

    def open_intervals(self) -> list[Interval]:
        """Every interval whose workload has not ended it."""
        with self._lock:
            return self._shelf.open()

    def recent_intervals(self) -> list[Interval]:
        """The latest that ended, from memory: those whose energy is not final yet are among them."""
        with self._lock:
            return self._shelf.ended()

    def settles_in(self, interval: Interval) -> float:
        """Seconds until the account of an ended interval should be final."""
        if interval.end is None or interval.account is not None:
            return 0.0
        return max(0.0, self._accountant.settles_at(interval, interval.end) - self._timeline.now())

    def tick(self, now: float) -> None:
        """Once per period: truncate what lost its lease, settle what is ready, store what could not be stored."""
        with self._lock:
            for live in self._shelf.lives():
                interval = live.interval
                if interval.status is Status.OPEN and now > interval.last_heard + interval.lease_seconds:
                    interval.notes.append(_SILENT)
                    self._close(interval, interval.last_heard, Status.TRUNCATED)
            lives = self._shelf.lives()
        ask_again(self._containers, lives, now)
        waited = [live for live in lives if not live.stored]
        self._save(waited)
        for live in waited:
            if live.interval.status is Status.OPEN and live.begin_edges is not None:
                self._keep_begin(live)
        del waited
        self.keep_charged(lives, now)
        lives.reverse()
        while lives:
            # Let go of each part before the next: what was settled and stored has grown, and is wanted no more.
            part = lives[: -SETTLED_TOGETHER - 1 : -1]
            del lives[-SETTLED_TOGETHER:]
            self._settle(part)
        self._keep([], partial(self._ledger.flush, recent=False))

    def keep_charged(self, lives: Sequence[Live] | None = None, now: float = math.inf) -> None:
        """Keep what containers were charged of open intervals; without arguments of all of them, before the end."""
        for live in due_to_keep(self._shelf.lives() if lives is None else lives, now):
            self._keep_begin(live)

    def recover(self, last_known: Edges) -> None:
        """Pick up what an earlier run left open: on the same boot it goes on, else it ends at the last checkpoint."""
        for interval in self._ledger.unsettled():
            live = revive(self._ledger, interval)
            if interval.boot_id == self._timeline.boot_id != "":
                interval.last_heard = self._timeline.now()  # our absence is no silence of theirs
                if interval.tag.caller is not None:
                    ask(self._containers, live, has_restarted=True)
                with self._lock:
                    self._shelf.enter(live)
                if interval.status is Status.OPEN:
                    self._attention.edge(self._timeline.now(), opened=1)
            else:
                close_over_reboot(live, last_known, self._accountant)
                with self._lock:
                    self._count(live)
                self._save([live])

    def _settle(self, lives: Sequence[Live]) -> None:
        """Read the edges that the curves have passed; what has both is finished."""
        begun, finished = [], []
        with self._settling:
            reading = self._accountant.at(self._timeline.now())
            for live in lives:
                if reading.settle_begin(live) and live.interval.status is Status.OPEN:
                    begun.append(live)
                end, account = live.interval.end, reading.final_account(live)
                if account is not None and self._finish(live, end, account):
                    finished.append(live)
        for live in begun:
            self._keep_begin(live)
        self._save(finished)  # the ledger answers for them from now on, unless it cannot be written

    def _finish(self, live: Live, end: float | None, account: Account) -> bool:
        """Take the account made for this end; False if the interval was taken up again meanwhile."""
        interval = live.interval
        with self._lock:
            if interval.end != end:
                return False
            interval.account = account
            if interval.status is Status.SETTLING:
                interval.status = Status.FINISHED
            let_go(self._containers, live, self._timeline.now())
            self._count(live)
            return True

    def _count(self, live: Live) -> None:
        """Take a final interval into the figures, and keep it at hand."""
        self._figures.add(live.interval, earlier=live.counted)
        self._shelf.remember(live.interval)

    def _keep_begin(self, live: Live) -> None:
        """Without this a restart would have to guess where a begin lay between two checkpoints."""
        if not live.stored:
            return
        try:
            self._ledger.save_edges(live.interval.interval_id, self._accountant.kept_of_begin(live))
        except LedgerUnavailable as unavailable:
            log.debug("a begin edge is not stored: %s", unavailable)

    def _new(self, tag: Tag, begin: float) -> Interval:
        wall = self._timeline.wall(begin)
        notes = []
        if tag.gpus:
            resolved = self._resolve_gpus(tag.gpus)
            if not resolved:
                notes.append(f"no GPU is known on this node, {', '.join(tag.gpus)} included: CPU and DRAM only")
            tag = tag._replace(gpus=resolved)
        return Interval(
            interval_id=new_interval_id(wall),
            tag=tag,
            boot_id=self._timeline.boot_id,
            begin=begin,
            begin_wall=wall,
            lease_seconds=DEFAULT_LEASE_SECONDS,
            last_heard=self._timeline.now(),
            notes=notes,
            container=None if tag.caller is None else look_for(self._containers, tag.caller),
        )

    def _known(self, request_id: str) -> Interval | None:
        """The interval that this request has made already, if any."""
        live = self._shelf.find(request_id=request_id)
        if live is not None or not request_id:
            return None if live is None else live.interval
        try:
            return self._ledger.find(request_id=request_id)
        except LedgerUnavailable:
            return None  # recorded twice is better than not at all

    def _back_dated(self, row: BackDated, sent: Moment | None) -> Live:
        begin = self._timeline.place("begin", row.begin, sent=sent)
        end = self._timeline.place("end", row.end, sent=sent)
        if end < begin:
            raise InvalidTag(f"end lies {begin - end:.3f} s before begin", "swap them, or check the workload's clock")
        start = self._accountant.history_start()
        if start is not None and end < start:
            raise OutOfHistory(
                f"the interval ended {start - end:.1f} s before the first reading that is remembered",
                "record intervals while the exporter runs, soon after they end",
            )
        interval = self._new(row.tag, begin)
        interval.counts = dict(row.counts)
        interval.status = Status.SETTLING
        interval.end = end
        interval.end_wall = self._timeline.wall(end)
        return Live(interval, stored=False)

    def _may_end(self, interval: Interval) -> bool:
        """Open ones may, and those truncated in this boot: their workload lives after all."""
        if interval.status is Status.TRUNCATED:
            return interval.boot_id == self._timeline.boot_id
        return interval.status is Status.OPEN

    def _reopen(self, interval: Interval, live: Live | None) -> Live:
        """A truncated interval as it was before; `live` if the ledger does not have it as truncated yet."""
        if live is None:
            try:
                live = revive(self._ledger, replace(interval))
            except LedgerUnavailable:  # its begin is read from the curve once more
                live = Live(replace(interval))
            self._shelf.enter(live)
        if interval.tag.caller is not None:
            ask(self._containers, live, has_restarted=live.asked is None)
        live.counted = interval.account
        again = live.interval
        again.status = Status.OPEN
        again.account = again.end = again.end_wall = None
        again.notes = [note for note in interval.notes if note != _SILENT]
        self._attention.edge(self._timeline.now(), opened=1)
        return live

    def _close(self, interval: Interval, time: float, status: Status) -> None:
        interval.end = max(time, interval.begin)
        interval.end_wall = interval.begin_wall + (interval.end - interval.begin)
        interval.status = status
        self._attention.edge(time, opened=-1)

    def _save(self, lives: Sequence[Live]) -> None:
        """Store the present state of these."""
        if lives:
            self._keep(lives, partial(self._ledger.save, [live.interval for live in lives]))

    def _keep(self, lives: Sequence[Live], write: Callable[[], None]) -> None:
        """Write, or remember that it is still to be done: an interval is never lost to a full disk."""
        try:
            write()
        except LedgerUnavailable as unavailable:
            if self._writable:
                log.warning("intervals are kept back until they can be stored: %s", unavailable)
            stored = self._writable = False
        else:
            stored = self._writable = True
        for live in lives:
            live.stored = live.interval.durable = stored
            if stored and live.interval.account is not None:
                with self._lock:
                    self._shelf.leave(live)
