"""The one declaration of every metric: its name, type, labels and meaning. Names and labels are a public contract.

`docs/metrics.md` is generated from this file, dashboards and alerting rules are checked against it, and the
collector can fill nothing that is not declared here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain

from exporter.intervals.figures import NET_JOULES_BUCKETS


class Kind(StrEnum):
    """The types of OpenMetrics that this exporter uses."""

    GAUGE = "gauge"
    COUNTER = "counter"
    HISTOGRAM = "histogram"
    INFO = "info"


_UNITS = ("joules", "watts", "seconds", "bytes", "celsius", "hertz", "ratio")
_SUFFIXES = {Kind.COUNTER: "_total", Kind.INFO: "_info", Kind.GAUGE: "", Kind.HISTOGRAM: ""}


@dataclass(frozen=True, slots=True)
class Family:
    """One metric as its readers see it; `name` is what they type into a query."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str

    @property
    def root(self) -> str:
        """The name without the suffix of its type, as OpenMetrics writes it in TYPE and HELP lines."""
        return self.name.removesuffix(_SUFFIXES[self.kind])

    @property
    def unit(self) -> str:
        """The base unit its name ends with; empty for what has none."""
        word = self.root.rpartition("_")[2]
        return word if word in _UNITS else ""


_SERIES = ("component", "device", "zone", "provenance")

POWER = Family(
    "joulecast_power_watts",
    Kind.GAUGE,
    _SERIES,
    "Power now. Node power is the sum over component cpu|dram|gpu with an empty, package or dram zone; "
    "other zones and the platform's own meter overlap these.",
)
POWER_UNCERTAINTY = Family(
    "joulecast_power_uncertainty_watts", Kind.GAUGE, _SERIES, "Half-width of the error bar of joulecast_power_watts."
)
ENERGY = Family(
    "joulecast_energy_joules_total",
    Kind.COUNTER,
    _SERIES,
    "Energy since this exporter first ran here, without wraps; it goes on over restarts.",
)
NODE_POWER = Family(
    "joulecast_node_power_watts",
    Kind.GAUGE,
    ("provenance",),
    "Sum of CPU packages, DRAM and GPUs; the provenance is that of the weakest part.",
)
NODE_ENERGY = Family(
    "joulecast_node_energy_joules_total", Kind.COUNTER, ("provenance",), "Energy of CPU packages, DRAM and GPUs."
)
IDLE_POWER = Family(
    "joulecast_idle_power_watts",
    Kind.GAUGE,
    ("component", "device"),
    "Baseline that intervals subtract, from the idle experiment or learnt; absent until known.",
)
PREDICTION_RESIDUAL = Family(
    "joulecast_prediction_residual_ratio",
    Kind.GAUGE,
    ("component", "device"),
    "Predicted over measured energy of the last minute, less 1, where a part of this node is both: how far to trust "
    "the same model on nodes without sensors. No device: all of the component together.",
)
EXPORTER_ENERGY = Family(
    "joulecast_exporter_energy_joules_total", Kind.COUNTER, (), "What this exporter itself cost, by its CPU time."
)

