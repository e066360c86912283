"""A machine whose intervals are final a moment after their end: one package at 100 W, read twenty times a second.

Where a test is about what becomes of intervals, and not of how they are measured, it need not wait for a GPU's counter.
"""

from contextlib import closing
from pathlib import Path

from doubles.series import a_counter

from exporter.sensors.capture import CaptureWriter
from exporter.sensors.capture_format import Header
from exporter.sensors.sensor import Reading
from exporter.usage.host import Cpus

WATTS = 100.0
_STEP_SECONDS = 0.05
_PACKAGE = a_counter(
    source="/sys/class/powercap/intel-rapl:0/energy_uj",
    max_watts=500.0,
    resolution_joules=6.1e-5,
    update_seconds=0.001,
    relative_error=0.05,
)


def quick_machine(path: Path) -> Path:
    """Write ten seconds of it as a capture, which begins again when it is over."""
    header = Header(
        machine="a quick machine",
        recorded="2026-01-31T12:00:00+00:00",
        simulated=True,
        series=(_PACKAGE,),
        cpu=Cpus("Quick", 1, 8),
    )
    with closing(CaptureWriter(path, header)) as writer:
        for number in range(201):
            seconds = number * _STEP_SECONDS
            writer.write(seconds, [Reading(_PACKAGE, joules=round(WATTS * seconds, 6))], [])
    return path
