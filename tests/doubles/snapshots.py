"""Snapshots built by hand: a node with everything, for readers of snapshots."""

from collections.abc import Sequence

from exporter.intervals.figures import NET_JOULES_BUCKETS, IntervalFigures, NetHistogram
from exporter.metering.snapshot import BillState, IdleState, LineState, SensorState, SeriesState, Snapshot
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.sensor import Quantity, Series
from exporter.usage.host import Cpus
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey, is_node_part
from joulecast.provenance import Provenance


def series_state(
    component: Component,
    device: str,
    zone: str = "",
    *,
    sensor: str = "rapl",
    provenance: Provenance = Provenance.MEASURED,
    joules: float = 1000.0,
    watts: float | None = 100.0,
    uncertainty_watts: float | None = 1.0,
    counted: bool | None = None,
) -> SeriesState:
    """One series; counted if its identity may enter node power, unless told otherwise."""
    key = SeriesKey(component, device, zone)
    series = Series(key, sensor, provenance, Quantity.COUNTER, f"/sys/{sensor}/{device}{zone}", max_watts=1000.0)
    if counted is None:
        counted = is_node_part(key)
    reason = "the only sensor for it" if counted else "inside the package"
    return SeriesState(series, counted, reason, joules, watts, uncertainty_watts)


def sensor_state(sensor: str, status: str = "up", **rejected: int) -> SensorState:
    """One sensor's health, with a message and remedy unless it is up."""
    up = status == "up"
    return SensorState(
        sensor,
        status,
        message="" if up else f"{sensor} is {status}",
        remedy="" if up else f"grant access to {sensor}",
        read_seconds=0.00025 if up else None,
        last_success_wall=1_760_000_000.5 if up else None,
        rejected=rejected,
    )


def snapshot_of(
    series: Sequence[SeriesState],
    *,
    sensors: Sequence[SensorState] = (),
    usage: Sequence[UsageReading] = (),
    gpus: Sequence[Gpu] = (),
) -> Snapshot:
    """A snapshot whose node sums are those of its counted series."""
    counted = [state for state in series if state.counted]
    return Snapshot(
        wall=1_760_000_001.0,
        monotonic=5000.0,
        series=series,
        node_watts=sum(state.watts for state in counted if state.watts is not None) if counted else None,
        node_joules=sum(state.joules for state in counted) if counted else None,
        node_provenance=Provenance.MODELLED if counted else None,
        sensors=sensors,
        usage=usage,
        gpus=gpus,
    )


def full_snapshot(sockets: int = 2, gpus: int = 8) -> Snapshot:
    """A server with everything: sockets with zones, GPUs with usage, and sensors in every state of health."""
    cpus = [
        state
        for socket in map(str, range(sockets))
        for state in (
            series_state(Component.CPU, socket, "package", joules=262_143.328 + int(socket), watts=120.25),
            series_state(Component.CPU, socket, "core", joules=90_000.5, watts=80.125),
            series_state(Component.DRAM, socket, "dram", joules=12_345.75, watts=17.5),
        )
    ]
    identities = [gpu_identity(index) for index in range(gpus)]
    cards = [
        series_state(
            Component.GPU,
            identity.uuid,
            sensor="nvml",
            joules=7.5e6,
            watts=311.0625 + identity.index,
            uncertainty_watts=None,
        )
        for identity in identities
    ]
    platform = series_state(
        Component.PLATFORM, "acpi", sensor="hwmon", provenance=Provenance.INTEGRATED, watts=2900.0, joules=5e7
    )
    bare = snapshot_of(
        [*cpus, *cards, platform],
        sensors=(
            sensor_state("rapl"),
            sensor_state("nvml", lost=2, impossible=1),
            sensor_state("hwmon", "failing"),
            sensor_state("dimm", "denied"),
            sensor_state("replay", "absent"),
        ),
        usage=[*machine_usage(), *(reading for identity in identities for reading in gpu_usage(identity.uuid))],
        gpus=identities,
    )
    return Snapshot(
        wall=bare.wall,
        monotonic=bare.monotonic,
        series=bare.series,
        node_watts=bare.node_watts,
        node_joules=bare.node_joules,
        node_provenance=Provenance.MEASURED,
        sensors=bare.sensors,
        usage=bare.usage,
        gpus=bare.gpus,
        cpu=Cpus("Imaginary Xeon 8000", sockets, 64),
        idle={
            SeriesKey(Component.CPU, "0", "package"): IdleState(48.5, 0.5, "experiment", 60.0, 1_759_000_000.0),
            SeriesKey(Component.CPU, "0", "core"): IdleState(20.5, 0.5, "experiment", 60.0, 1_759_000_000.0),
        },
        counter_to_power={identity.uuid: 1.015625 for identity in identities[:1]},
        residuals={(Component.CPU, "0"): -0.125, (Component.DRAM, ""): 0.25},
        exporter_joules=3.25,
        bill=some_bill([identity.uuid for identity in identities]),
    )


