"""Several simulated sensors behind one driver, as a machine has them: eight GPUs, or the zones of one socket."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from doubles.simulated import Load, SimulatedRapl

from exporter.sensors.sensor import Missed, Reading, Sensor, Series
from joulecast.component import SeriesKey
from joulecast.errors import JoulecastError


class SimulatedGroup:
    """Reads its members one after another; it has the name of the first."""

    def __init__(self, members: Sequence[Sensor]) -> None:
        self.name = members[0].name
        self._members = members

    def discover(self) -> Sequence[Series]:
        """The series of all."""
        return [series for member in self._members for series in member.discover()]

    def caveats(self) -> Sequence[JoulecastError]:
        """None."""
        return []

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """The readings of all."""
        for member in self._members:
            yield from member.read(now)

    def close(self) -> None:
        """Nothing to release."""


def simulated_zone(load: Load, key: SeriesKey) -> SimulatedRapl:
    """A RAPL zone other than a package."""
    zone = SimulatedRapl(load)
    zone.series = replace(zone.series, key=key)
    return zone
