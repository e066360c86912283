"""Turns a live interval into an account by reading the curves, as soon as they are final that far."""

from dataclasses import dataclass, replace
from typing import Any

from exporter.intervals.accounting import account
from exporter.intervals.charged_before import ChargedBefore, pack_charged
from exporter.intervals.container_reading import ContainerReading
from exporter.intervals.container_share import REBOOTED, unknown_share
from exporter.intervals.container_watch import Asked, ContainerWatch
from exporter.intervals.edges import (
    FOLLOW_UP_SECONDS,
    PATIENCE_SECONDS,
    Edges,
    pack_edges,
    read_edge,
    read_edges,
    settled_until,
)
from exporter.intervals.idle import IdleBaselines
from exporter.intervals.interval import Account, Interval, Usage
from exporter.intervals.mean_usage import UsageMeans
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
    asked: Asked | None = None  # of its container; None if nothing is
    charged_before: ChargedBefore | None = None  # by the run that stored it


class Accountant:
    """Reads curves, tracks and idle baselines; changes nothing but the live interval it is given."""

    def __init__(
        self,
        node: NodeMeter,
        tracks: UsageTracks,
        idle: IdleBaselines,
        *,
        period: float,
        containers: ContainerWatch | None = None,
    ) -> None:
        """`containers` is None where nobody's share can be told."""
        self.containers = containers
        self._node = node
        self._usage = UsageMeans(tracks)
        self._idle = idle
        self._period = period

    def settles_at(self, interval: Interval, time: float) -> float:
        """When an account of this interval up to `time` should be final (monotonic seconds).

        Attribution passes `time` at the first tick after the curves have.
        """
        at = time + self._node.latency_seconds + FOLLOW_UP_SECONDS
        return at if interval.container is None else at + self._period

    def history_start(self) -> float | None:
        """The oldest moment any curve remembers; None without curves."""
        return min((meter.curve.start for meter in self._node.meters()), default=None)

    def at(self, now: float) -> "Reading":
        """What can be read off the curves now, of however many intervals."""
        until = settled_until(self._node.meters(), now, self._period)
        patience = self._period + PATIENCE_SECONDS
        return self._reading(until, until - patience)

    def so_far(self, live: Live) -> Account | None:
        """The account up to where every curve is final; None if that is not past the begin yet."""
        until = min((meter.curve.front for meter in self._node.meters()), default=live.interval.begin)
        if until <= live.interval.begin:
            return None
        return self._reading(until, until).account(live, until)

    def kept_of_begin(self, live: Live) -> dict[str, Any]:
        """What the next run needs of a live interval: its begin edge, and what its container was charged so far."""
        kept = pack_edges(live.begin_edges or {})
        if live.asked is not None and self.containers is not None:
            charged = ContainerReading(self.containers, self._node.meters(), float("-inf")).so_far(live.asked)
            if charged is not None:
                kept["charged"] = pack_charged(charged)
        return kept

    def _reading(self, until: float, waited_until: float) -> "Reading":
        meters = self._node.meters()
        containers = None if self.containers is None else ContainerReading(self.containers, meters, waited_until)
        return Reading(self._node, self._usage, self._idle, until, containers)

    def over_reboot(self, live: Live, last_known: Edges) -> Account | None:
        """The account between a begin edge and the last checkpoint, both of an earlier boot.

        None for what began after that checkpoint: nothing is known of it.
        """
        interval = live.interval
        if live.begin_edges is None or interval.end is None or interval.end <= interval.begin:
            return None
        found = account(
            counted_series(self._node),
            live.begin_edges,
            last_known,
            interval.end - interval.begin,
            gpus=interval.tag.gpus,
            idle=self._idle.known(),
            usage=Usage(),
        )
        return found if interval.tag.caller is None else replace(found, container=unknown_share(None, REBOOTED))


class Reading:
    """The curves as they stand at one moment, with what is asked of them for every interval looked up once."""

    def __init__(
        self,
        node: NodeMeter,
        usage: UsageMeans,
        idle: IdleBaselines,
        settled_until: float,
        containers: ContainerReading | None,
    ) -> None:
        self._meters = node.meters()
        self._counted = counted_series(node)
        self._usage = usage
        self._idle = idle.known()
        self._settled_until = settled_until
        self._containers = containers

    def settle_begin(self, live: Live) -> bool:
        """Read the begin edge if the curves are final there; True if that happened now."""
        if live.asked is not None and self._containers is not None:
            self._containers.settle_begin(live.asked, live.interval.begin)
        if live.begin_edges is not None or live.interval.begin > self._settled_until:
            return False
        live.begin_edges = read_edges(self._meters, live.interval.begin)
        return True

    def final_account(self, live: Live) -> Account | None:
        """The account of an ended interval that has none, if the curves are final at its end."""
        interval = live.interval
        end = interval.end
        if end is None or end > self._settled_until or interval.account is not None or live.begin_edges is None:
            return None
        if live.asked is not None and self._containers is not None and not self._containers.is_settled(live.asked, end):
            return None
        return self.account(live, end)

    def account(self, live: Live, end: float) -> Account:
        """The account from the begin of an interval to `end`."""
        interval = live.interval
        begin_edges = dict(live.begin_edges or {})
        for meter in self._meters:  # a series that appeared meanwhile is read from its beginning on
            if meter.series.key not in begin_edges:
                begin_edges[meter.series.key] = read_edge(meter.curve, interval.begin)
        found = account(
            self._counted,
            begin_edges,
            read_edges(self._meters, end),
            end - interval.begin,
            gpus=interval.tag.gpus,
            idle=self._idle,
            usage=self._usage.over(interval.begin, end, interval.tag.gpus),
        )
        if live.asked is None or self._containers is None:
            return found
        return replace(found, container=self._containers.share(interval, live.asked, found, end))


def counted_series(node: NodeMeter) -> dict[Series, bool]:
    """Every published series, and whether it is part of node energy."""
    return {meter.series: node.is_counted(meter.series) for meter in node.meters()}
