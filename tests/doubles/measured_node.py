"""A node in miniature: simulated sensors behind the real lanes, meters and interval book, on a clock tests move.

node = MeasuredNode([SimulatedRapl(load)])
node.run_for(2.0)
interval = node.begin("train")
node.run_for(5.0)
energy = node.end(interval).node            # settled: the samples after the end are in
"""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

from doubles.clock import FakeClock
from doubles.ledger import FailingLedger

from exporter.intervals.accountant import Accountant
from exporter.intervals.book import IntervalBook
from exporter.intervals.container_watch import ContainerWatch
from exporter.intervals.figures import FigureBook
from exporter.intervals.idle import IdleBaselines
from exporter.intervals.interval import Account, Interval, Tag
from exporter.intervals.ledger import Ledger
from exporter.intervals.timeline import Timeline
from exporter.metering.cadence import Attention, Pace
from exporter.metering.fusion import LOOK_AHEAD_SECONDS
from exporter.metering.lane import Lane
from exporter.metering.node import NodeMeter
from exporter.metering.snapshot import SeriesState
from exporter.metering.usage_tracks import UsageTracks
from exporter.sensors.sensor import Sensor
from exporter.usage.source import UsageSource

BOOT = "boot-1"


class MeasuredNode:
    """Everything between sensors and interval book, wired as `exporter.assembly` does; one thread plays all lanes."""

    def __init__(
        self,
        sensors: Sequence[Sensor],
        *,
        clock: FakeClock | None = None,
        ledger: Ledger | None = None,
        boot_id: str = BOOT,
        period: float = 1.0,
        checkpoint: dict[str, Any] | None = None,
        usage: Sequence[UsageSource] = (),
        latency: random.Random | None = None,
        containers: ContainerWatch | None = None,
        attribute: Callable[[Sequence[SeriesState]], object] | None = None,
    ) -> None:
        """`latency` gives every wake-up of a lane 0.1 to 0.6 ms of delay; without it lanes read when they are due.

        `containers` are watched for intervals that ask, once `attribute` has seen what each tick shows.
        """
        self.clock = clock or FakeClock()
        self.ledger: Ledger = FailingLedger() if ledger is None else ledger
        self.attention = Attention()
        self.node = NodeMeter(self.clock, boot_id, stale_seconds=3 * period, checkpoint=checkpoint)
        self.lanes = [
            Lane(sensor, pace_of(sensor.name, period), self.clock, self.node.feed, self.node.adopt)
            for sensor in sensors
        ]
        self.tracks = UsageTracks(3 * period)
        self.idle = IdleBaselines()
        self.figures = FigureBook()
        self.timeline = Timeline(self.clock, boot_id)
        self.book = IntervalBook(
            self.timeline,
            Accountant(self.node, self.tracks, self.idle, period=period, containers=containers),
            self.attention,
            self.ledger,
            self.figures,
            resolve_gpus=tuple,
        )
        self._period = period
        self._usage = usage
        self._latency = latency
        self._attribute = attribute
        self._next_tick = self.now + period
        last_known = self.node.last_known()
        for lane in self.lanes:
            lane.discover()
        self.book.recover(last_known)

    @property
    def now(self) -> float:
        """Monotonic seconds."""
        return self.clock.monotonic()

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.run_until(self.now + seconds)

    def run_until(self, time: float) -> None:
        """Let time pass, reading every sensor when it is due and ticking once a period."""
        while True:
            lane, due = self._next_lane()
            if min(due, self._next_tick) > time:
                break
            if self._next_tick <= due:
                self._pass_until(self._next_tick)
                self._next_tick += self._period
                self.tick()
            elif lane is not None:
                self._pass_until(due)
                lane.step()
        self._pass_until(time)

    def tick(self) -> None:
        """Read usage, attribute, and let the book settle."""
        for source in self._usage:
            for reading in source.read():
                self.tracks.feed(self.now, reading)
        if self._attribute is not None:
            self._attribute(self.node.states())
        self.book.tick(self.now)

    def begin(self, request_id: str, **tag: Any) -> Interval:
        """Open an interval now."""
        return self.book.begin(Tag(request_id, **tag))

    def end(self, interval: Interval) -> Account:
        """Close it now, let its last samples come in, and return its account."""
        self.book.end(interval_id=interval.interval_id)
        return self.settled(interval)

    def settled(self, interval: Interval) -> Account:
        """The account of an ended interval, once its samples are in."""
        self.run_for(self.book.settles_in(interval))
        account = self.book.get(interval_id=interval.interval_id).account
        assert account is not None
        return account

    def checkpoint(self) -> dict[str, Any]:
        """What a restart would load: through JSON, as a store keeps it."""
        document: dict[str, Any] = json.loads(json.dumps(self.node.checkpoint()))
        return document

    def _next_lane(self) -> tuple[Lane | None, float]:
        due = [(self.attention.next_read(lane.pace, lane.last_read), lane) for lane in self.lanes]
        time, lane = min(due, key=lambda one: one[0], default=(float("inf"), None))
        delay = self._latency.uniform(0.0001, 0.0006) if self._latency else 0.0
        return lane, max(time, self.now) + delay

    def _pass_until(self, time: float) -> None:
        if time > self.now:
            self.clock.advance(time - self.now)


def pace_of(sensor: str, period: float) -> Pace:
    """The paces that the exporter gives its sensors."""
    match sensor:
        case "nvml":
            return Pace.fused(period, LOOK_AHEAD_SECONDS)
        case "hwmon":
            return Pace.power(period)
        case _:
            return Pace.counter(period)
