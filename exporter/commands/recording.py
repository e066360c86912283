"""Records a capture of this machine, at a steady pace and with progress, so that it can be replayed elsewhere."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from exporter.sensors.capture import CaptureWriter
from exporter.sensors.capture_format import Header
from exporter.sensors.inventory import Inventory
from exporter.sensors.preference import choose
from exporter.sensors.sensor import Reading, Sensor, SensorFailed, Series, survey
from exporter.usage.source import UsageReading
from joulecast.clock import Clock
from joulecast.errors import JoulecastError

PERIOD_SECONDS = 0.1
USAGE_EVERY = 10  # moments
_INTERRUPTED = 130  # 128 + SIGINT, as shells say it


def record(
    path: Path, inventory: Inventory, seconds: float, *, clock: Clock, pause: Callable[[float], None], progress: TextIO
) -> int:
    """Record for that long; an interrupt ends it early and keeps what there is. Returns the exit code."""
    if path.exists():
        raise JoulecastError(f"{path} is already there", "name a new file, or remove it first")
    findings = [survey(sensor) for sensor in inventory.sensors]
    series = [one for one, choice in choose(findings).items() if choice.metered]
    sensors = [sensor for sensor in inventory.sensors if any(one.sensor == sensor.name for one in series)]
    if not sensors:
        raise JoulecastError("there is no sensor to record", "`joulecast sensors` explains each of them")
    try:
        writer = CaptureWriter(path, _header(inventory, series, clock))
        try:
            moments = _moments(inventory, sensors, clock, _ticks(seconds, clock, pause))
            code = _write(writer, moments, _Progress(progress, path, seconds))
        finally:
            writer.close()
    except OSError as failure:
        raise JoulecastError(
            f"cannot write {path} ({failure.strerror})", "make room, or name another file"
        ) from failure
    finally:
        for sensor in inventory.sensors:
            sensor.close()
    return code


class _Progress:
    """A line that is written over on a terminal; elsewhere only the outcome."""

    def __init__(self, stream: TextIO, path: Path, seconds: float) -> None:
        self._stream = stream
        self._path = path
        self._seconds = seconds
        self._moments = 0

    def moment(self, elapsed: float) -> None:
        """One more moment is recorded."""
        self._moments += 1
        if self._stream.isatty():
            self._stream.write(f"\r\033[Krecording {self._path}: {elapsed:.0f} of {self._seconds:.0f} s")
            self._stream.flush()

    def end(self) -> None:
        """Say what there is now."""
        start = "\r\033[K" if self._stream.isatty() else ""
        self._stream.write(f"{start}recorded {self._moments} moments; play them with --replay {self._path}\n")


_Moment = tuple[float, Iterator[Reading], Sequence[UsageReading]]


def _write(writer: CaptureWriter, moments: Iterator[_Moment], progress: _Progress) -> int:
    code = 0
    try:
        for elapsed, readings, usage in moments:
            writer.write(elapsed, readings, usage)
            progress.moment(elapsed)
    except KeyboardInterrupt:
        code = _INTERRUPTED
    progress.end()
    return code


def _moments(
    inventory: Inventory, sensors: Sequence[Sensor], clock: Clock, ticks: Iterator[float]
) -> Iterator[_Moment]:
    for number, elapsed in enumerate(ticks):
        usage = [one for source in inventory.usage for one in source.read()] if number % USAGE_EVERY == 0 else []
        yield elapsed, _readings(sensors, clock), usage


def _ticks(seconds: float, clock: Clock, pause: Callable[[float], None]) -> Iterator[float]:
    """Seconds since the first moment, at a pace that does not drift; a late moment is not caught up."""
    begin = clock.monotonic()
    number = 0
    while number <= round(seconds / PERIOD_SECONDS):
        elapsed = clock.monotonic() - begin
        yield elapsed
        number = max(number, int(elapsed / PERIOD_SECONDS)) + 1
        pause(max(0.0, begin + number * PERIOD_SECONDS - clock.monotonic()))


def _readings(sensors: Sequence[Sensor], clock: Clock) -> Iterator[Reading]:
    """What every sensor says now; what cannot be read is a gap in the capture."""
    for sensor in sensors:
        with suppress(SensorFailed):
            yield from (one for one in sensor.read(clock.monotonic()) if isinstance(one, Reading))


def _header(inventory: Inventory, series: Sequence[Series], clock: Clock) -> Header:
    """What the machine is, without its name: captures are for sharing."""
    gpus = tuple(inventory.gpus())
    parts = [inventory.cpus.model or "unknown CPU", *sorted({gpu.model for gpu in gpus})]
    recorded = datetime.fromtimestamp(clock.wall(), UTC).isoformat(timespec="seconds")
    return Header(" + ".join(parts), recorded, simulated=False, series=series, gpus=gpus, cpu=inventory.cpus)
