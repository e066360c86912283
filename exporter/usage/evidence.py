"""What attribution goes by: CPU time of cgroups, processes on GPUs, names and holders as a kubelet knows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from exporter.usage.manager import Manager


@dataclass(frozen=True, slots=True)
class CgroupIdentity:
    """What a cgroup's path tells of the workload inside it."""

    manager: Manager
    pod_uid: str = ""
    container_id: str = ""
    unit: str = ""


class SeenCgroup(NamedTuple):
    """The cgroup a process is in, as it sees it itself, perhaps from inside a namespace of cgroups."""

    version: int  # 1: the hierarchy that counts CPU time; 2: the unified one
    path: str
    inode: int  # the same number for everyone; 0 if it cannot be seen


class Caller(NamedTuple):
    """A process that asks for its container's share, and where it says it runs."""

    boot_id: str  # of the kernel whose cgroups these are
    cgroups: tuple[SeenCgroup, ...] = ()  # none where it sees itself in none


class CgroupUse(NamedTuple):
    """One charged cgroup at one moment."""

    cgroup_id: int  # inode of its directory: never that of two groups that are alive at once
    identity: CgroupIdentity
    path: str
    cpu_seconds: float  # cumulative, descendants included but for those charged by themselves


@dataclass(frozen=True, slots=True)
class CpuUse:
    """The CPU time of a machine at one moment, by charged cgroup. No CPU time is in two of them."""

    busy_seconds: float  # cumulative, of all CPUs together, whoever used them
    cpus: int  # how many CPUs could have been busy
    groups: Mapping[int, CgroupUse]  # by cgroup_id


@dataclass(frozen=True, slots=True)
class GpuProcess:
    """A process on a GPU since the last look. `utilization` is its share of the GPU's time, None if not told."""

    pid: int
    utilization: float | None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class MigSlice:
    """A MIG instance: a part of a GPU with processes of its own."""

    uuid: str
    share: float  # of the whole GPU's compute, 0..1
    processes: Sequence[GpuProcess] = ()


@dataclass(frozen=True, slots=True)
class GpuUse:
    """Who ran on one GPU since the last look. With MIG the processes are in the slices."""

    uuid: str
    processes: Sequence[GpuProcess] = ()
    slices: Sequence[MigSlice] = ()
    utilization: float | None = None  # of the whole GPU, as the driver tells it


@dataclass(frozen=True, slots=True)
class ContainerName:
    """What the kubelet says of one container."""

    namespace: str
    pod: str
    container: str
    cpu_request: float | None = None  # CPUs
    memory_request_bytes: float | None = None


@dataclass(frozen=True, slots=True)
class GpuHolder:
    """A container that was given a GPU, or a slice of one, by the kubelet."""

    namespace: str
    pod: str
    container: str


class CpuUseSource(Protocol):
    """Reads the CPU time of every charged cgroup."""

    def read(self) -> CpuUse | None:
        """The CPU time now; None if this machine tells none."""
        ...

    def cgroup_of(self, pid: int) -> CgroupIdentity | None:
        """Which charged cgroup a process runs in; None for one outside all of them, or gone."""
        ...

    def of_caller(self, cgroups: Sequence[SeenCgroup]) -> CgroupIdentity | None:
        """The charged cgroup of a process that sees itself in these; None if they lead to none."""
        ...


class GpuUseSource(Protocol):
    """Reads which processes use the GPUs."""

    def read(self) -> Sequence[GpuUse]:
        """Every GPU that answers; empty without GPUs. Never raises for a missing part."""
        ...


class Names(Protocol):
    """Turns identities into names. Answers from what is known already: it never waits for a kubelet."""

    def container(self, identity: CgroupIdentity) -> ContainerName | None:
        """The names behind a pod's container; None while they are not known."""
        ...

    def gpu_holders(self) -> Mapping[str, Sequence[GpuHolder]]:
        """The containers that hold each GPU or MIG slice, by UUID; empty where nobody tells."""
        ...

    def findings(self) -> Sequence["NamesFinding"]:
        """What works and what does not, for the doctor."""
        ...


@dataclass(frozen=True, slots=True)
class NamesFinding:
    """One source of names: whether it answers, and what to do if not."""

    source: str  # "kubelet", "pod-resources"
    status: str  # "up", "failing", "denied", "absent"
    message: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class NoNames:
    """A machine without Kubernetes."""

    reasons: Sequence[NamesFinding] = field(default_factory=tuple)

    def container(self, _identity: CgroupIdentity) -> ContainerName | None:
        """Nothing is known."""
        return None

    def gpu_holders(self) -> Mapping[str, Sequence[GpuHolder]]:
        """Nobody tells."""
        return {}

    def findings(self) -> Sequence[NamesFinding]:
        """Why there are no names."""
        return self.reasons
