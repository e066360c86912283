"""An interval and its account: the words the store, the service and the metrics share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from exporter.attribution.workload import Workload
from exporter.usage.evidence import Caller, CgroupIdentity
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance


class Status(StrEnum):
    """Where an interval is in its life."""

    OPEN = "open"
    SETTLING = "settling"  # ended; the samples that bracket its end are not all in yet
    FINISHED = "finished"
    TRUNCATED = "truncated"  # its workload fell silent, or the machine restarted


class Energy(NamedTuple):
    """Joules over one interval, with what is known about them. `None` is unknown, never zero."""

    gross_joules: float | None
    idle_joules: float | None
    uncertainty_joules: float  # sampling: both edges, counter steps, gaps between samples
    calibration_uncertainty_joules: float  # sensor gain or model error, the same sign in every interval
    coverage: float  # 0..1, share of the duration really observed
    provenance: Provenance | None
    idle_uncertainty_joules: float | None = None
    below_resolution: bool = False

    @property
    def net_joules(self) -> float | None:
        """Gross minus idle (Eqs. 4 and 5); may be negative, never clipped; unknown if either is."""
        if self.gross_joules is None or self.idle_joules is None:
            return None
        return self.gross_joules - self.idle_joules


class DeviceEnergy(NamedTuple):
    """The energy of one series over the interval."""

    key: SeriesKey
    sensor: str
    counted: bool  # part of node energy, or shown only
    energy: Energy


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """Means over the interval for one GPU; `None` where the driver gives none."""

    uuid: str
    utilization_ratio: float | None = None
    memory_utilization_ratio: float | None = None
    temperature_celsius: float | None = None
    sm_clock_hertz: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Mean usage over the interval (paper, Sec. 5: what explains the energy)."""

    cpu_utilization_ratio: float | None = None
    memory_utilization_ratio: float | None = None
    gpus: Sequence[GpuUsage] = ()


class ChargedEnergy(NamedTuple):
    """A container's part of one component. `None` where nobody tells who used it."""

    gross_joules: float | None
    uncertainty_joules: float
    calibration_uncertainty_joules: float
    coverage: float  # 0..1, share of the duration in which it was known who used what
    methods: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ContainerShare:
    """What of an interval's gross energy one container was charged with."""

    workload: Workload | None  # by the names known when it was made; None if the caller's cgroup is nobody's
    gross_joules: float | None
    uncertainty_joules: float
    calibration_uncertainty_joules: float
    coverage: float  # the least of the components that are in the sum
    components: Mapping[Component, ChargedEnergy]
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Account:
    """Everything known about the energy of an interval, by device, by component and in sum."""

    node: Energy
    components: Mapping[Component, Energy]
    devices: Sequence[DeviceEnergy]
    usage: Usage
    notes: Sequence[str] = ()
    container: ContainerShare | None = None  # only of an interval that asks for it


class Tag(NamedTuple):
    """What the workload said its work is."""

    request_id: str
    name: str = ""
    job: str = ""
    phase: str = ""
    labels: Mapping[str, str] = {}
    gpus: tuple[str, ...] | None = None  # UUIDs in scope; None is all of the node's
    caller: Caller | None = None  # whose container's share is asked for; None for nobody's


@dataclass(slots=True)
class Interval:
    """One tagged piece of work. Times are CLOCK_MONOTONIC seconds of the boot `boot_id`; wall times are for people."""

    interval_id: str  # sortable by begin order
    tag: Tag
    boot_id: str
    begin: float
    begin_wall: float
    lease_seconds: float
    last_heard: float  # monotonic; begin, or the latest lease renewal
    status: Status = Status.OPEN
    end: float | None = None
    end_wall: float | None = None
    counts: Mapping[str, float] = field(default_factory=dict)
    account: Account | None = None
    durable: bool = True
    notes: list[str] = field(default_factory=list)
    container: CgroupIdentity | None = None  # the caller's, once it is known

    @property
    def duration_seconds(self) -> float | None:
        """By the monotonic clock; None while open."""
        return None if self.end is None else self.end - self.begin
