"""The interval book: every interval that is open or settling, from its begin to its final account."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from exporter.intervals.accounting import account
from exporter.intervals.edges import Edges, is_settled, pack_edges, read_edge, read_edges, settles_at, unpack_edges
from exporter.intervals.errors import IntervalConflict, InvalidTag, OutOfHistory, TooManyOpen, UnknownInterval
from exporter.intervals.figures import FigureBook
from exporter.intervals.identity import new_interval_id
from exporter.intervals.idle import IdleBaselines
from exporter.intervals.interval import Account, Interval, Status, Tag
from exporter.intervals.ledger import DuplicateRequest, Ledger, LedgerUnavailable, Query
from exporter.intervals.mean_usage import mean_usage
from exporter.intervals.timeline import Timeline
from exporter.metering.cadence import Attention
from exporter.metering.node import NodeMeter
from exporter.metering.usage_tracks import UsageTracks
from joulecast.clock import Moment
from joulecast.errors import JoulecastError

log = logging.getLogger(__name__)

DEFAULT_LEASE_SECONDS = 24 * 3600.0
MAX_OPEN = 100_000
REMEMBERED = 2048  # finished intervals kept at hand, so that asking for a fresh result reads no disk


@dataclass(frozen=True, slots=True)
class BackDated:
    """An interval that is over when it is first heard of."""

    tag: Tag
    begin: Moment
    end: Moment
    counts: Mapping[str, float]


@dataclass(slots=True)
class _Live:
    """An interval in the book, with its begin edge once that is settled."""

    interval: Interval
    begin_edges: Edges | None = None
    stored: bool = True


class IntervalBook:
    """Opens, closes and accounts for intervals. Every method may be called from any thread."""

    def __init__(
        self,
        timeline: Timeline,
        node: NodeMeter,
        attention: Attention,
        tracks: UsageTracks,
        idle: IdleBaselines,
        ledger: Ledger,
        figures: FigureBook,
        *,
        period: float,
        resolve_gpus: Callable[[Sequence[str]], tuple[str, ...]],
    ) -> None:
        self._timeline = timeline
        self._node = node
        self._attention = attention
        self._tracks = tracks
        self._idle = idle
        self._ledger = ledger
        self._figures = figures
        self._period = period
        self._resolve_gpus = resolve_gpus
        self._lock = threading.RLock()
        self._live: dict[str, _Live] = {}
        self._by_request: dict[str, str] = {}
        self._recent: OrderedDict[str, Interval] = OrderedDict()

    @property
    def open_count(self) -> int:
        """Intervals whose workload has not ended them."""
        with self._lock:
            return sum(live.interval.status is Status.OPEN for live in self._live.values())

    def begin(self, tag: Tag, *, at: Moment | None = None, lease_seconds: float | None = None) -> Interval:
        """Open an interval, durable before this returns; a known request id renews that interval instead."""
        with self._lock:
            known = self._by_request.get(tag.request_id)
            if known is not None:
                return self._renew(self._live[known].interval)
            if len(self._live) >= MAX_OPEN:
                raise TooManyOpen(f"{len(self._live)} intervals are open", "end some, or give them shorter leases")
            time = self._timeline.place("begin", at)
            wall = self._timeline.wall(time)
            interval = Interval(
                interval_id=new_interval_id(wall),
                tag=self._resolved(tag),
                boot_id=self._timeline.boot_id,
                begin=time,
                begin_wall=wall,
                lease_seconds=DEFAULT_LEASE_SECONDS if lease_seconds is None else lease_seconds,
                last_heard=self._timeline.now(),
            )
            try:
                self._ledger.open(interval)
            except DuplicateRequest:
                return self.get(request_id=tag.request_id)
            except LedgerUnavailable as unavailable:
                interval.durable = False
                log.warning("an interval is kept in memory only: %s", unavailable)
            self._enter(_Live(interval, stored=interval.durable))
            self._attention.edge(time, opened=1)
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
            live = self._find_live(interval_id, request_id)
            if live is None:
                live = self._reopen(self.get(interval_id=interval_id, request_id=request_id))
                if live is None:
                    return self.get(interval_id=interval_id, request_id=request_id)
            interval = live.interval
            if interval.status is not Status.OPEN:
                return interval
            time = self._timeline.place("end", at)
            if time < interval.begin:
                raise InvalidTag(
                    f"end lies {interval.begin - time:.3f} s before the begin", "send both from one clock, or neither"
                )
            interval.counts = dict(counts or {})
            self._close(live, time, Status.SETTLING)
            self._save([live])
            return interval

    def record(self, rows: Sequence[BackDated], sent: Moment | None = None) -> list[Interval | JoulecastError]:
        """Enter intervals that are over; each row answers for itself, and all good ones are stored at once."""
        results: list[Interval | JoulecastError] = []
        entered: list[_Live] = []
        with self._lock:
            for row in rows:
                try:
                    interval = self._back_dated(row, sent)
                except JoulecastError as error:
                    results.append(error)
                    continue
                results.append(interval)
                if interval.interval_id not in self._live and interval.status is Status.SETTLING:
                    entered.append(_Live(interval, stored=False))
                    self._enter(entered[-1])
            self._save(entered)
        self.settle()
        return results

    def get(self, *, interval_id: str = "", request_id: str = "") -> Interval:
        """An interval as it stands; of an open one, a copy with the energy so far."""
        self.settle(only=interval_id or self._by_request.get(request_id, ""))
        with self._lock:
            live = self._find_live(interval_id, request_id)
            if live is not None:
                if live.interval.status is Status.OPEN:
                    return replace(live.interval, account=self._so_far(live))
                return live.interval
            recent = self._recent.get(interval_id)
        found = recent or self._ledger.find(interval_id=interval_id, request_id=request_id)
        if found is None:
            raise UnknownInterval(
                f"no interval {interval_id or request_id!r}", "begin it first; `joulecast intervals list` shows what is kept"
            )
        return found

    def list(self, query: Query) -> Iterator[Interval]:
        """Stored intervals, those not stored yet excluded."""
        return self._ledger.list(query)

    def settles_in(self, interval: Interval) -> float:
        """Seconds until the account of an ended interval should be final."""
        if interval.end is None:
            return 0.0
        due = settles_at(self._node.meters(), interval.end, self._period)
        return max(0.0, due - self._timeline.now())

    def settle(self, only: str = "") -> None:
        """Account for every ended interval whose last samples are in, and keep settled begin edges."""
        with self._lock:
            finished, begun = self._settle_ready(only)
        try:
            for live in begun:
                self._ledger.save_edges(live.interval.interval_id, pack_edges(live.begin_edges or {}))
        except LedgerUnavailable as unavailable:
            log.debug("begin edges are not stored: %s", unavailable)
        if finished:
            self._figures.add([live.interval for live in finished])
            self._save(finished)
            with self._lock:
                for live in finished:
                    self._forget(live)

    def tick(self, now: float) -> None:
        """Once per period: truncate what lost its lease, settle what is ready, store what could not be stored."""
        with self._lock:
            for live in list(self._live.values()):
                interval = live.interval
                if interval.status is Status.OPEN and now > interval.last_heard + interval.lease_seconds:
                    interval.notes.append("its workload fell silent: energy up to when it was last heard")
                    self._close(live, interval.last_heard, Status.TRUNCATED)
            waiting = [live for live in self._live.values() if not live.stored]
        if waiting:
            self._save(waiting)
        self.settle()

    def recover(self, last_known: Edges) -> None:
        """Pick up what an earlier run left open: go on if it is the same boot, else close it at the last checkpoint."""
        for interval in self._ledger.unsettled():
            packed = self._ledger.edges(interval.interval_id)
            live = _Live(interval, unpack_edges(packed) if packed else None)
            with self._lock:
                self._enter(live)
                if interval.boot_id == self._timeline.boot_id:
                    interval.last_heard = self._timeline.now()
                    if interval.status is Status.OPEN:
                        self._attention.edge(self._timeline.now(), opened=1)
                    continue
                self._close_over_reboot(live, last_known)
            self._figures.add([interval])
            self._save([live])
            with self._lock:
                self._forget(live)

    def _settle_ready(self, only: str) -> tuple[list[_Live], list[_Live]]:
        meters = self._node.meters()
        now = self._timeline.now()
        finished, begun = [], []
        candidates = [self._live[only]] if only in self._live else [] if only else list(self._live.values())
        for live in candidates:
            interval = live.interval
            if live.begin_edges is None and is_settled(meters, interval.begin, now, self._period):
                live.begin_edges = read_edges(meters, interval.begin)
                if interval.status is Status.OPEN and live.stored:
                    begun.append(live)
            if interval.end is None or interval.account is not None or live.begin_edges is None:
                continue
            if is_settled(meters, interval.end, now, self._period):
                interval.account = self._account(live, interval.end)
                if interval.status is Status.SETTLING:
                    interval.status = Status.FINISHED
                finished.append(live)
        return finished, begun

    def _account(self, live: _Live, end: float) -> Account:
        interval = live.interval
        meters = self._node.meters()
        begin_edges = dict(live.begin_edges or {})
        for meter in meters:  # a series that appeared meanwhile is read from its beginning on
            if meter.series.key not in begin_edges:
                begin_edges[meter.series.key] = read_edge(meter.curve, interval.begin)
        return account(
            {meter.series: self._node.is_counted(meter.series) for meter in meters},
            begin_edges,
            read_edges(meters, end),
            end - interval.begin,
            gpus=interval.tag.gpus,
            idle=self._idle.known(),
            usage=mean_usage(self._tracks, interval.begin, end, interval.tag.gpus),
        )

    def _so_far(self, live: _Live) -> Account | None:
        fronts = [meter.curve.front for meter in self._node.meters()]
        until = min(fronts, default=live.interval.begin)
        if until <= live.interval.begin:
            return None
        return self._account(replace(live, begin_edges=live.begin_edges), until)

    def _close_over_reboot(self, live: _Live, last_known: Edges) -> None:
        """The machine restarted: what the last checkpoint of that boot knew is all there will be."""
        interval = live.interval
        interval.status = Status.TRUNCATED
        interval.notes.append("the machine restarted: energy up to the last checkpoint before that")
        end = max((edge.time for edge in last_known.values()), default=interval.begin)
        interval.end = max(interval.begin, end) if interval.end is None else interval.end
        interval.end_wall = interval.begin_wall + (interval.end - interval.begin)
        if live.begin_edges is None:
            return
        counted = {meter.series: self._node.is_counted(meter.series) for meter in self._node.meters()}
        interval.account = account(
            counted,
            live.begin_edges,
            last_known,
            interval.end - interval.begin,
            gpus=interval.tag.gpus,
            idle=self._idle.known(),
            usage=mean_usage(self._tracks, 0.0, 0.0, interval.tag.gpus),
        )

    def _back_dated(self, row: BackDated, sent: Moment | None) -> Interval:
        begin = self._timeline.place("begin", row.begin, sent=sent)
        end = self._timeline.place("end", row.end, sent=sent)
        if end < begin:
            raise InvalidTag(f"end lies {begin - end:.3f} s before begin", "swap them, or check the workload's clock")
        known = self._by_request.get(row.tag.request_id)
        if known is not None:
            return self._live[known].interval
        starts = [meter.curve.start for meter in self._node.meters()]
        if starts and end < min(starts):
            raise OutOfHistory(
                f"the interval ended {min(starts) - end:.1f} s before the first reading that is remembered",
                "record intervals while the exporter runs, soon after they end",
            )
        wall = self._timeline.wall(begin)
        return Interval(
            interval_id=new_interval_id(wall),
            tag=self._resolved(row.tag),
            boot_id=self._timeline.boot_id,
            begin=begin,
            begin_wall=wall,
            lease_seconds=DEFAULT_LEASE_SECONDS,
            last_heard=end,
            status=Status.SETTLING,
            end=end,
            end_wall=self._timeline.wall(end),
            counts=dict(row.counts),
        )

    def _resolved(self, tag: Tag) -> Tag:
        return tag if not tag.gpus else replace(tag, gpus=self._resolve_gpus(tag.gpus))

    def _renew(self, interval: Interval) -> Interval:
        interval.last_heard = self._timeline.now()
        return interval

    def _reopen(self, interval: Interval) -> _Live | None:
        """An end for an interval that was truncated in its absence: its workload lives after all."""
        if interval.status is not Status.TRUNCATED or interval.boot_id != self._timeline.boot_id:
            return None
        packed = self._ledger.edges(interval.interval_id)
        reopened = replace(interval, status=Status.OPEN, account=None, end=None, end_wall=None, notes=[])
        live = _Live(reopened, unpack_edges(packed) if packed else None)
        self._enter(live)
        self._attention.edge(self._timeline.now(), opened=1)
        return live

    def _close(self, live: _Live, time: float, status: Status) -> None:
        interval = live.interval
        interval.end = max(time, interval.begin)
        interval.end_wall = interval.begin_wall + (interval.end - interval.begin)
        interval.status = status
        self._attention.edge(time, opened=-1)

    def _save(self, lives: Sequence[_Live]) -> None:
        try:
            self._ledger.save([live.interval for live in lives])
        except LedgerUnavailable as unavailable:
            log.warning("%d intervals wait in memory to be stored: %s", len(lives), unavailable)
            for live in lives:
                live.stored = live.interval.durable = False
        else:
            for live in lives:
                live.stored = live.interval.durable = True

    def _find_live(self, interval_id: str, request_id: str) -> _Live | None:
        return self._live.get(interval_id or self._by_request.get(request_id, ""))

    def _enter(self, live: _Live) -> None:
        self._live[live.interval.interval_id] = live
        if live.interval.tag.request_id:
            self._by_request[live.interval.tag.request_id] = live.interval.interval_id

    def _forget(self, live: _Live) -> None:
        """Final and stored: the ledger answers for it from now on. Not stored: keep trying."""
        self._recent[live.interval.interval_id] = live.interval
        while len(self._recent) > REMEMBERED:
            self._recent.popitem(last=False)
        if live.stored:
            self._live.pop(live.interval.interval_id, None)
            self._by_request.pop(live.interval.tag.request_id, None)


__all__ = ["BackDated", "IntervalBook", "IntervalConflict"]
