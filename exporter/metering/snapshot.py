"""One immutable picture of the node, rebuilt at every period: all that /metrics and the watchers ever see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.sensor import Series
from exporter.usage.host import Cpus
from exporter.usage.source import UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance


@dataclass(frozen=True, slots=True)
class SeriesState:
    """One series: its cumulative curve's last value, and the slope of its last second."""

    series: Series
    counted: bool  # part of node power (Eq. 3), or shown only
    reason: str  # why it is counted, or not
    joules: float  # cumulative, never decreasing, carried over restarts
    watts: float | None  # None while the sensor gives nothing
    uncertainty_watts: float | None


@dataclass(frozen=True, slots=True)
class SensorState:
    """The health of one sensor."""

    sensor: str
    status: str  # "up", "failing", "denied", "absent"
    message: str
    remedy: str
    read_seconds: float | None  # how long the last read took
    last_success_wall: float | None
    rejected: Mapping[str, int]  # readings refused, by reason


@dataclass(frozen=True, slots=True)
class IdleState:
    """The idle baseline of one series."""

    watts: float
    spread_watts: float  # standard deviation of one-second means
    source: str  # "experiment" or "learnt"
    seconds: float
    measured_wall: float


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The node at one moment. `None` and missing entries mean not known, never zero."""

    wall: float
    monotonic: float
    series: Sequence[SeriesState]
    node_watts: float | None
    node_joules: float | None
    node_provenance: Provenance | None
    sensors: Sequence[SensorState]
    usage: Sequence[UsageReading] = ()
    gpus: Sequence[Gpu] = ()
    cpu: Cpus | None = None
    idle: Mapping[SeriesKey, IdleState] = field(default_factory=dict)
    counter_to_power: Mapping[str, float] = field(default_factory=dict)  # GPU uuid -> energy counter / integrated power
    # (component, device) -> predicted over measured energy of the last minute, less 1
    residuals: Mapping[tuple[Component, str], float] = field(default_factory=dict)
    exporter_joules: float | None = None  # this process's own share, by CPU time


EMPTY = Snapshot(0.0, 0.0, (), None, None, None, ())
