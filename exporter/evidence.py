"""What attribution goes by on this machine: its cgroups, its GPUs' processes, and its kubelet where there is one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporter.kubernetes.access import KubeletAccess
from exporter.kubernetes.names import KEEP_SECONDS, KubernetesNames, kubernetes_names
from exporter.sensors.capture import Capture
from exporter.sensors.inventory import Inventory
from exporter.sensors.nvml.processes import NvmlProcesses
from exporter.sensors.replay import ReplaySensor
from exporter.sensors.replay_evidence import ReplayEvidence, ReplayGpuUse
from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import CgroupIdentity, CpuUseSource, GpuUseSource, Names, NoNames, SeenCgroup
from exporter.usage.patience import PatientGpuUse
from joulecast.clock import Clock


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sources of it; None where there is nothing to ask."""

    cpu: CpuUseSource | None = None
    gpu: GpuUseSource | None = None
    names: Names = field(default_factory=NoNames)

    def of_caller(self, cgroups: Sequence[SeenCgroup]) -> CgroupIdentity | None:
        """Whose container somebody is in; None if nobody can tell."""
        return None if self.cpu is None else self.cpu.of_caller(cgroups)

    def start(self) -> None:
        """Begin to ask for names."""
        if isinstance(self.names, KubernetesNames):
            self.names.start()

    def close(self) -> None:
        """Let go of everything."""
        if isinstance(self.names, KubernetesNames):
            self.names.close()
        if isinstance(self.cpu, CgroupReader):
            self.cpu.close()


def find_evidence(
    inventory: Inventory,
    access: KubeletAccess,
    clock: Clock,
    *,
    sysfs: Path,
    procfs: Path,
    keep_seconds: float = KEEP_SECONDS,
) -> Evidence:
    """What this machine has, or the capture that is played in its place: that tells names only if it holds some.

    Names of what has ended are known for `keep_seconds`.
    """
    if inventory.capture is not None:
        return _replayed(inventory, inventory.capture)
    return Evidence(
        CgroupReader(sysfs / "fs" / "cgroup", procfs),
        None if inventory.library is None else PatientGpuUse(NvmlProcesses(inventory.library, clock.monotonic)),
        kubernetes_names(access, clock, keep_seconds=keep_seconds),
    )


def _replayed(inventory: Inventory, capture: Capture) -> Evidence:
    (sensor,) = (one for one in inventory.sensors if isinstance(one, ReplaySensor))
    if not capture.header.workloads:
        return Evidence()
    replayed = ReplayEvidence(capture, sensor)
    return Evidence(replayed, ReplayGpuUse(replayed), replayed)
