"""What it costs to say whose joules: one step per second over every pod, the scrape that shows it, and the memory.

Two sockets with DRAM and eight GPUs with four pods on each; every pod uses CPU time in every step. Steps are CPU time
of the thread that makes them, which other programs on the machine lengthen less. Cgroups are files, the GPUs' driver is
a real library with nothing behind it.
"""

import dataclasses
import gc
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from doubles.clock import FakeClock
from doubles.exporter_process import ExporterProcess
from doubles.fake_nvml import FakeNvml
from doubles.kubelet import Kubelet
from doubles.snapshots import full_snapshot, series_state, some_figures
from doubles.sysfs import PowercapTree
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from bench.crowded_node import GPUS, PODS_ON_EACH_GPU, CrowdedNode
from bench.figure import Figure, run
from bench.process import cpu_seconds, resident_megabytes
from bench.scrape import static_registry
from bench.turns import in_turns
from exporter.attribution.attribution import Attribution
from exporter.attribution.bill import Bill
from exporter.attribution.checkpoint import Checkpoint
from exporter.kubernetes.access import kubelet_access
from exporter.kubernetes.names import KubernetesNames
from exporter.metering.snapshot import BillState, IdleState, SeriesState
from exporter.metrics.site import Site
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.processes import NvmlProcesses
from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import CgroupIdentity, CpuUse, CpuUseSource, GpuUse, GpuUseSource, NoNames, SeenCgroup
from joulecast.clock import SystemClock
from joulecast.component import Component, SeriesKey

PODS, MANY_PODS = 500, 2000
STEPS = 60
WARM_UP = 10

STEP_LIMIT = 5.0
SCRAPE_LIMIT = 1.5
MEMORY_LIMIT = 120.0
# Cost per pod at 2,000 pods by that at 500; what is there without any pod makes it less, caches that overflow more.
LINEAR_LIMIT = 1.25
WATCHED_SECONDS = 20.0


class StoppedWatch:
    """Adds up the CPU time of what is called through it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def time(self, call: Callable[[], object]) -> object:
        """Call it, and count it."""
        begin = time.thread_time()
        answer = call()
        self.seconds += time.thread_time() - begin
        return answer


class TimedCpuUse:
    """Implements `CpuUseSource`: the real reader, with what it takes told apart."""

    def __init__(self, source: CpuUseSource, watch: StoppedWatch) -> None:
        self._source, self._watch = source, watch

    def read(self) -> CpuUse | None:
        """Read, timed."""
        return self._watch.time(self._source.read)  # type: ignore[return-value]

    def cgroup_of(self, pid: int) -> CgroupIdentity | None:
        """Where a process runs, timed."""
        return self._watch.time(lambda: self._source.cgroup_of(pid))  # type: ignore[return-value]

    def of_caller(self, cgroups: Sequence[SeenCgroup]) -> CgroupIdentity | None:
        """Whose container somebody is in; nobody asks here."""
        return self._source.of_caller(cgroups)


class TimedGpuUse:
    """Implements `GpuUseSource` likewise."""

    def __init__(self, source: GpuUseSource, watch: StoppedWatch) -> None:
        self._source, self._watch = source, watch

    def read(self) -> Sequence[GpuUse]:
        """Read, timed."""
        return self._watch.time(self._source.read)  # type: ignore[return-value]


@dataclass(frozen=True)
class Steps:
    """What steps over so many pods took, in milliseconds, and the bill after the last."""

    without_reading: float
    with_reading: float
    bill: BillState


def steps(pods: int) -> Steps:
    """The median of many steps: evidence, split, bill, and what is kept of it for a restart."""
    with tempfile.TemporaryDirectory(prefix="joulecast-bench-") as name, FakeNvml.build(Path(name)) as nvml:
        nvml.use_here()
        node = CrowdedNode(Path(name), pods, nvml)
        library = NvmlLibrary()
        library.open()
        with Kubelet() as kubelet:
            kubelet.show(node.pods())
            kubelet.token = None
            names = KubernetesNames(kubelet_access(kubelet.endpoint, service_account=Path(name)))
            return measured_steps(node, library, names)


def measured_steps(node: CrowdedNode, library: NvmlLibrary, names: KubernetesNames) -> Steps:
    """The steps themselves."""
    reading, clock = StoppedWatch(), FakeClock()
    bill = Bill(ttl_seconds=600.0, max_lines=10_000)
    cgroups = CgroupReader(node.sysfs / "fs" / "cgroup", node.proc.procfs)
    attribution = Attribution(
        bill,
        clock,
        cpu=TimedCpuUse(cgroups, reading),
        gpu=TimedGpuUse(NvmlProcesses(library), reading),
        names=names,
    )
    checkpoint = Checkpoint(bill)
    names.look()
    gpus = [device.gpu.uuid for device in library.devices]
    idle = {
        state.series.key: IdleState(50.0, 1.0, "experiment", 60.0, 0.0) for state in states(gpus, 0, clock.monotonic())
    }
    without, with_reading = [], []
    shown = None
    for number in range(WARM_UP + STEPS):
        node.work()
        clock.advance(1.0)
        now = states(gpus, number, clock.monotonic())
        read_before, begin = reading.seconds, time.thread_time()
        shown = attribution.step(now, idle)
        checkpoint.pack()
        took = time.thread_time() - begin
        with_reading.append(took)
        without.append(took - (reading.seconds - read_before))
    cgroups.close()
    library.close()
    assert shown is not None
    assert shown.counts["running"] == len(node.names), shown.counts
    assert sum(bool(line.gpu) for line in shown.lines) == GPUS * PODS_ON_EACH_GPU
    assert all(line.cpu for line in shown.lines)
    return Steps(statistics.median(without[WARM_UP:]) * 1e3, statistics.median(with_reading[WARM_UP:]) * 1e3, shown)


_SERIES: dict[SeriesKey, SeriesState] = {}


def states(gpus: Sequence[str], step: int, now: float) -> list[SeriesState]:
    """Two sockets with DRAM, and GPUs, each of which gained some joules."""
    parts = [(Component.CPU, socket, "package") for socket in "01"] + [(Component.DRAM, s, "dram") for s in "01"]
    parts += [(Component.GPU, uuid, "") for uuid in gpus]
    moved = []
    for component, device, zone in parts:
        key = SeriesKey(component, device, zone)
        first = _SERIES.setdefault(key, series_state(component, device, zone))
        front = now - (0.6 if component is Component.GPU else 0.01)
        moved.append(dataclasses.replace(first, joules=200.0 * step, front=front, observed=front))
    return moved


def bare_reads() -> float:
    """Milliseconds that the kernel takes here for one read of a small file for each pod, and nothing else."""
    with tempfile.TemporaryFile() as file:
        file.write(b"usage_usec 123456789\n")
        file.flush()
        taken = []
        for _ in range(STEPS):
            begin = time.thread_time()
            for _ in range(PODS):
                os.pread(file.fileno(), 4096, 0)
            taken.append(time.thread_time() - begin)
    return statistics.median(taken) * 1e3


def step_without_evidence() -> float:
    """Microseconds of a step on a machine that tells nobody's names, as a played one."""
    attribution = Attribution(
        Bill(ttl_seconds=600.0, max_lines=1000), SystemClock(), cpu=None, gpu=None, names=NoNames()
    )
    gpus = [f"GPU-{index}" for index in range(GPUS)]
    moments = [states(gpus, number, float(number)) for number in range(200)]
    begin = time.thread_time()
    for moment in moments:
        attribution.step(moment, {})
    return (time.thread_time() - begin) / len(moments) * 1e6


