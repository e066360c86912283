"""Power by a trained model, from how busy CPUs and GPUs are: for machines without sensors, and beside those that have.

The one door to the predictor: its artifacts are evaluated in this process, in plain Python, unless a predictor is
asked over gRPC. Where something better measures the same, these series run in its shadow and are compared with it.
What finished workloads are estimated to take goes through here too; that is no series, only an answer.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from exporter.sensors.estimator import Band, Estimator
from exporter.sensors.full_power import FullPower, Sockets, find_sockets, mean, utilization_by_socket
from exporter.sensors.identity import KnownSeries
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.usage import NvmlUtilization
from exporter.sensors.power_question import NAME, PowerQuestion, pose
from exporter.sensors.sensor import Missed, Reading, SensorAbsent, SensorFailed, Series
from exporter.usage.cpu_time import CpuTimeReader
from exporter.usage.host import cpu_signature, memory_bytes
from exporter.usage.patience import PatientSource
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError

if TYPE_CHECKING:
    from predictor.estimate import Question
    from predictor.planning.source import Source
    from predictor.planning.workload import WorkloadEstimate

CPU_MODEL, DRAM_MODEL, GPU_MODEL = "node-power-cpu", "node-power-dram", "node-power-gpu"
CPU_GAUGE, GPU_GAUGE = "cpu_utilization_ratio", "gpu_utilization_ratio"
# Drivers sample utilisation over up to a second; asking more often only keeps them awake.
GPU_SECONDS = 1.0
VENDORS = ("AMD", "Intel", "Ampere")
# A part that stands for an unknown one may have half or twice its TDP.
STAND_IN_RELATIVE_ERROR = 0.5


class PackagedEstimator:
    """The artifacts that come with this version, or those of a directory."""

    def __init__(self, directory: Path | None = None) -> None:
        try:
            from predictor.artifact import PACKAGED, artifact_paths
            from predictor.lasso_model import load_model
        except ImportError as error:
            raise SensorAbsent("the predictor is not installed", "install joulecast as a whole") from error
        models = [load_model(path) for path in artifact_paths(directory or PACKAGED) if _is_node_power(path)]
        self.source = "node-power models of this version" if directory is None else f"models in {directory}"
        self._models = {model.artifact.name: model for model in models}

    def watts(self, model: str, numbers: Mapping[str, float], names: Mapping[str, str]) -> Band:
        """Evaluate here and now."""
        found = self._models.get(model)
        if found is None:
            raise SensorAbsent(f"no artifact {model}", "install joulecast anew, or name a predictor: --predictor")
        power = found.estimate(numbers, names, contributions=False).power_watts
        if power is None or not power.value > 0:
            raise SensorFailed(f"{model} gave no power")
        return Band(power.value, power.p10, power.p90)

    def close(self) -> None:
        """Nothing is held open."""


def _is_node_power(path: Path) -> bool:
    return path.name.startswith("node-power_")


def tdp_named(model: str) -> float | None:
    """The TDP of a CPU or GPU by its name, from the predictor's catalogue; None for an unknown one."""
    try:
        from predictor.hardware.catalogue import device_named

        return device_named(model).tdp_watts
    except (ImportError, JoulecastError):
        return None


def year_named(model: str, procfs: Path) -> float | None:
    """When a CPU came to market, by its name or by CPUID; None if neither tells."""
    try:
        from predictor.node_power.generations import year_of
    except ImportError:
        return None
    return year_of(model, *cpu_signature(procfs))


def workload_estimate(
    labels: Mapping[str, str],
    counts: Mapping[str, float],
    seconds: float,
    *,
    gpus: Sequence[str] = (),
    cpu_utilization_ratio: float | None = None,
    gpu_utilization_ratio: float | None = None,
) -> "WorkloadEstimate | None":
    """What such work takes by a packaged model; `gpus` are the models of those it had.

    None where too little is known of it. Raises JoulecastError for characteristics that cannot be.
    """
    try:
        from predictor.planning.workload import Workload, estimate_workload
    except ImportError:
        return None
    device = gpus[0] if len(set(gpus)) == 1 else ""
    work = Workload(labels, counts, seconds, device, len(gpus) or None, cpu_utilization_ratio, gpu_utilization_ratio)
    return estimate_workload(work, _workload_source)


@cache
def _workload_source(question: "Question") -> "Source":
    from predictor.planning.source import local_source

    return local_source(question)


