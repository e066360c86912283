"""A node of many pods: cgroups and /proc as files, two sockets, eight fake GPUs with four of the pods on each."""

from pathlib import Path

from doubles.cgroup_files import CgroupFiles
from doubles.fake_nvml import FakeNvml
from doubles.kubelet_pods import Container, a_pod, container_id, pod_uid
from doubles.procfs import ProcTree

GPUS = 8
PODS_ON_EACH_GPU = 4
CPUS = 64


class CrowdedNode:
    """Pods of one container each, all of which use CPU time between two looks when `work` is called."""

    def __init__(self, directory: Path, pods: int, nvml: FakeNvml) -> None:
        """The files are new; the GPUs are added to `nvml`."""
        self.sysfs = directory / "sys"
        self.proc = ProcTree(directory / "proc", cpus=CPUS, sockets=2)
        self.names = [f"web-66558b79-{number:05d}" for number in range(pods)]
        self.paths = [f"/kubepods/burstable/pod{pod_uid(name)}/{container_id(name, 'main')}" for name in self.names]
        self.cgroups = CgroupFiles(self.sysfs / "fs" / "cgroup")
        for path in self.paths:
            self.cgroups.make(path)
        self._seconds = 0.0
        self._nvml = nvml
        for _ in range(GPUS):
            nvml.add(watts=300.0)
        for index in range(min(pods, GPUS * PODS_ON_EACH_GPU)):
            pid = 100_000 + index
            self._start(pid, self.paths[index])
            nvml.device(index % GPUS).processes.start(pid)

    def pods(self) -> list[dict[str, object]]:
        """As the kubelet lists them."""
        resources = {"cpu": "100m", "memory": "128Mi"}
        return [a_pod(name, Container("main", resources), namespace="team") for name in self.names]

    def work(self, seconds: float = 1.0) -> None:
        """All pods together keep half of the CPUs busy for a while, and every process is seen on its GPU."""
        self._seconds += seconds * CPUS / 2 / len(self.paths)
        for path in self.paths:
            self.cgroups.spend(path, self._seconds)
        self.cgroups.spend("/", 100.0 + self._seconds * len(self.paths))
        self.proc.run(0.5)
        for index in range(min(len(self.paths), GPUS * PODS_ON_EACH_GPU)):
            self._nvml.device(index % GPUS).processes.sample(100_000 + index)

    def _start(self, pid: int, cgroup: str) -> None:
        directory = self.proc.procfs / str(pid)
        directory.mkdir()
        (directory / "stat").write_text(f"{pid} (python3) {' '.join(['S', '1', *['0'] * 17])} 1000 4096 12\n")
        (directory / "cgroup").write_text(f"0::{cgroup}\n")
