"""A machine whose joules, CPU time, GPU processes and names a test sets by hand, attributed by the real thing.

machine = AttributedMachine()
machine.cpu("0").joules += 100.0
machine.use_cpu("web", 3.0)
bill = machine.tick()
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from doubles.clock import FakeClock

from exporter.attribution.attribution import Attribution
from exporter.attribution.bill import Bill
from exporter.attribution.checkpoint import Checkpoint, restore
from exporter.attribution.idle_policy import IdlePolicy
from exporter.metering.snapshot import BillState, IdleState, LineState, SeriesState
from exporter.sensors.sensor import Quantity, Series
from exporter.usage.evidence import (
    CgroupIdentity,
    CgroupUse,
    ContainerName,
    CpuUse,
    GpuHolder,
    GpuProcess,
    GpuUse,
    MigSlice,
    NamesFinding,
    SeenCgroup,
)
from exporter.usage.manager import Manager
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

CPUS = 8


@dataclass
class Curve:
    """One energy curve; `late` is how far its front stays behind the clock."""

    series: Series
    joules: float = 0.0
    late: float = 0.0
    observed: float = 0.0
    front: float = 0.0
    counted: bool = True
    is_observed: bool = True

    def state(self, now: float) -> SeriesState:
        """As the meters would give it; the front never goes back."""
        front = max(self.front, now - self.late)
        if self.is_observed:
            self.observed += front - self.front
        self.front = front
        return SeriesState(
            self.series, self.counted, "counted", self.joules, None, None, front=front, observed=self.observed
        )


@dataclass
class Cgroup:
    """One charged cgroup."""

    identity: CgroupIdentity
    inode: int
    cpu_seconds: float = 0.0


@dataclass
class ScriptedCpuUse:
    """Implements `CpuUseSource`; `fails` lets a read raise, `is_blind` lets it tell nothing."""

    groups: dict[str, Cgroup] = field(default_factory=dict)
    busy_seconds: float = 0.0
    fails: bool = False
    is_blind: bool = False
    pids: dict[int, str] = field(default_factory=dict)

    def read(self) -> CpuUse | None:
        """What the test has set."""
        if self.fails:
            raise OSError("cgroups are gone")
        if self.is_blind:
            return None
        uses = {
            group.inode: CgroupUse(group.inode, group.identity, f"/{name}", group.cpu_seconds)
            for name, group in self.groups.items()
        }
        return CpuUse(self.busy_seconds, CPUS, uses)

    def cgroup_of(self, pid: int) -> CgroupIdentity | None:
        """Where the test has put the process."""
        group = self.groups.get(self.pids.get(pid, ""))
        return group.identity if group else None

    def of_caller(self, cgroups: Sequence[SeenCgroup]) -> CgroupIdentity | None:
        """By the inode."""
        inodes = {group.inode: group.identity for group in self.groups.values()}
        return next((inodes[seen.inode] for seen in cgroups if seen.inode in inodes), None)


@dataclass
class ScriptedGpuUse:
    """Implements `GpuUseSource`."""

    uses: Sequence[GpuUse] = ()
    fails: bool = False

    def read(self) -> Sequence[GpuUse]:
        """What the test has set."""
        if self.fails:
            raise RuntimeError("a bug in the driver's bindings")
        return self.uses


@dataclass
class ScriptedNames:
    """Implements `Names`: containers by id, GPUs by UUID."""

    containers: dict[str, ContainerName] = field(default_factory=dict)
    holders: Mapping[str, Sequence[GpuHolder]] = field(default_factory=dict)

    def container(self, identity: CgroupIdentity) -> ContainerName | None:
        """Its names, if the test has given it any."""
        return self.containers.get(identity.container_id)

    def gpu_holders(self) -> Mapping[str, Sequence[GpuHolder]]:
        """Who holds what."""
        return self.holders

    def findings(self) -> Sequence[NamesFinding]:
        """Nothing to tell."""
        return ()


class AttributedMachine:
    """Curves and evidence on one clock; `tick` is one step of the exporter, `restart` is its death and next life."""

    def __init__(
        self,
        *,
        policy: IdlePolicy = IdlePolicy.UNATTRIBUTED,
        ttl_seconds: float = 60.0,
        max_lines: int = 1000,
        memory_bytes: int | None = None,
    ) -> None:
        self.clock = FakeClock()
        self.evidence = ScriptedCpuUse()
        self.gpus = ScriptedGpuUse()
        self.names = ScriptedNames()
        self.curves: dict[SeriesKey, Curve] = {}
        self.idle_watts: dict[SeriesKey, float] = {}
        self.policy = policy
        self.memory_bytes = memory_bytes
        self._limits = (ttl_seconds, max_lines)
        self._inodes = 100
        self.attribution = self._attribution()
        self._checkpoint = Checkpoint(self.attribution.bill)
        self.kept = b""

    def curve(self, component: Component, device: str, zone: str = "", *, late: float = 0.0) -> Curve:
        """The curve of one part of the machine, at zero joules when first asked for."""
        key = SeriesKey(component, device, zone)
        if key not in self.curves:
            series = Series(key, "scripted", Provenance.MEASURED, Quantity.COUNTER, "a test", max_watts=1e4)
            self.curves[key] = Curve(series, late=late, front=self.clock.monotonic() - late)
        return self.curves[key]

    def cpu(self, socket: str = "0") -> Curve:
        """A CPU package."""
        return self.curve(Component.CPU, socket, "package")

    def gpu(self, uuid: str, *, late: float = 0.0) -> Curve:
        """A GPU."""
        return self.curve(Component.GPU, uuid, late=late)

    def container(self, name: str, *, named: bool = True) -> Cgroup:
        """The cgroup of a container of that name, in a pod of that name in "default"; made when first asked for."""
        group = self.evidence.groups.get(name)
        if group is None:
            self._inodes += 1
            container_id = f"{self._inodes:064x}"
            identity = CgroupIdentity(Manager.KUBERNETES, pod_uid=f"uid-{self._inodes}", container_id=container_id)
            group = self.evidence.groups[name] = Cgroup(identity, self._inodes)
            if named:
                self.name(name)
        return group

    def name(self, name: str, *, cpu_request: float | None = None, memory_request: float | None = None) -> None:
        """Let the kubelet know a container."""
        container_id = self.container(name, named=False).identity.container_id
        self.names.containers[container_id] = ContainerName("default", name, name, cpu_request, memory_request)

    def use_cpu(self, name: str, seconds: float) -> None:
        """A container uses CPU time, and so the machine is busy."""
        self.container(name).cpu_seconds += seconds
        self.evidence.busy_seconds += seconds

    def run_on_gpu(self, uuid: str, shares: Mapping[str, float | None], utilization: float | None = None) -> None:
        """Each container has one process on the GPU, with that utilisation."""
        processes = [GpuProcess(self._pid(name), share) for name, share in shares.items()]
        others = [use for use in self.gpus.uses if use.uuid != uuid]
        self.gpus.uses = [*others, GpuUse(uuid, processes, utilization=utilization)]

    def run_on_slices(self, uuid: str, slices: Mapping[str, Sequence[str]], share: float) -> None:
        """Each slice of a GPU, by its UUID, is as large as the others and has processes of these containers."""
        pieces = [
            MigSlice(piece, share, [GpuProcess(self._pid(name), None) for name in names])
            for piece, names in slices.items()
        ]
        self.gpus.uses = [GpuUse(uuid, slices=pieces)]

    def hold(self, uuid: str, *names: str) -> None:
        """The kubelet says that these containers hold a GPU or a slice."""
        self.names.holders = {**self.names.holders, uuid: [GpuHolder("default", name, name) for name in names]}

    def tick(self, seconds: float = 1.0) -> BillState:
        """Let time pass, and attribute what the curves gained."""
        self.clock.advance(seconds)
        now = self.clock.monotonic()
        idle = {key: IdleState(watts, 0.0, "experiment", 60.0, 0.0) for key, watts in self.idle_watts.items()}
        bill = self.attribution.step([curve.state(now) for curve in self.curves.values()], idle)
        self.kept = self._checkpoint.pack()
        return bill

    def restart(self) -> None:
        """Die without a word, and go on from what was kept at the last tick."""
        self.attribution = self._attribution()
        if self.kept:
            restore(self.attribution.bill, self.kept, self.clock.monotonic())
        self._checkpoint = Checkpoint(self.attribution.bill)

    def _attribution(self) -> Attribution:
        ttl_seconds, max_lines = self._limits
        return Attribution(
            Bill(ttl_seconds=ttl_seconds, max_lines=max_lines),
            self.clock,
            cpu=self.evidence,
            gpu=self.gpus,
            names=self.names,
            policy=self.policy,
            memory_bytes=self.memory_bytes,
        )

    def _pid(self, name: str) -> int:
        self.container(name)
        pid = 1000 + list(self.evidence.groups).index(name)
        self.evidence.pids[pid] = name
        return pid


def line(bill: BillState, name: str) -> LineState:
    """The line of a container that the machine calls `name`."""
    (found,) = [each for each in bill.lines if each.name[2:4] == (name, name)]
    return found


def joules(bill: BillState, component: Component) -> float:
    """All of one component that is on the bill: charged, retired, idle and unattributed."""
    charged = sum(getattr(each, component.value) or 0.0 for each in bill.lines)
    return charged + sum(each.get(component, 0.0) for each in (bill.retired, bill.idle, bill.unattributed))
