"""What an interval's energy is, once it is known: immutable values, with `None` for everything that is not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from joulecast.client.readable import joules_text, seconds_text
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

    def __str__(self) -> str:
        """Gross with its half-width and provenance, and net where idle is known."""
        if self.gross_joules is None:
            return "energy unknown"
        provenance = f" ({self.provenance})" if self.provenance else ""
        text = f"{joules_text(self.gross_joules, self.uncertainty_joules)} gross{provenance}"
        if self.net_joules is None:
            return text
        return f"{text}, {joules_text(self.net_joules, self.uncertainty_joules, bar=False)} net"


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
class ChargedJoules:
    """A container's part of one component; None where nobody tells who used it."""

    gross_joules: float | None = None
    uncertainty_joules: float | None = None
    calibration_uncertainty_joules: float | None = None
    coverage: float | None = None
    methods: Sequence[str] = ()  # cpu_time, process_utilization, equal_shares, slices, holder


@dataclass(frozen=True, slots=True)
class ContainerJoules:
    """What of an interval's gross energy the container was charged with that the workload ran in.

    A pod no kubelet has named is called by its UID, and the container by its short id.
    """

    manager: str = ""  # kubernetes, containers, systemd, slurm; empty if no workload was known for the caller
    namespace: str = ""
    pod: str = ""
    container: str = ""
    unit: str = ""
    gross_joules: float | None = None  # the sum over components of which it is known
    uncertainty_joules: float | None = None  # half-width: the node's, in proportion, and that of the split at the edges
    calibration_uncertainty_joules: float | None = None  # the node's, in proportion
    coverage: float | None = None  # share of the duration in which it was known who used what
    components: Mapping[str, ChargedJoules] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def joules(self) -> float | None:
        """Gross joules."""
        return self.gross_joules

    @property
    def name(self) -> str:
        """Namespace, pod and container, or the unit; empty if it is not known."""
        return "/".join(part for part in (self.namespace, self.pod, self.container, self.unit) if part)


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
    container: ContainerJoules | None = None  # part of the energy above; None if it was not asked for
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
        return f"{self.energy}, {seconds_text(self.duration_seconds)}"
