"""Who used the machine of a capture, at the moment that its replay has come to, as if cgroups and driver told it."""

from bisect import bisect_right
from collections.abc import Mapping, Sequence

from exporter.sensors.capture import Capture
from exporter.sensors.capture_workloads import CapturedUse
from exporter.sensors.replay import ReplaySensor
from exporter.usage.evidence import (
    CgroupIdentity,
    CgroupUse,
    ContainerName,
    CpuUse,
    GpuHolder,
    GpuProcess,
    GpuUse,
    NamesFinding,
)


class ReplayEvidence:
    """The recorded CPU times, in straight lines between two moments; they go on over the rounds as counters do.

    Implements `CpuUseSource` and `Names`; `ReplayGpuUse` beside it tells the GPUs. A workload's number in the capture
    stands for its cgroup and for its processes.
    """

    def __init__(self, capture: Capture, sensor: ReplaySensor) -> None:
        """Of a capture that has workloads, played by that sensor."""
        header = capture.header
        self._sensor = sensor
        self._duration = capture.duration_seconds
        self._cpus = header.cpu.logical_cpus if header.cpu else 0
        self._gpus = header.gpus
        self._workloads = header.workloads
        first = capture.moments[0].seconds
        told = [(moment.seconds - first, moment.use) for moment in capture.moments if moment.use is not None]
        self._times = [seconds for seconds, _ in told]
        self._uses = [use for _, use in told]
        self._names = {one.identity: one.name for one in header.workloads if one.name is not None}
        self._holders = self._held()

    def read(self) -> CpuUse | None:
        """The CPU time by now; None of a capture that tells none."""
        if not self._uses or not self._cpus:
            return None
        rounds, seconds = divmod(self._sensor.position, self._duration)
        busy, *each = (
            now + rounds * (last - first)
            for now, first, last in zip(self._at(seconds), _row(self._uses[0]), _row(self._uses[-1]), strict=True)
        )
        groups = {
            number: CgroupUse(number, workload.identity, f"/{number}", cpu_seconds)
            for number, (workload, cpu_seconds) in enumerate(zip(self._workloads, each, strict=True))
        }
        return CpuUse(busy, self._cpus, groups)

    def cgroup_of(self, pid: int) -> CgroupIdentity | None:
        """The workload that a process of `gpus` stands for."""
        return self._workloads[pid].identity if 0 <= pid < len(self._workloads) else None

    def of_caller(self, cgroups: Sequence[object]) -> CgroupIdentity | None:  # noqa: ARG002
        """None: whoever calls runs on this machine, not on the recorded one."""
        return None

    def gpus(self) -> Sequence[GpuUse]:
        """Who was on the GPUs."""
        if not self._uses:
            return ()
        use = self._uses[max(0, bisect_right(self._times, self._sensor.position % self._duration) - 1)]
        return [
            GpuUse(
                self._gpus[one.gpu].uuid,
                [GpuProcess(number, utilization) for number, utilization in one.workloads],
                utilization=one.utilization,
            )
            for one in use.gpus
        ]

    def container(self, identity: CgroupIdentity) -> ContainerName | None:
        """The names in the capture."""
        return self._names.get(identity)

    def gpu_holders(self) -> Mapping[str, Sequence[GpuHolder]]:
        """Who was given each GPU."""
        return self._holders

    def findings(self) -> Sequence[NamesFinding]:
        """That names come from the capture."""
        return (NamesFinding("replay", "up", f"workloads in the capture: {len(self._workloads)}"),)

    def _at(self, seconds: float) -> Sequence[float]:
        index = max(0, bisect_right(self._times, seconds) - 1)
        before = _row(self._uses[index])
        if index + 1 == len(self._uses):
            return before
        begin, end = self._times[index], self._times[index + 1]
        part = min(1.0, max(0.0, (seconds - begin) / (end - begin)))
        return [old + part * (new - old) for old, new in zip(before, _row(self._uses[index + 1]), strict=True)]

    def _held(self) -> Mapping[str, Sequence[GpuHolder]]:
        held: dict[str, list[GpuHolder]] = {}
        for workload in self._workloads:
            name = workload.name
            if name is not None:
                for gpu in workload.gpus:
                    holder = GpuHolder(name.namespace, name.pod, name.container)
                    held.setdefault(self._gpus[gpu].uuid, []).append(holder)
        return held


class ReplayGpuUse:
    """Implements `GpuUseSource` on the same capture."""

    def __init__(self, evidence: ReplayEvidence) -> None:
        self._evidence = evidence

    def read(self) -> Sequence[GpuUse]:
        """Who was on the GPUs."""
        return self._evidence.gpus()


def _row(use: CapturedUse) -> Sequence[float]:
    return (use.busy_seconds, *use.cpu_seconds)
