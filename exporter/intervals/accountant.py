"""Turns a live interval into an account by reading the curves, as soon as they are final that far."""

from dataclasses import dataclass

from exporter.intervals.accounting import account
from exporter.intervals.edges import Edges, is_settled, read_edge, read_edges, settles_at
from exporter.intervals.idle import IdleBaselines
from exporter.intervals.interval import Account, Interval, Usage
from exporter.intervals.mean_usage import mean_usage
from exporter.metering.node import NodeMeter
from exporter.metering.usage_tracks import UsageTracks
from exporter.sensors.sensor import Series


@dataclass(slots=True)
class Live:
    """An interval that is not final yet, with its begin edge once that is settled."""

    interval: Interval
    begin_edges: Edges | None = None
    stored: bool = True  # the ledger has its present state
    counted: Account | None = None  # what the figures hold of it already, from before it was taken up again


class Accountant:
    """Reads curves, tracks and idle baselines; changes nothing but the live interval it is given."""

    def __init__(self, node: NodeMeter, tracks: UsageTracks, idle: IdleBaselines, *, period: float) -> None:
        self._node = node
        self._tracks = tracks
        self._idle = idle
        self._period = period

    def settles_at(self, time: float) -> float:
        """When the curves should be final up to `time` (monotonic seconds)."""
        return settles_at(self._node.meters(), time)

    def history_start(self) -> float | None:
        """The oldest moment any curve remembers; None without curves."""
        return min((meter.curve.start for meter in self._node.meters()), default=None)

    def settle_begin(self, live: Live, now: float) -> bool:
        """Read the begin edge if the curves are final there; True if that happened now."""
        if live.begin_edges is not None:
            return False
        meters = self._node.meters()
        if not is_settled(meters, live.interval.begin, now, self._period):
            return False
        live.begin_edges = read_edges(meters, live.interval.begin)
        return True

    def settle_end(self, live: Live, now: float) -> bool:
        """Make the account of an ended interval if the curves are final at its end; True if that happened now."""
        interval = live.interval
        if interval.end is None or interval.account is not None or live.begin_edges is None:
            return False
        if not is_settled(self._node.meters(), interval.end, now, self._period):
            return False
        interval.account = self._account(live, interval.end)
        return True

    def so_far(self, live: Live) -> Account | None:
        """The account up to where every curve is final; None if that is not past the begin yet."""
        until = min((meter.curve.front for meter in self._node.meters()), default=live.interval.begin)
        return self._account(live, until) if until > live.interval.begin else None

    def over_reboot(self, live: Live, last_known: Edges) -> Account | None:
        """The account between a begin edge and the last checkpoint, both of an earlier boot.

        None for what began after that checkpoint: nothing is known of it.
        """
        interval = live.interval
        if live.begin_edges is None or interval.end is None or interval.end <= interval.begin:
            return None
        return account(
            self._counted(),
            live.begin_edges,
            last_known,
            interval.end - interval.begin,
            gpus=interval.tag.gpus,
            idle=self._idle.known(),
            usage=Usage(),
        )

    def _account(self, live: Live, end: float) -> Account:
        interval = live.interval
        meters = self._node.meters()
        begin_edges = dict(live.begin_edges or {})
        for meter in meters:  # a series that appeared meanwhile is read from its beginning on
            if meter.series.key not in begin_edges:
                begin_edges[meter.series.key] = read_edge(meter.curve, interval.begin)
        return account(
            self._counted(),
            begin_edges,
            read_edges(meters, end),
            end - interval.begin,
            gpus=interval.tag.gpus,
            idle=self._idle.known(),
            usage=mean_usage(self._tracks, interval.begin, end, interval.tag.gpus),
        )

    def _counted(self) -> dict[Series, bool]:
        return {meter.series: self._node.is_counted(meter.series) for meter in self._node.meters()}
