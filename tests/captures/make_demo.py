"""Writes the capture that `--replay demo` plays: one round of `joulecast demo` on a server that never existed.

    python tests/captures/make_demo.py exporter/sensors/captures/demo.jsonl.gz

Every figure comes from this script and one seed, so the file can be made again: the tests compare.
"""

import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from exporter.sensors.capture import CaptureWriter
from exporter.sensors.capture_format import Header
from exporter.sensors.capture_workloads import CapturedGpuUse, CapturedUse, CapturedWorkload
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.usage import SLOWDOWNS
from exporter.sensors.sensor import Quantity, Reading, Series
from exporter.usage.evidence import CgroupIdentity, ContainerName
from exporter.usage.host import Cpus
from exporter.usage.manager import Manager
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.demo.round import (
    CHAT_GPUS,
    CYCLE_SECONDS,
    HELD_GPUS,
    ROUND_SECONDS,
    SCORING_GPUS,
    TRAINING_GPUS,
    VALIDATION_SECONDS,
    in_cycle,
    is_busy,
    is_loading,
    is_scoring,
)
from joulecast.provenance import Provenance

SEED = 2025
PERIOD = 0.1
USAGE_EVERY = 10  # moments
RAPL_STEP = 2.0**-14  # joules
PACKAGE_RANGE = 262_143.328850
DRAM_RANGE = 65_712.999613
CPUS = 224
MEMORY_BYTES = 85_520_809_984
GPUS = [
    Gpu(
        uuid=f"GPU-00000000-5e7d-4d00-8000-00000000000{index}",
        index=index,
        model="NVIDIA H100 80GB HBM3 (simulated)",
        driver="570.00",
        pci_bus_id=f"00000000:{0x18 + 0x11 * index:02X}:00.0",
        memory_bytes=MEMORY_BYTES,
        power_limit_watts=700.0,
    )
    for index in range(8)
]


def pod(number: int, names: tuple[str, str, str], cpus: float, gpus: tuple[int, ...]) -> CapturedWorkload:
    """A container of the node, asking for so many CPUs and as much memory as goes with them."""
    identity = CgroupIdentity(Manager.KUBERNETES, f"00000000-5e7d-4d00-9000-00000000000{number}", f"{number:x}" * 64)
    return CapturedWorkload(identity, ContainerName(*names, cpus, cpus * 8 * 2**30), gpus)