def scrape_figures(bill: BillState) -> list[Figure]:
    """A scrape of a new snapshot with that bill against `generate_latest` over as many samples that stand still."""
    snapshot, figures = dataclasses.replace(full_snapshot(sockets=2, gpus=GPUS), bill=bill), some_figures()
    site = Site(latest=lambda: snapshot, figures=lambda: figures)
    text = site.answer("/metrics").body.decode()
    families = [family for family in text_string_to_metric_families(text) if not family.name.startswith("process_")]
    static = static_registry(families)

    def scrape() -> None:
        nonlocal snapshot
        snapshot = dataclasses.replace(snapshot, wall=snapshot.wall + 1, bill=dataclasses.replace(bill))
        site.answer("/metrics")

    compared = in_turns(scrape, lambda: generate_latest(static), rounds=4, pairs=20, warm_up=5)
    return [
        Figure(f"a scrape with {PODS} pods / as many static samples", compared.ratio, "x", SCRAPE_LIMIT),
        Figure("samples in it", sum(len(family.samples) for family in families), ""),
    ]


def exporter_figures() -> list[Figure]:
    """The real command on that node, scraped every second."""
    with tempfile.TemporaryDirectory(prefix="joulecast-bench-") as name:
        directory = Path(name)
        with FakeNvml.build(directory) as nvml, Kubelet() as kubelet:
            node = CrowdedNode(directory, PODS, nvml)
            PowercapTree.server(node.sysfs, sockets=2)
            kubelet.show(node.pods())
            kubelet.token = None
            flags = ("--sysfs", str(node.sysfs), "--procfs", str(node.proc.procfs), "--kubelet", str(kubelet.endpoint))
            environment = nvml.environment()
            with ExporterProcess(directory, *flags, environment=environment) as exporter:
                exporter.until(lambda: (exporter.metrics().value("joulecast_workloads", state="running") or 0) >= PODS)
                cpu, begin = cpu_seconds(exporter.pid), time.monotonic()
                while time.monotonic() - begin < WATCHED_SECONDS:
                    node.work()
                    exporter.scrape()
                    time.sleep(1.0)
                percent = 100 * (cpu_seconds(exporter.pid) - cpu) / (time.monotonic() - begin)
                return [
                    Figure(
                        f"memory of the exporter, {PODS} pods", resident_megabytes(exporter.pid), "MB", MEMORY_LIMIT
                    ),
                    Figure("CPU of it, scraped every second", percent, "%"),
                ]


def measure() -> list[Figure]:
    """Steps at 500 and 2,000 pods, the scrape, the process."""
    few = steps(PODS)
    gc.collect()
    many = steps(MANY_PODS)
    ratio = (many.without_reading / MANY_PODS) / (few.without_reading / PODS)
    reading_ratio = (many.with_reading / MANY_PODS) / (few.with_reading / PODS)
    return [
        Figure(f"a step over {PODS} pods, {GPUS} GPUs, without reading", few.without_reading, "ms", STEP_LIMIT),
        Figure("the same with reading of cgroups and GPUs", few.with_reading, "ms", STEP_LIMIT),
        Figure(f"a step over {MANY_PODS} pods, without reading", many.without_reading, "ms"),
        Figure("the same with reading", many.with_reading, "ms"),
        Figure(f"cost per pod, {MANY_PODS} pods / {PODS} pods", ratio, "x", LINEAR_LIMIT),
        Figure("the same with reading", reading_ratio, "x", LINEAR_LIMIT),
        Figure(f"{PODS} bare reads of a small file, for comparison", bare_reads(), "ms"),
        Figure("a step where there is no evidence", step_without_evidence(), "us"),
        *scrape_figures(few.bill),
        *exporter_figures(),
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
