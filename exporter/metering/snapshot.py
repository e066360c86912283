"""One immutable picture of the node, rebuilt at every period: all that /metrics and the watchers ever see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

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
    front: float = 0.0  # monotonic time up to which `joules` counts
    observed: float = 0.0  # cumulative seconds really observed


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


class LineState(NamedTuple):
    """One line of the bill: who, and the joules charged so far; None where a component is not split here."""

    name: tuple[str, str, str, str, str]  # manager, namespace, pod, container, unit; the last two tell which it is
    cpu: float | None
    dram: float | None
    gpu: float | None
    allocated_idle: float | None  # of GPUs it held while nothing ran on them; not a part of the balance


@dataclass(frozen=True, slots=True)
class BillState:
    """Whose joules: lines, idle, unattributed and retired add up to those of a component's node parts, now."""

    lines: Sequence[LineState]
    idle: Mapping[Component, float]
    unattributed: Mapping[Component, float]
    retired: Mapping[Component, float] = field(default_factory=dict)  # of lines that have left
    gpu_methods: Mapping[str, str] = field(default_factory=dict)  # GPU uuid -> how it is split now
    counts: Mapping[str, int] = field(default_factory=dict)  # workloads by state


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
    bill: BillState | None = None  # None where nothing is attributed


EMPTY = Snapshot(0.0, 0.0, (), None, None, None, ())
