"""Writes the capture that `--replay demo` plays: a simulated training run on a server that never existed.

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
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.sensor import Quantity, Reading, Series
from exporter.usage.host import Cpus
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

SEED = 2025
SECONDS = 120
PERIOD = 0.1
RAPL_STEP = 2.0**-14  # joules
PACKAGE_RANGE = 262_143.328850
DRAM_RANGE = 65_712.999613
GPUS = [
    Gpu(
        uuid=f"GPU-00000000-5e7d-4d00-8000-00000000000{index}",
        index=index,
        model="NVIDIA H100 80GB HBM3 (simulated)",
        driver="570.00",
        pci_bus_id=f"00000000:{0x18 + 0x11 * index:02X}:00.0",
        memory_bytes=85_520_809_984,
        power_limit_watts=700.0,
    )
    for index in range(2)
]


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the machine is at one moment: shares of what each part can draw above its idle power."""

    cpu: float
    dram: float
    gpu: float
    gpu_memory: float


def load_at(seconds: float) -> Load:
    """One run: idle, loading data, three epochs with validation between them, a checkpoint, idle."""
    if seconds < 10 or seconds >= 108:
        return Load(0.02, 0.05, 0.0, 0.01)
    if seconds < 22:
        return Load(0.62, 0.55, 0.02, 0.12)
    if seconds >= 100:
        return Load(0.28, 0.40, 0.06, 0.68)
    epoch_seconds = (seconds - 22) % 26
    if epoch_seconds >= 23:
        return Load(0.20, 0.30, 0.45, 0.55)
    step = math.fmod(epoch_seconds, 0.5)
    return Load(0.24, 0.45, 0.95 if step < 0.4 else 0.55, 0.68)


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
        machine="a server of 2 x Xeon Platinum 8480+ and 2 x H100 that does not exist",
        recorded="2025-01-01T00:00:00+00:00",
        simulated=True,
        series=[part.series for part in parts],
        gpus=GPUS,
        cpu=Cpus("Intel(R) Xeon(R) Platinum 8480+ (simulated)", 2, 224),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = CaptureWriter(path, header)
    writer.write(0.0, [part.reading() for part in parts], usage_at(0.0, parts))
    for tick in range(1, round(SECONDS / PERIOD) + 1):
        seconds = tick * PERIOD
        load = load_at(seconds)
        shares = {Component.CPU: load.cpu, Component.DRAM: load.dram, Component.GPU: load.gpu}
        readings = [part.advance(shares[part.series.key.component], random) for part in parts]
        writer.write(seconds, readings, usage_at(seconds, parts) if tick % 10 == 0 else [])
    writer.close()


def make_parts() -> Iterator[Part]:
    """Two packages, the first of which wraps at a third of the run; their memory; two GPUs."""
    for socket in range(2):
        start = PACKAGE_RANGE - 7_000 if socket == 0 else 180_000.0
        yield Part(rapl("package", socket, PACKAGE_RANGE, 700.0, 0.10), 98.0 + 4 * socket, 265.0, start, 0.05)
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
    yield UsageReading(Gauge.CPU_UTILIZATION, load.cpu, "cpu")
    yield UsageReading(Gauge.MEMORY_UTILIZATION, round(0.08 + 0.3 * load.dram, 3), "dram")
    for part in parts:
        device, watts = part.series.key.device, part.watts
        if part.series.key.component is Component.CPU and part.series.key.zone == "package":
            yield UsageReading(Gauge.TEMPERATURE, round(32 + watts / 12), "cpu", device, "package")
        if part.series.key.component is Component.GPU:
            gauges = {
                Gauge.GPU_UTILIZATION: min(1.0, round(load.gpu * 1.04, 2)),
                Gauge.GPU_MEMORY_USED: round(load.gpu_memory * 85_520_809_984),
                Gauge.GPU_MEMORY_TOTAL: 85_520_809_984,
                Gauge.GPU_SM_CLOCK: 1.98e9 if load.gpu > 0.01 else 0.345e9,
                Gauge.GPU_MEMORY_CLOCK: 2.619e9,
                Gauge.GPU_POWER_LIMIT: 700.0,
                Gauge.TEMPERATURE: round(30 + watts / 18),
            }
            for gauge, value in gauges.items():
                detail = "core" if gauge is Gauge.TEMPERATURE else ""
                yield UsageReading(gauge, float(value), "gpu", device, detail)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