_CONTAINER = ("namespace", "pod", "container")
CONTAINER_ENERGY = Family(
    "joulecast_container_energy_joules_total",
    Kind.COUNTER,
    (*_CONTAINER, "component"),
    "Energy attributed to a container. A finished one stays for a while; when too many are seen, the least are charged "
    "under container `other` from then on, whose namespace and pod are empty. What has no name yet has the pod's UID.",
)
UNIT_ENERGY = Family(
    "joulecast_unit_energy_joules_total",
    Kind.COUNTER,
    ("manager", "unit", "component"),
    "Energy attributed to what runs without a container: a systemd service, a SLURM job.",
)
IDLE_ENERGY = Family(
    "joulecast_idle_energy_joules_total",
    Kind.COUNTER,
    ("component",),
    "Energy of the idle baseline that the policy gives to nobody.",
)
UNATTRIBUTED_ENERGY = Family(
    "joulecast_unattributed_energy_joules_total",
    Kind.COUNTER,
    ("component",),
    "Energy above idle that no workload could be charged for. With what is attributed, idle and retired it adds up to "
    "joulecast_energy_joules_total of the component's node parts.",
)
RETIRED_ENERGY = Family(
    "joulecast_retired_energy_joules_total",
    Kind.COUNTER,
    ("component",),
    "Energy of workloads whose series have ended. It closes the balance of raw values; a rate of it counts again what "
    "those series have shown.",
)
ALLOCATED_IDLE_ENERGY = Family(
    "joulecast_container_gpu_allocated_idle_joules_total",
    Kind.COUNTER,
    _CONTAINER,
    "Energy of GPUs that this container held while nothing ran on them. Not a further part of the balance.",
)
GPU_ATTRIBUTION = Family(
    "joulecast_gpu_attribution_info",
    Kind.INFO,
    ("uuid", "method"),
    "How the energy of a GPU is split now: process_utilization, equal_shares, slices, holder or none.",
)
WORKLOADS = Family(
    "joulecast_workloads", Kind.GAUGE, ("state",), "Workloads on the bill: running, finished, unmapped, folded."
)

CPU_UTILIZATION = Family("joulecast_cpu_utilization_ratio", Kind.GAUGE, (), "Share of CPU time used, mean over cores.")
MEMORY_UTILIZATION = Family("joulecast_memory_utilization_ratio", Kind.GAUGE, (), "Share of main memory in use.")
TEMPERATURE = Family(
    "joulecast_temperature_celsius",
    Kind.GAUGE,
    ("component", "device", "sensor"),
    "Temperature; `sensor` tells two probes of one device apart.",
)

GPU_UTILIZATION = Family(
    "joulecast_gpu_utilization_ratio", Kind.GAUGE, ("uuid",), "Share of time in which a kernel was running on the GPU."
)
GPU_MEMORY_USED = Family("joulecast_gpu_memory_used_bytes", Kind.GAUGE, ("uuid",), "GPU memory in use.")
GPU_MEMORY_TOTAL = Family("joulecast_gpu_memory_total_bytes", Kind.GAUGE, ("uuid",), "GPU memory installed.")
GPU_POWER_LIMIT = Family("joulecast_gpu_power_limit_watts", Kind.GAUGE, ("uuid",), "Power limit the driver enforces.")
GPU_CLOCK = Family(
    "joulecast_gpu_clock_hertz", Kind.GAUGE, ("uuid", "domain"), "Clock now; `domain` is `sm` or `memory`."
)
GPU_THROTTLED = Family(
    "joulecast_gpu_throttled", Kind.GAUGE, ("uuid", "reason"), "1 while the GPU is slowed down for this reason."
)
# Not counter_to_power: a metric type inside a name is refused by promtool's lint.
GPU_ENERGY_TO_POWER = Family(
    "joulecast_gpu_energy_to_power_ratio",
    Kind.GAUGE,
    ("uuid",),
    "Energy counter over integrated power: near 1 when the two sensors of this GPU agree.",
)

GPU_INFO = Family(
    "joulecast_gpu_info",
    Kind.INFO,
    ("uuid", "index", "model", "driver", "pci_bus_id"),
    "Each GPU; join on uuid.",
)
CPU_INFO = Family("joulecast_cpu_info", Kind.INFO, ("model", "sockets", "logical_cpus"), "What the CPUs are.")
BUILD_INFO = Family("joulecast_build_info", Kind.INFO, ("version", "python"), "Which release of the exporter this is.")
REPLAY_INFO = Family(
    "joulecast_replay_info",
    Kind.INFO,
    ("capture",),
    "A capture is played in place of this machine: nothing here was measured on it. Absent where nothing is played.",
)

