"""A device as its vendor sells it: what the catalogue knows of it, or what a person states."""

import math
from dataclasses import dataclass

from joulecast.errors import JoulecastError


@dataclass(frozen=True, slots=True)
class Device:
    """One accelerator, CPU socket or board. `None` is unknown, never zero."""

    name: str
    kind: str = "gpu"  # gpu, accelerator, cpu, board
    aliases: tuple[str, ...] = ()
    tdp_watts: float | None = None
    memory_bytes: float | None = None
    memory_bandwidth_bytes_per_second: float | None = None
    peak_flops_per_second: float | None = None  # dense 16-bit matrix rate, unless `notes` says otherwise
    idle_watts: float | None = None  # measured
    source: str = ""
    notes: str = ""


# The least that any device has, and what a person who gives less may have meant.
_LEAST = {
    "tdp_watts": (0.1, "watts"),
    "memory_bytes": (1e6, "bytes: 80 GB is 80e9"),
    "memory_bandwidth_bytes_per_second": (1e6, "bytes per second: 3.35 TB/s is 3.35e12"),
    "peak_flops_per_second": (1e6, "operations per second: 989 teraflops is 989e12"),
    "idle_watts": (0.0, "watts"),
}
_MOST_WATTS = 100_000.0


def device_given(
    *,
    name: str = "given",
    kind: str = "gpu",
    tdp_watts: float | None = None,
    memory_bytes: float | None = None,
    memory_bandwidth_bytes_per_second: float | None = None,
    peak_flops_per_second: float | None = None,
    idle_watts: float | None = None,
) -> Device:
    """A device a person describes by its figures. Raises JoulecastError naming the figure that cannot be right."""
    figures = {
        "tdp_watts": tdp_watts,
        "memory_bytes": memory_bytes,
        "memory_bandwidth_bytes_per_second": memory_bandwidth_bytes_per_second,
        "peak_flops_per_second": peak_flops_per_second,
        "idle_watts": idle_watts,
    }
    for figure, value in figures.items():
        if value is None:
            continue
        if not (math.isfinite(value) and value > 0):
            raise JoulecastError(f"{figure} is {value:g}", "give a positive number")
        least, unit = _LEAST[figure]
        if value < least or (unit == "watts" and value > _MOST_WATTS):
            raise JoulecastError(f"{figure} is {value:g}", f"give {unit}")
    return Device(
        name=name,
        kind=kind,
        tdp_watts=tdp_watts,
        memory_bytes=memory_bytes,
        memory_bandwidth_bytes_per_second=memory_bandwidth_bytes_per_second,
        peak_flops_per_second=peak_flops_per_second,
        idle_watts=idle_watts,
        source="given",
    )
