"""Plays a recorded capture as if its machine were here: the demo, and a double of hardware, with the real pipeline."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from exporter.sensors.capture import Capture
from exporter.sensors.sensor import Reading, SensorFailed, Series
from exporter.usage.source import UsageReading
from joulecast.errors import JoulecastError
from joulecast.quantities import joules_from_microjoules

_TIME_ROUNDING_SECONDS = 1e-6  # captures keep microseconds; a sum of clock readings may fall just short of one
_USAGE_STALE_SECONDS = 5.0  # longer without usage in the recording is a gap, not a machine that stands still


class ReplaySensor:
    """Every series of a capture, by the caller's clock: the first read is its first moment.

    At the end it begins again, its last and its first moment falling together, with counters that go on from where
    they were and wrap where the recorded ones did. A moment is played once; between two there is nothing new.
    """

    name = "replay"

    def __init__(self, capture: Capture) -> None:
        self._capture = capture
        self._times = [moment.seconds - capture.moments[0].seconds for moment in capture.moments]
        self._series = [self._playable(series) for series in capture.header.series]
        self._gains_uj = [self._gain_uj(index) for index in range(len(self._series))]
        self._begin: float | None = None
        self._played = -1  # moments played, counted on over the loops
        self._usage: tuple[UsageReading, ...] = ()
        self._usage_at = 0.0
        self._position = 0.0

    def discover(self) -> Sequence[Series]:
        """The recorded series, each saying that it is replayed, and from which capture."""
        return tuple(self._series)

    def caveats(self) -> Sequence[JoulecastError]:
        """That the capture is simulated, or cut short."""
        if not self._capture.header.simulated:
            return tuple(self._capture.caveats)
        simulated = JoulecastError(f"capture {self._capture.name} is simulated", "its figures show no real machine")
        return (simulated, *self._capture.caveats)

    def read(self, now: float) -> Iterator[Reading]:
        """The latest reading of each series that became due since the last read."""
        if self._begin is None:
            self._begin = now
        self._position = now - self._begin
        loops, position = divmod(self._position, self._capture.duration_seconds)
        count = len(self._times)
        due = int(loops) * count + bisect_right(self._times, position + _TIME_ROUNDING_SECONDS) - 1
        if due < self._played:
            raise SensorFailed("a capture cannot be played backwards")
        latest: dict[int, Reading] = {}
        # Of a pause longer than the capture, only the last round can matter.
        for number in range(max(self._played + 1, due - count + 1), due + 1):
            loop, index = divmod(number, count)
            moment = self._capture.moments[index]
            for reading in moment.readings:
                series = self._series[reading.series]
                joules = None if reading.joules is None else self._joules(reading.series, reading.joules, loop)
                latest[reading.series] = Reading(series, joules, reading.watts)
            if moment.usage:
                self._usage = moment.usage
                self._usage_at = loop * self._capture.duration_seconds + self._times[index]
        self._played = due
        yield from latest.values()

    @property
    def position(self) -> float:
        """Seconds since the first moment was played, counted on over the rounds."""
        return self._position

    def usage(self) -> Sequence[UsageReading]:
        """What the usage sources said at the moment last played, or up to a few seconds before."""
        if not self._usage or self._position - self._usage_at > _USAGE_STALE_SECONDS:
            return ()
        return self._usage

    def close(self) -> None:
        """Nothing is held open."""

    def _playable(self, series: Series) -> Series:
        header = self._capture.header
        how = "simulated" if header.simulated else "recorded"
        # Up to one period of the recording has passed since a reading when it is played.
        lag = self._capture.period_seconds
        return replace(
            series,
            sensor=self.name,
            source=f"capture {self._capture.title}: {series.source}",
            note="; ".join(filter(None, (f"{how} {series.sensor} of {header.machine}", series.note))),
            update_seconds=series.update_seconds + lag,
            power_update_seconds=series.power_update_seconds + lag,
        )

    def _gain_uj(self, index: int) -> int:
        """What a counter gained over the whole capture, wraps undone; 0 if it was reset in between."""
        range_joules = self._series[index].range_joules
        gain, before = 0, None
        for moment in self._capture.moments:
            for reading in moment.readings:
                if reading.series != index or reading.joules is None:
                    continue
                now = _microjoules(reading.joules)
                if before is not None:
                    wrapped = now < before and range_joules is not None
                    gain += now - before + (_microjoules(range_joules or 0.0) if wrapped else 0)
                before = now
        return max(0, gain)

    def _joules(self, index: int, recorded: float, loop: int) -> float:
        """What a counter shows in the given round: whole microjoules, so that ends and beginnings meet exactly."""
        if loop == 0:
            return recorded
        shown = _microjoules(recorded) + loop * self._gains_uj[index]
        range_joules = self._series[index].range_joules
        return joules_from_microjoules(shown % _microjoules(range_joules) if range_joules else shown)


class ReplayUsage:
    """The usage recorded beside the readings, at the moment that the sensor has come to."""

    name = "replay"

    def __init__(self, sensor: ReplaySensor) -> None:
        self._sensor = sensor

    def read(self) -> Iterator[UsageReading]:
        """Everything recorded at that moment."""
        yield from self._sensor.usage()


def _microjoules(joules: float) -> int:
    return round(joules * 1e6)
