"""What a usage source is: utilisation, memory, temperatures and clocks, beside the power they explain."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class Gauge(StrEnum):
    """Quantities of usage, in base units: ratios 0..1, bytes, degrees Celsius, hertz, watts."""

    CPU_UTILIZATION = "cpu_utilization_ratio"  # mean over cores
    MEMORY_UTILIZATION = "memory_utilization_ratio"
    GPU_UTILIZATION = "gpu_utilization_ratio"
    GPU_MEMORY_USED = "gpu_memory_used_bytes"
    GPU_MEMORY_TOTAL = "gpu_memory_total_bytes"
    GPU_POWER_LIMIT = "gpu_power_limit_watts"
    GPU_SM_CLOCK = "gpu_sm_clock_hertz"
    GPU_MEMORY_CLOCK = "gpu_memory_clock_hertz"
    GPU_THROTTLED = "gpu_throttled"  # 1 while slowed; `detail` is the reason
    TEMPERATURE = "temperature_celsius"


@dataclass(frozen=True, slots=True)
class UsageReading:
    """One gauge of one device now. `component` is "cpu", "gpu", ...; `detail` tells two sensors of one device apart."""

    gauge: Gauge
    value: float
    component: str = ""
    device: str = ""
    detail: str = ""


class UsageSource(Protocol):
    """Something that can be asked how busy a part of the machine is."""

    name: str

    def read(self) -> Iterator[UsageReading]:
        """Everything known now; what cannot be read is simply not yielded. Never raises for a missing part."""
        ...
