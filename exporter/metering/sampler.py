"""The sampler: one thread per sensor, so that a read that blocks stops nobody else, and one for the tick."""

import logging
import threading
from collections.abc import Callable, Sequence

from exporter.metering.cadence import Attention, Pace
from exporter.metering.lane import REDISCOVER_SECONDS, Lane
from exporter.metering.usage_tracks import UsageTracks
from exporter.usage.source import UsageSource
from joulecast.clock import Clock

log = logging.getLogger(__name__)

STOP_SECONDS = 2.0


class Sampler:
    """Runs the lanes, reads usage once a period, and calls `on_tick` after it.

    What raises in a lane or a tick is a bug: it is logged with its traceback and the thread goes on, because one broken
    part must not end the measurement of the others.
    """

    def __init__(
        self,
        lanes: Sequence[Lane],
        attention: Attention,
        usage: Sequence[UsageSource],
        tracks: UsageTracks,
        clock: Clock,
        *,
        period: float,
        is_used: Callable[[str], bool],
        is_published: Callable[[str], bool],
        on_tick: Callable[[float], None],
    ) -> None:
        self.lanes = lanes
        self._attention = attention
        self._usage = usage
        self._tracks = tracks
        self._clock = clock
        self._period = period
        self._is_used = is_used
        self._is_published = is_published
        self._at_leisure = Pace.slow(period)
        self._on_tick = on_tick
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self.last_tick = float("-inf")

    def start(self) -> None:
        """Discover every sensor in turn, then let each be read by its own thread."""
        for lane in self.lanes:
            lane.discover()
        for lane in self.lanes:
            self._spawn(f"sample-{lane.sensor.name}", self._run_lane, lane)
        self._spawn("tick", self._run_tick)

    def stop(self) -> None:
        """Ask every thread to end; one stuck in a read is left behind, it cannot be helped."""
        self._stop.set()
        self._attention.wake()
        for thread in self._threads:
            thread.join(STOP_SECONDS)
        for lane in self.lanes:
            lane.sensor.close()

    def tick(self) -> None:
        """Read usage and let the rest of the house look at the new state."""
        now = self._clock.monotonic()
        for source in self._usage:
            for reading in source.read():
                self._tracks.feed(now, reading)
        self._on_tick(now)
        self.last_tick = now

    def _run_lane(self, lane: Lane) -> None:
        while not self._stop.is_set():
            if not lane.is_found:
                self._stop.wait(REDISCOVER_SECONDS)
            elif not self._is_used(lane.sensor.name):
                self._stop.wait(self._period * 10)  # something better measures the same; that may change
                continue
            elif self._attention.wait(self._pace_of(lane), lane.last_read, self._clock.monotonic()) > 0:
                continue  # woken early or late: ask again what is due
            try:
                lane.step()
            except Exception:
                log.exception("%s: a read failed in a way nobody foresaw", lane.sensor.name)
                self._stop.wait(self._period)

    def _pace_of(self, lane: Lane) -> Pace:
        """A sensor's own pace; where it is only compared with others, no interval's edge hangs on it."""
        return lane.pace if self._is_published(lane.sensor.name) else self._at_leisure

    def _run_tick(self) -> None:
        while not self._stop.wait(max(0.0, self.last_tick + self._period - self._clock.monotonic())):
            try:
                self.tick()
            except Exception:
                log.exception("the tick failed in a way nobody foresaw")
                self.last_tick = self._clock.monotonic()

    def _spawn(self, name: str, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)