class PredictedSensor:
    """Each socket (of a virtual machine: its share), main memory, and each GPU that tells its utilisation."""

    name = NAME

    def __init__(
        self,
        procfs: Path,
        sysfs: Path,
        estimator: Estimator | None = None,
        *,
        library: NvmlLibrary | None = None,
        tdp_watts: float | None = None,
    ) -> None:
        """`estimator` is this version's own models unless given; `library` lists the GPUs, if there are any to ask."""
        self._procfs = procfs
        self._sysfs = sysfs
        self._given = estimator
        self._estimator = estimator
        self._library = library
        self._busy = PatientSource(NvmlUtilization(library)) if library is not None else None
        self._tdp_watts = tdp_watts
        self._cpu_time = CpuTimeReader(procfs)
        self._sockets = Sockets("", {}, {})
        self._cpus: dict[int, PowerQuestion] = {}
        self._memory: PowerQuestion | None = None
        self._gpus: dict[str, PowerQuestion] = {}
        self._gpus_read = float("-inf")
        self._known = KnownSeries()

    def discover(self) -> Sequence[Series]:
        """What can be estimated. Raises SensorAbsent without models or /proc/stat, SensorFailed for no answer."""
        try:
            self._cpu_time.shares()  # also the baseline of the first reading
        except OSError as failure:
            raise SensorAbsent(f"{self._procfs / 'stat'}: {failure.strerror}") from failure
        if self._estimator is None:
            self._estimator = self._given or PackagedEstimator()
        try:
            self._find(self._estimator)
        except SensorFailed:
            if not self._cpus:
                raise
            # The machine is what it was; whoever did not answer just now is asked again at the next reading.
        questions = [*self._cpus.values(), *([self._memory] if self._memory else []), *self._gpus.values()]
        if not questions:
            raise SensorAbsent(f"{self._procfs / 'cpuinfo'} names no CPU")
        return tuple(each.series for each in questions)

    def caveats(self) -> Sequence[JoulecastError]:
        """None: what there is to know is in the note of each series."""
        return ()

    def read(self, now: float) -> Iterator[Reading | Missed]:
        """Power by the mean utilisation since the last read; nothing at the first one, or when no tick has passed."""
        estimator = self._estimator
        if estimator is None:
            raise SensorFailed("the models have not been loaded")
        try:
            shares = self._cpu_time.shares()
        except OSError as failure:
            raise SensorFailed(f"{self._procfs / 'stat'}: {failure.strerror}") from failure
        for socket, utilization in utilization_by_socket(self._sockets, shares).items():
            yield _reading(estimator, self._cpus[socket], utilization)
        if shares and self._memory is not None:
            yield _reading(estimator, self._memory, mean(list(shares.values())))
        if self._gpus and self._busy is not None and now - self._gpus_read >= 0.9 * GPU_SECONDS:
            self._gpus_read = now
            told = {each.device: each.value for each in self._busy.read()}
            for uuid, question in self._gpus.items():
                if uuid in told:
                    yield _reading(estimator, question, told[uuid])
                else:
                    yield Missed(question.series, "lost", f"GPU {uuid} does not tell its utilisation")

    def close(self) -> None:
        """Let the predictor go."""
        if self._estimator is not None:
            self._estimator.close()

    def _find(self, estimator: Estimator) -> None:
        """Pose the questions, all or none of them."""
        sockets = find_sockets(self._procfs, self._sysfs, tdp_watts=self._tdp_watts, tdp_of=tdp_named)
        year = year_named(sockets.model, self._procfs)
        cpus = {
            socket: self._cpu(estimator, sockets.model, str(socket), full, year)
            for socket, full in sockets.full.items()
        }
        size = memory_bytes(self._procfs)
        memory = self._dram(estimator, float(size)) if size else None
        gpus = dict(self._found_gpus(estimator))
        self._sockets, self._cpus, self._memory, self._gpus = sockets, cpus, memory, gpus

    def _cpu(self, estimator: Estimator, model: str, device: str, full: FullPower, year: float | None) -> PowerQuestion:
        vendor = next((name for name in VENDORS if name.lower() in model.lower()), "")
        numbers = {"device_tdp_watts": full.part_watts, "cpu_cores": max(1.0, full.part_threads / 2)}
        if year is not None:
            numbers["cpu_year"] = year
        return self._settled(
            pose(
                estimator,
                SeriesKey(Component.CPU, device, "package"),
                CPU_MODEL,
                CPU_GAUGE,
                numbers=numbers,
                names={"cpu_vendor": vendor} if vendor else {},
                note=full.note,
                share=full.share,
                further_error=0.0 if full.is_known else STAND_IN_RELATIVE_ERROR,
            )
        )

    def _dram(self, estimator: Estimator, size: float) -> PowerQuestion:
        note = f"{size / 2**30:.3g} GiB, by size and CPU utilisation"
        key = SeriesKey(Component.DRAM, "dimms")
        return self._settled(
            pose(estimator, key, DRAM_MODEL, CPU_GAUGE, numbers={"host_memory_bytes": size}, names={}, note=note)
        )

    def _found_gpus(self, estimator: Estimator) -> Iterator[tuple[str, PowerQuestion]]:
        if self._library is None or self._busy is None:
            return
        told = {each.device for each in self._busy.read()}
        for device in self._library.devices:
            gpu = device.gpu
            tdp = tdp_named(gpu.model) or gpu.power_limit_watts
            if gpu.uuid in told and tdp is not None:
                note = f"{gpu.model}: {tdp:g} W, by utilisation"
                key = SeriesKey(Component.GPU, gpu.uuid)
                question = pose(
                    estimator,
                    key,
                    GPU_MODEL,
                    GPU_GAUGE,
                    numbers={"device_tdp_watts": tdp},
                    names={"device": gpu.model},
                    note=note,
                )
                yield gpu.uuid, self._settled(question)

    def _settled(self, question: PowerQuestion) -> PowerQuestion:
        """With the series that was handed out before for the same source, if nothing about it has changed."""
        return replace(question, series=self._known.settle(question.series))


def _reading(estimator: Estimator, question: PowerQuestion, utilization: float) -> Reading:
    try:
        return Reading(question.series, watts=question.watts(estimator, utilization))
    except SensorAbsent as gone:  # it was there when we were discovered
        raise SensorFailed(gone.problem, gone.remedy) from gone
