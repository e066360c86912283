"""What a hwmon rule yields: one quantity, the files it is made of, and how far it may be trusted."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sensors.hwmon_class import Chip
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError

USUAL_RELATIVE_ERROR = 0.05  # assumed: shunts and monitors are specified to some percent

_MOST_WATTS = {
    Component.CPU: 1000.0,
    Component.DRAM: 500.0,
    Component.GPU: 2500.0,
    Component.PLATFORM: 20_000.0,
}


@dataclass(frozen=True, slots=True)
class Part:
    """One summand: microwatts or microjoules in one file, or millivolts and milliamperes in two."""

    files: tuple[Path, ...]
    sign: int = 1

    def negated(self) -> "Part":
        """The same, subtracted."""
        return Part(self.files, -self.sign)


@dataclass(frozen=True, slots=True)
class Channel:
    """One quantity made of one or more parts."""

    key: SeriesKey
    parts: tuple[Part, ...]
    is_counter: bool = False  # cumulative energy rather than power
    max_watts: float | None = None  # None: whatever is usual for the component
    averaging_seconds: float = 0.0
    relative_error: float = USUAL_RELATIVE_ERROR
    resolution_joules: float = 0.0
    update_seconds: float = 0.0
    note: str = ""

    @property
    def bound_watts(self) -> float:
        """No reading may imply more."""
        return _MOST_WATTS[self.key.component] if self.max_watts is None else self.max_watts


Found = Channel | JoulecastError  # what a chip measures, or why it is not used
Rule = Callable[[Sequence[Chip]], Iterator[Found]]  # given all chips of one name
