"""A simulated power meter without a counter: what happens between two reads it never tells."""

from collections.abc import Iterator, Sequence

from doubles.series import a_power_sensor
from doubles.simulated import Load

from exporter.sensors.sensor import Missed, Reading, Series
from joulecast.errors import JoulecastError


class SimulatedPower:
    """A hwmon channel for a CPU socket."""

    name = "hwmon"

    def __init__(self, load: Load) -> None:
        self.series = a_power_sensor()
        self._load = load

    def discover(self) -> Sequence[Series]:
        """Its one series."""
        return [self.series]

    def caveats(self) -> Sequence[JoulecastError]:
        """None."""
        return []

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Power at this instant."""
        yield Reading(self.series, watts=self._load.watts(now))

    def close(self) -> None:
        """Nothing to release."""
