"""What the page is made from: one moment of the node, and what is known about the exporter itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from exporter.intervals.interval import Interval
from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.metrics.page.history import Step
from joulecast.footprint.rates import NO_RATES, Rates


@dataclass(frozen=True, slots=True)
class About:
    """The exporter itself. `replaying` names the capture or simulation behind all numbers; empty for this machine."""

    hostname: str = ""
    grpc_address: str = ""
    replaying: str = ""
    period_seconds: float = 1.0


@dataclass(frozen=True, slots=True)
class Sight:
    """The intervals that are shown: running ones with their energy so far, and the latest ended ones, newest first."""

    running: Sequence[Interval] = ()
    running_in_all: int = 0
    ended: Sequence[Interval] = ()
    problem: str = ""  # why some of what ended may be missing


@dataclass(frozen=True, slots=True)
class View:
    """Everything the page shows."""

    snapshot: Snapshot = EMPTY
    about: About = field(default_factory=About)
    intervals: Sight = field(default_factory=Sight)
    history: Sequence[Step] = ()
    rates: Rates = NO_RATES
    trouble: str | None = None  # why the exporter is not well
    wall: float = 0.0  # now
