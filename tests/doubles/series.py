"""Series for tests of the meters: only what a test names differs from an ordinary one."""

from dataclasses import replace
from typing import Any

from exporter.sensors.sensor import Quantity, Series
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

PACKAGE = SeriesKey(Component.CPU, "0", "package")
GPU = SeriesKey(Component.GPU, "GPU-0")


def a_counter(**fields: Any) -> Series:
    """A package counter that never wraps, of ideal resolution, bounded by 1000 W."""
    ordinary = Series(
        key=PACKAGE,
        sensor="rapl",
        provenance=Provenance.MEASURED,
        quantity=Quantity.COUNTER,
        source="a counter",
        max_watts=1000.0,
    )
    return replace(ordinary, **fields)


def a_power_sensor(**fields: Any) -> Series:
    """A socket's power meter, instantaneous, bounded by 1000 W."""
    ordinary = a_counter(
        sensor="hwmon", provenance=Provenance.INTEGRATED, quantity=Quantity.POWER, source="a power sensor"
    )
    return replace(ordinary, **fields)


def a_gpu(**fields: Any) -> Series:
    """A GPU with instantaneous power and a counter that ticks every 100 ms."""
    ordinary = a_counter(
        key=GPU,
        sensor="nvml",
        quantity=Quantity.COUNTER_AND_POWER,
        source="a counter and a power sensor",
        resolution_joules=1e-3,
        update_seconds=0.1,
    )
    return replace(ordinary, **fields)
