"""The machine that the exporter is measured on: two burning sockets with DRAM and eight GPUs, all of them simulated.

The exporter itself is real: the installed command, in a process of its own, with default settings.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from doubles.burning import BurningTree, Wave
from doubles.exporter_process import ExporterProcess
from doubles.fake_nvml import FakeNvml
from doubles.sysfs import PowercapTree

GPUS = 8
WAVES = {
    "package-0": Wave(80.0, 240.0, 0.74),
    "package-0/dram": Wave(20.0),
    "package-1": Wave(100.0),
    "package-1/dram": Wave(10.0),
}
# The counters' writer shares the machine with what is measured: ten times slower than RAPL, it takes little of it.
TICK_SECONDS = 0.01


@contextmanager
def exporter_on_simulated_server(*flags: str) -> Iterator[ExporterProcess]:
    """A ready exporter on the simulated server."""
    with tempfile.TemporaryDirectory(prefix="joulecast-bench-") as name:
        directory = Path(name)
        tree = PowercapTree.server(directory / "sys", sockets=2)
        with FakeNvml.build(directory) as nvml, BurningTree(tree, WAVES, tick_seconds=TICK_SECONDS):
            for _ in range(GPUS):
                nvml.add(watts=90.0)
            flags = ("--sysfs", str(tree.sysfs), *flags)
            with ExporterProcess(directory, *flags, environment=nvml.environment()) as exporter:
                yield exporter
