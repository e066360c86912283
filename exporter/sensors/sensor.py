"""What a sensor is: it says what it knows now, and never reads a clock, adds up, or decides what counts.

A new sensor implements `Sensor` in a file of its own and is added to `inventory.py` and `preference.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from joulecast.component import SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance


class SensorAbsent(JoulecastError):
    """Not on this machine: the normal case, skipped quietly."""


class SensorDenied(JoulecastError):
    """It is there and we may not read it; the remedy says how to grant it."""


class SensorFailed(JoulecastError):
    """It did not answer this time: counted, logged once per change, tried again."""


class Quantity(StrEnum):
    """What a sensor's reading holds, known by type and never guessed from a value."""

    COUNTER = "counter"  # cumulative joules
    POWER = "power"  # watts now
    COUNTER_AND_POWER = "counter+power"  # both: the counter ticks rarely, the power fills in


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One quantity a sensor found, with everything the meter must know to be honest about it.

    Compared by identity: a sensor makes one `Series` per thing it reads and hands out that same object
    with every reading, also after the device was lost and came back.
    """

    key: SeriesKey
    sensor: str
    provenance: Provenance
    quantity: Quantity
    source: str  # the file or call behind it, for people
    max_watts: float  # no reading may imply more than this
    range_joules: float | None = None  # the counter wraps here; None if it never does
    resolution_joules: float = 0.0  # one step of the counter
    update_seconds: float = 0.0  # the hardware refreshes the counter this often
    averaging_seconds: float = 0.0  # a power reading is the mean over this long before it
    is_mean: bool = False  # a power reading is the mean since the reading before it
    power_update_seconds: float = 0.0  # the driver refreshes the power reading only this often
    relative_error: float = 0.0  # gain or model error, half-width as a ratio: the same sign in every interval
    note: str = ""  # what a reader should know ("assumed: no SMBIOS here")


@dataclass(frozen=True, slots=True)
class Reading:
    """What one series showed in one read: cumulative joules, or watts, or both."""

    series: Series
    joules: float | None = None
    watts: float | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """One series could not be read this time; the others go on. `reason` is a short metric label."""

    series: Series
    reason: str  # "garbage", "denied", "gone", "lost", "not_supported", "timeout", ...
    message: str


class Sensor(Protocol):
    """One way of learning power or energy. Paths and libraries are constructor arguments."""

    name: str

    def discover(self) -> Sequence[Series]:
        """Find what can be read, holding resources open. May be called again after a failure or an absence.

        Raises SensorAbsent, SensorDenied (with a remedy) or SensorFailed. On a partly denied machine the
        readable series are returned and the rest is told by `caveats`.
        """
        ...

    def caveats(self) -> Sequence[JoulecastError]:
        """What the last `discover` found and could not use, or what a person should know about it."""
        ...

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Read every series once, yielding each as soon as it is known; `now` is the caller's monotonic time.

        Yielding one by one lets the caller stamp each reading with its own time. Raises SensorFailed when
        nothing can be read; any other exception is a bug.
        """
        ...

    def close(self) -> None:
        """Release what `discover` opened; harmless twice."""
        ...


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of one sensor on this machine: the row the doctor prints."""

    sensor: str
    status: str  # "found", "denied", "absent", "failed"
    series: Sequence[Series] = field(default_factory=tuple)
    message: str = ""
    remedy: str = ""
    caveats: Sequence[JoulecastError] = field(default_factory=tuple)


def survey(sensor: Sensor) -> Finding:
    """Ask one sensor what it finds, turning every way of not finding into a row."""
    try:
        series = tuple(sensor.discover())
    except SensorAbsent as absent:
        return Finding(sensor.name, "absent", message=absent.problem, remedy=absent.remedy)
    except SensorDenied as denied:
        return Finding(sensor.name, "denied", message=denied.problem, remedy=denied.remedy)
    except SensorFailed as failed:
        return Finding(sensor.name, "failed", message=failed.problem, remedy=failed.remedy)
    return Finding(sensor.name, "found", series, caveats=tuple(sensor.caveats()))