WORKLOADS = [
    pod(1, ("serving", "chat-llama-8b", "vllm"), 32.0, CHAT_GPUS),
    pod(2, ("serving", "vision-scorer", "triton"), 16.0, SCORING_GPUS),
    pod(3, ("research", "resnet50-train", "trainer"), 96.0, TRAINING_GPUS),
    pod(4, ("research", "notebook-ada", "jupyter"), 8.0, HELD_GPUS),
    pod(5, ("monitoring", "vector-x7k2p", "vector"), 1.0, ()),
    CapturedWorkload(CgroupIdentity(Manager.SYSTEMD, unit="kubelet.service")),
    CapturedWorkload(CgroupIdentity(Manager.SYSTEMD, unit="containerd.service")),
]
BACKGROUND_CPUS = (0.0, 0.0, 0.0, 0.05, 0.4, 0.6, 0.3)  # whether the node works or not
KERNEL_CPUS = 0.9  # in nobody's cgroup


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the node is at one moment: busy CPUs by workload, GPUs by share of what they draw above idle."""

    cpus: tuple[float, ...]
    gpus: tuple[float, ...]
    gpu_memory: tuple[float, ...]

    @property
    def cpu(self) -> float:
        """Share of all CPUs that is busy."""
        return (sum(self.cpus) + KERNEL_CPUS) / CPUS


def load_at(seconds: float) -> Load:
    """The round of the demonstration: serving follows its requests, training loads, steps and validates."""
    if not is_busy(seconds):
        return Load(BACKGROUND_CPUS, (0.0,) * 8, (0.86,) * 4 + (0.22,) + (0.02,) * 2 + (0.07,))
    requests = 1.0 + 0.22 * math.sin(seconds / 9.0) + 0.10 * math.sin(seconds / 2.3)
    loading, scoring = is_loading(seconds), is_scoring(seconds)
    validating = in_cycle(seconds) >= CYCLE_SECONDS - VALIDATION_SECONDS
    step = 0.95 if math.fmod(seconds, 0.5) < 0.4 else 0.70
    training = 0.02 if loading else 0.60 if validating else step
    cpus = (22.0 * requests, 7.0 if scoring else 0.8, 76.0 if loading else 9.0, 0.0, 0.2, 0.6, 0.5)
    gpus = [0.0] * 8
    for index in CHAT_GPUS:
        gpus[index] = 0.58 * requests * (1.0 + 0.05 * math.sin(seconds * 1.7 + 2 * index))
    for index in SCORING_GPUS:
        gpus[index] = 0.66 if scoring else 0.04
    for index in TRAINING_GPUS:
        gpus[index] = training
    busy = tuple(one + other for one, other in zip(cpus, BACKGROUND_CPUS, strict=True))
    return Load(busy, tuple(gpus), (0.86,) * 4 + (0.22,) + (0.68,) * 2 + (0.07,))


@dataclass(slots=True)
class Part:
    """One series with its power model and its counter."""

    series: Series
    idle_watts: float
    swing_watts: float
    joules: float
    seconds_to_settle: float  # power follows load like a first-order lag: capacitors, clocks, heat
    watts: float = field(init=False)

    def __post_init__(self) -> None:
        self.watts = self.idle_watts

    def advance(self, load: float, random: Random) -> Reading:
        """One period later."""
        aim = self.idle_watts + self.swing_watts * load
        self.watts += (aim - self.watts) * (1 - math.exp(-PERIOD / self.seconds_to_settle))
        self.joules += max(0.0, self.watts * random.gauss(1.0, 0.01)) * PERIOD
        return self.reading()

    def reading(self) -> Reading:
        """What hardware would show now."""
        step = self.series.resolution_joules
        shown = math.floor(self.joules / step) * step
        if self.series.range_joules is not None:
            return Reading(self.series, joules=round(shown % self.series.range_joules, 6))
        return Reading(self.series, joules=round(shown, 3), watts=round(self.watts, 1))


def main(path: Path) -> None:
    """Write the capture."""
    random = Random(SEED)
    parts = list(make_parts())
    header = Header(
        machine="a server of 2 x Xeon Platinum 8480+ and 8 x H100 that does not exist",
        recorded="2025-01-01T00:00:00+00:00",
        simulated=True,
        series=[part.series for part in parts],
        gpus=GPUS,
        cpu=Cpus("Intel(R) Xeon(R) Platinum 8480+ (simulated)", 2, CPUS),
        workloads=WORKLOADS,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = CaptureWriter(path, header)
    tally = Tally()
    writer.write(0.0, [part.reading() for part in parts], usage_at(0.0, parts), tally.use())
    for tick in range(1, round(ROUND_SECONDS / PERIOD) + 1):
        seconds = tick * PERIOD
        load = load_at(seconds)
        tally.add(load)
        readings = [part.advance(share_of(part.series.key, load), random) for part in parts]
        if tick % USAGE_EVERY:
            writer.write(seconds, readings, [])
        else:
            writer.write(seconds, readings, usage_at(seconds, parts), tally.use())
    writer.close()


@dataclass(slots=True)
class Tally:
    """CPU seconds used so far, and how busy the GPUs were since the last look."""

    busy: float = 5_000_000.0
    cpus: list[float] = field(default_factory=lambda: [0.0] * len(WORKLOADS))
    gpus: list[float] = field(default_factory=lambda: [0.0] * len(GPUS))
    ticks: int = 0

    def add(self, load: Load) -> None:
        """One period more."""
        self.busy += (sum(load.cpus) + KERNEL_CPUS) * PERIOD
        self.cpus = [before + busy * PERIOD for before, busy in zip(self.cpus, load.cpus, strict=True)]
        self.gpus = [before + busy for before, busy in zip(self.gpus, load.gpus, strict=True)]
        self.ticks += 1

    def use(self) -> CapturedUse:
        """What cgroups and the driver would tell now."""
        shares = [utilization_of(busy / max(1, self.ticks)) for busy in self.gpus]
        owners = {gpu: number for number, workload in enumerate(WORKLOADS) for gpu in workload.gpus}
        self.gpus, self.ticks = [0.0] * len(GPUS), 0
        return CapturedUse(
            round(self.busy, 2),
            tuple(round(seconds, 2) for seconds in self.cpus),
            tuple(
                CapturedGpuUse(gpu, share, ((owners[gpu], share),) if share else ()) for gpu, share in enumerate(shares)
            ),
        )


def share_of(key: SeriesKey, load: Load) -> float:
    """Of what that part can draw above its idle power."""
    if key.component is Component.GPU:
        return load.gpus[int(key.device[-1])]
    return load.cpu if key.component is Component.CPU else min(1.0, 0.05 + 1.3 * load.cpu)


def utilization_of(share: float) -> float:
    """As the driver tells it: the share of time in which anything ran, which is more than the share of power."""
    return min(1.0, round(share * 1.35, 2))


def make_parts() -> Iterator[Part]:
    """Two packages, the first of which wraps early in the round; their memory; eight GPUs."""
    for socket in range(2):
        start = PACKAGE_RANGE - 7_000 if socket == 0 else 180_000.0
        yield Part(rapl("package", socket, PACKAGE_RANGE, 700.0, 0.10), 98.0 + 4 * socket, 330.0, start, 0.05)
    for socket in range(2):
        yield Part(rapl("dram", socket, DRAM_RANGE, 200.0, 0.10), 14.0, 22.0, 20_000.0 + 7 * socket, 0.05)
    for gpu in GPUS:
        series = Series(
            key=SeriesKey(Component.GPU, gpu.uuid),
            sensor="nvml",
            provenance=Provenance.MEASURED,
            quantity=Quantity.COUNTER_AND_POWER,
            source="nvmlDeviceGetTotalEnergyConsumption + NVML_FI_DEV_POWER_INSTANT",
            max_watts=1050.0,
            resolution_joules=0.001,
            update_seconds=0.1,
            relative_error=0.05,
        )
        yield Part(series, 71.0 + 3 * gpu.index, 610.0, 3_000_000.0 + 1_234 * gpu.index, 0.12)


def rapl(zone: str, socket: int, range_joules: float, max_watts: float, relative_error: float) -> Series:
    """A RAPL counter as Linux shows it."""
    component = Component.CPU if zone == "package" else Component.DRAM
    file = f"intel-rapl:{socket}" if zone == "package" else f"intel-rapl:{socket}/intel-rapl:{socket}:0"
    return Series(
        key=SeriesKey(component, str(socket), zone),
        sensor="rapl",
        provenance=Provenance.MEASURED,
        quantity=Quantity.COUNTER,
        source=f"/sys/class/powercap/{file}/energy_uj",
        max_watts=max_watts,
        range_joules=range_joules,
        resolution_joules=RAPL_STEP,
        update_seconds=0.001,
        relative_error=relative_error,
    )


def usage_at(seconds: float, parts: list[Part]) -> Iterator[UsageReading]:
    """What the operating system and the driver would say."""
    load = load_at(seconds)
    yield UsageReading(Gauge.CPU_UTILIZATION, round(load.cpu, 4), "cpu")
    yield UsageReading(Gauge.MEMORY_UTILIZATION, round(0.08 + 0.5 * load.cpu, 3), "dram")
    for part in parts:
        component, device, zone = part.series.key
        if component is Component.CPU and zone == "package":
            yield UsageReading(Gauge.TEMPERATURE, round(32 + part.watts / 12), "cpu", device, "package")
        if component is Component.GPU:
            share, memory = load.gpus[int(device[-1])], load.gpu_memory[int(device[-1])]
            gauges = {
                Gauge.GPU_UTILIZATION: utilization_of(share),
                Gauge.GPU_MEMORY_USED: round(memory * MEMORY_BYTES),
                Gauge.GPU_MEMORY_TOTAL: MEMORY_BYTES,
                Gauge.GPU_SM_CLOCK: 1.98e9 if share > 0.01 else 0.345e9,
                Gauge.GPU_MEMORY_CLOCK: 2.619e9,
                Gauge.GPU_POWER_LIMIT: 700.0,
                Gauge.TEMPERATURE: round(30 + part.watts / 18),
            }
            for gauge, value in gauges.items():
                detail = "core" if gauge is Gauge.TEMPERATURE else ""
                yield UsageReading(gauge, float(value), "gpu", device, detail)
            for reason in SLOWDOWNS:
                yield UsageReading(Gauge.GPU_THROTTLED, 0.0, "gpu", device, reason)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
