"""One sensor's lane: reads it, stamps each reading, feeds the meters, keeps its health. A stuck lane stops nobody."""

import logging
import threading
from collections import Counter
from collections.abc import Callable

from exporter.metering.cadence import Pace
from exporter.metering.snapshot import SensorState
from exporter.sensors.sensor import Finding, Missed, Reading, Sensor, SensorFailed, Series, survey
from joulecast.clock import Clock

log = logging.getLogger(__name__)

REDISCOVER_SECONDS = 30.0
# A read that takes this long is stuck: the health says so while it lasts.
STUCK_SECONDS = 5.0

Feed = Callable[[float, Reading, float], str | None]


class Lane:
    """The sensor, its pace and its health. `step` is called by one thread only; `state` by any."""

    def __init__(self, sensor: Sensor, pace: Pace, clock: Clock, feed: Feed, adopt: Callable[[Finding], None]) -> None:
        self.sensor = sensor
        self.pace = pace
        self.last_read = float("-inf")
        self._clock = clock
        self._feed = feed
        self._adopt = adopt
        self._lock = threading.Lock()
        self._finding = Finding(sensor.name, "absent")
        self._failing = ""  # what the last read complained about, empty when it was fine
        self._reading_since: float | None = None
        self._read_seconds: float | None = None
        self._last_success: float | None = None
        self._rejected: Counter[str] = Counter()
        self._discovered = float("-inf")
        self._ever_found = False

    @property
    def is_found(self) -> bool:
        """Whether the sensor is there, well or ill."""
        return self._finding.status == "found"

    def discover(self) -> Finding:
        """Look for the sensor and hand what it found to the meters."""
        self._discovered = self._clock.monotonic()
        finding = survey(self.sensor)
        with self._lock:
            self._finding = finding
        # A device that went away keeps its curves, with a gap; one that was never there may still be worth a word.
        if finding.status == "found" or not self._ever_found:
            self._adopt(finding)
        self._ever_found = self._ever_found or finding.status == "found"
        return finding

    def step(self) -> None:
        """Read the sensor once, or look for it again if it was not there."""
        now = self._clock.monotonic()
        self.last_read = now
        if self._finding.status != "found":
            if now - self._discovered >= REDISCOVER_SECONDS:
                self.discover()
            return
        self._reading_since = now
        try:
            complaint = self._read(now)
        except SensorFailed as failed:
            complaint = str(failed)
            self._count("failed")
            # A lost driver comes back as new handles: look again, not more often than it is read.
            if now - self._discovered >= min(REDISCOVER_SECONDS, 10 * self.pace.period):
                self.discover()
        finally:
            self._reading_since = None
        self._note(complaint)

    def state(self, now: float) -> SensorState:
        """Health for /metrics and the status page."""
        with self._lock:
            finding = self._finding
            status = {"found": "up", "failed": "failing"}.get(finding.status, finding.status)
            message, remedy = finding.message, finding.remedy
            since = self._reading_since
            if status == "up" and since is not None and now - since > STUCK_SECONDS:
                status, message = "failing", f"a read has been stuck for {now - since:.0f} s"
            elif status == "up" and self._failing:
                status, message = "failing", self._failing
            elif status == "up":
                message = f"{len(finding.series)} series"
            return SensorState(
                self.sensor.name, status, message, remedy, self._read_seconds, self._last_success, dict(self._rejected)
            )

    def _read(self, now: float) -> str:
        """Read every series, each stamped with the middle of its own read; returns the first complaint."""
        complaint = ""
        good = 0
        before = now
        for outcome in self.sensor.read(now):
            after = self._clock.monotonic()
            if isinstance(outcome, Missed):
                self._count(outcome.reason)
                complaint = complaint or f"{_name(outcome.series)}: {outcome.message}"
            else:
                refusal = self._feed((before + after) / 2, outcome, after - before)
                if refusal is None:
                    good += 1
                else:
                    self._count(refusal)
            before = after
        with self._lock:
            self._read_seconds = before - now
            if good:
                self._last_success = self._clock.wall()
        return complaint

    def _count(self, reason: str) -> None:
        with self._lock:
            self._rejected[reason] += 1

    def _note(self, complaint: str) -> None:
        """Log a change of health once, not every read."""
        if complaint and not self._failing:
            log.warning("%s: %s", self.sensor.name, complaint)
        elif self._failing and not complaint:
            log.info("%s: reads again", self.sensor.name)
        self._failing = complaint


def _name(series: Series) -> str:
    return " ".join(part for part in series.key if part)
