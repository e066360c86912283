"""A sensor that does exactly what a test tells it: shows values, goes blind, blocks, vanishes and comes back."""

import threading
from collections.abc import Iterator, Sequence

from exporter.sensors.sensor import Missed, Reading, SensorFailed, Series
from joulecast.errors import JoulecastError


class ScriptedSensor:
    """Shows `joules` and `watts` of each of its series; `discover` finds whatever `found` holds.

    Set `absence` or `failure` to make `discover` or `read` raise it, `missing` to make single series give no value.
    While `gate` is cleared a read hangs, as in a driver that does not return.
    """

    def __init__(self, *series: Series, name: str = "") -> None:
        self.name = name or series[0].sensor
        self.found: Sequence[Series] = series
        self.joules: dict[Series, float] = {}
        self.watts: dict[Series, float] = {}
        self.missing: dict[Series, str] = {}
        self.absence: JoulecastError | None = None
        self.failure: SensorFailed | Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.is_blocked = threading.Event()  # a read has reached the closed gate
        self.reads = 0
        self.discoveries = 0
        self.is_closed = False

    def discover(self) -> Sequence[Series]:
        """What is there now."""
        self.discoveries += 1
        if self.absence is not None:
            raise self.absence
        return self.found

    def caveats(self) -> Sequence[JoulecastError]:
        """Nothing to add."""
        return []

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Every series in turn."""
        del now  # what it shows is up to the test
        if not self.gate.is_set():
            self.is_blocked.set()
            self.gate.wait()
        self.reads += 1
        if self.failure is not None:
            raise self.failure
        for series in self.found:
            if series in self.missing:
                yield Missed(series, self.missing[series], "no value")
            else:
                yield Reading(series, self.joules.get(series), self.watts.get(series))

    def close(self) -> None:
        """Note it."""
        self.is_closed = True