def some_bill(gpus: Sequence[str]) -> BillState:
    """Every kind of line: pods with and without GPUs and names, a container, a service, a job, and what is folded."""
    return BillState(
        lines=[
            LineState(("kubernetes", "ml", "train-0", "trainer", ""), 9_000.5, 700.25, 6e6, 1_250.0),
            LineState(("kubernetes", "web", "shop-7d9f-x2", "nginx", ""), 120.5, 3.125, None, None),
            LineState(
                ("kubernetes", "", "0f3d2a1c-0000-4000-8000-000000000345", "4f1e2d3c4b5a", ""), 0.0, 0.0, None, None
            ),
            LineState(("containers", "", "", "9a8b7c6d5e4f", ""), 55.75, None, None, None),
            LineState(("systemd", "", "", "", "sshd.service"), 1.5, 0.25, None, None),
            LineState(("slurm", "", "", "", "job_42"), 2_000.0, 100.0, 500.5, 0.0),
            LineState(("containers", "", "", "other", ""), 77.0, 8.0, None, None),
        ],
        idle={Component.CPU: 150_000.0, Component.DRAM: 9_000.0, Component.GPU: 0.0},
        unattributed={Component.CPU: 100_000.5, Component.DRAM: 2_000.0, Component.GPU: 1e6},
        retired={Component.CPU: 1_234.5},
        gpu_methods=dict.fromkeys(gpus, "process_utilization"),
        counts={"running": 5, "finished": 1, "unmapped": 1, "folded": 3},
    )


def gpu_identity(index: int) -> Gpu:
    """The identity of one imaginary GPU."""
    return Gpu(f"GPU-{index:08d}", index, "Imaginary H100", "580.65", f"00000000:{index:02X}:00.0", 80 * 1024**3, 700.0)


def machine_usage() -> list[UsageReading]:
    """How busy the CPUs and the memory are."""
    return [
        UsageReading(Gauge.CPU_UTILIZATION, 0.4375),
        UsageReading(Gauge.MEMORY_UTILIZATION, 0.25),
        UsageReading(Gauge.TEMPERATURE, 61.5, "cpu", "0", "Package id 0"),
    ]


def gpu_usage(uuid: str) -> list[UsageReading]:
    """Every gauge of one GPU."""
    return [
        UsageReading(Gauge.GPU_UTILIZATION, 0.875, "gpu", uuid),
        UsageReading(Gauge.GPU_MEMORY_USED, 40.0 * 1024**3, "gpu", uuid),
        UsageReading(Gauge.GPU_MEMORY_TOTAL, 80.0 * 1024**3, "gpu", uuid),
        UsageReading(Gauge.GPU_POWER_LIMIT, 700.0, "gpu", uuid),
        UsageReading(Gauge.GPU_SM_CLOCK, 1.98e9, "gpu", uuid),
        UsageReading(Gauge.GPU_MEMORY_CLOCK, 2.619e9, "gpu", uuid),
        UsageReading(Gauge.GPU_THROTTLED, 1.0, "gpu", uuid, "power_cap"),
        UsageReading(Gauge.TEMPERATURE, 66.0, "gpu", uuid, "core"),
    ]


def some_figures() -> IntervalFigures:
    """Two jobs; one of them with a negative net energy."""
    counts = [0] * (len(NET_JOULES_BUCKETS) + 1)
    counts[3], counts[-1] = 2, 1
    negative = [0] * len(counts)
    negative[0] = 1
    return IntervalFigures(
        open=1,
        energy={
            ("resnet", "training", Component.CPU, Provenance.MEASURED): 5120.5,
            ("resnet", "training", Component.GPU, Provenance.MEASURED): 81_920.25,
        },
        ended={("resnet", "training", "finished"): 3, ("idle check", "", "truncated"): 1},
        net={
            ("resnet", "training"): NetHistogram(tuple(counts), 2e8),
            ("idle check", ""): NetHistogram(tuple(negative), -2.5),
        },
    )
