"""What an interval's energy is, once it is known: immutable values, with `None` for everything that is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from joulecast.client.readable import energy_text, seconds_text
from joulecast.component import Component
from joulecast.footprint.footprint import NO_FOOTPRINT, Footprint
from joulecast.provenance import Provenance


@dataclass(frozen=True, slots=True)
class Joules:
    """Energy of a node, a component or a device over one interval."""

    gross_joules: float | None = None
    idle_joules: float | None = None
    net_joules: float | None = None  # gross - idle; may be negative
    uncertainty_joules: float | None = None  # half-width of the sampling error
    calibration_uncertainty_joules: float | None = None  # half-width of what repeats in every interval
    idle_uncertainty_joules: float | None = None
    coverage: float | None = None  # share of the duration really observed
    provenance: Provenance | None = None
    mean_watts: float | None = None
    below_resolution: bool = False  # shorter than two updates of the sensor


UNKNOWN = Joules()


@dataclass(frozen=True, slots=True)
class DeviceJoules:
    """Energy of one device, or of one zone of it."""

    component: Component
    device: str
    zone: str
    counted: bool  # part of the node's energy, or shown only
    sensor: str
    energy: Joules


@dataclass(frozen=True, slots=True)
class GpuUsage:
    """Means over the interval for one GPU."""

    uuid: str
    utilization_ratio: float | None = None
    memory_utilization_ratio: float | None = None
    temperature_celsius: float | None = None
    sm_clock_hertz: float | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Mean usage over the interval."""

    cpu_utilization_ratio: float | None = None
    memory_utilization_ratio: float | None = None
    gpus: Sequence[GpuUsage] = ()


@dataclass(frozen=True, slots=True)
class WorkloadEstimate:
    """What a trained model says such work takes, for comparison; 80 % of truths lie between p10 and p90."""

    model: str
    version: str
    scope: str  # whose energy: "gpu", "cpu+dram", "wall", ...
    joules: float
    p10_joules: float
    p90_joules: float
    in_domain: bool  # everything lies within what the model was trained on
    departures: Sequence[str] = ()  # the features that do not
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """One interval as the exporter accounts for it. Wall times are seconds since the epoch."""

    interval_id: str | None = None
    request_id: str = ""
    name: str = ""
    job: str = ""
    phase: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    gpus: Sequence[str] | None = None  # UUIDs in scope; None is all of the node's
    status: str = "unknown"  # open, settling, finished, truncated; unknown when no exporter was reached
    begin_time: float | None = None
    end_time: float | None = None
    duration_seconds: float | None = None
    settles_in: float = 0.0
    counts: Mapping[str, float] = field(default_factory=dict)
    energy: Joules = UNKNOWN
    components: Mapping[str, Joules] = field(default_factory=dict)
    devices: Sequence[DeviceJoules] = ()
    usage: Usage = field(default_factory=Usage)
    notes: Sequence[str] = ()
    durable: bool | None = None
    # What the gross joules come to at the exporter's present rates; all None without an intensity and a price.
    footprint: Footprint = NO_FOOTPRINT
    estimate: WorkloadEstimate | None = None  # beside the energy, never in it; None if the work was not described

    @property
    def final(self) -> bool:
        """Whether nothing of this will change any more."""
        return self.status in {"finished", "truncated"}

    def joules_per(self, what: str, count: float | None = None, *, net: bool = False) -> float | None:
        """Joules per sample, token, request: gross, or net of idle. None if the energy or the count is not known."""
        joules = self.energy.net_joules if net else self.energy.gross_joules
        number = self.counts.get(what) if count is None else count
        return joules / number if joules is not None and number else None

    def __str__(self) -> str:
        return f"{energy_text(self.energy)}, {seconds_text(self.duration_seconds)}"