INTERVAL_ENERGY = Family(
    "joulecast_interval_energy_joules_total",
    Kind.COUNTER,
    ("job", "phase", "component", "provenance"),
    "Gross energy of ended intervals. Overlapping intervals each count what they saw.",
)
INTERVALS = Family(
    "joulecast_intervals_total", Kind.COUNTER, ("job", "phase", "status"), "Ended intervals, by outcome."
)
INTERVALS_OPEN = Family("joulecast_intervals_open", Kind.GAUGE, (), "Intervals open now.")
INTERVAL_NET = Family(
    "joulecast_interval_net_joules",
    Kind.HISTOGRAM,
    ("job", "phase"),
    "Net energy (gross minus idle) of each ended interval. It may be negative; "
    "_sum and _count are left out while the sum is.",
)

SENSOR_UP = Family(
    "joulecast_sensor_up",
    Kind.GAUGE,
    ("sensor",),
    "1 if the sensor answers, 0 if it is there and fails or denies access. A sensor this machine lacks has no series.",
)
SENSOR_READ = Family("joulecast_sensor_read_seconds", Kind.GAUGE, ("sensor",), "How long its last read took.")
SENSOR_LAST_SUCCESS = Family(
    "joulecast_sensor_last_success_timestamp_seconds",
    Kind.GAUGE,
    ("sensor",),
    "Unix time of its last reading.",
)
SENSOR_REJECTED = Family(
    "joulecast_sensor_rejected_readings_total",
    Kind.COUNTER,
    ("sensor", "reason"),
    "Readings refused or missed: physically impossible, garbage, a lost device.",
)

CARBON_INTENSITY = Family(
    "joulecast_carbon_intensity_grams_per_kwh",
    Kind.GAUGE,
    ("zone", "source"),
    "Grid carbon intensity that carbon figures of this node are made with.",
)
ELECTRICITY_PRICE = Family(
    "joulecast_electricity_price_per_kwh", Kind.GAUGE, ("currency",), "Price of electricity; absent unless configured."
)
PUE = Family(
    "joulecast_pue_ratio",
    Kind.GAUGE,
    (),
    "Power usage effectiveness of the site: whole facility over IT equipment; absent unless configured.",
)

SECTIONS: Mapping[str, tuple[Family, ...]] = {
    "Power and energy": (
        POWER,
        POWER_UNCERTAINTY,
        ENERGY,
        NODE_POWER,
        NODE_ENERGY,
        IDLE_POWER,
        PREDICTION_RESIDUAL,
        EXPORTER_ENERGY,
    ),
    "Attribution": (
        CONTAINER_ENERGY,
        UNIT_ENERGY,
        IDLE_ENERGY,
        UNATTRIBUTED_ENERGY,
        RETIRED_ENERGY,
        ALLOCATED_IDLE_ENERGY,
        GPU_ATTRIBUTION,
        WORKLOADS,
    ),
    "Usage of the machine": (CPU_UTILIZATION, MEMORY_UTILIZATION, TEMPERATURE),
    "GPUs": (
        GPU_UTILIZATION,
        GPU_MEMORY_USED,
        GPU_MEMORY_TOTAL,
        GPU_POWER_LIMIT,
        GPU_CLOCK,
        GPU_THROTTLED,
        GPU_ENERGY_TO_POWER,
    ),
    "Identity": (GPU_INFO, CPU_INFO, BUILD_INFO, REPLAY_INFO),
    "Intervals": (INTERVAL_ENERGY, INTERVALS, INTERVALS_OPEN, INTERVAL_NET),
    "Carbon and cost": (CARBON_INTENSITY, ELECTRICITY_PRICE, PUE),
    "Health of the sensors": (SENSOR_UP, SENSOR_READ, SENSOR_LAST_SUCCESS, SENSOR_REJECTED),
}
"""Every family once, in the order of the reference."""

FAMILIES: tuple[Family, ...] = tuple(chain.from_iterable(SECTIONS.values()))
BUCKETS: Mapping[Family, tuple[float, ...]] = {INTERVAL_NET: NET_JOULES_BUCKETS}
