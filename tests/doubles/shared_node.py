"""A measured node on which containers use CPUs and GPUs at rates a test sets, and intervals ask for their shares.

node = SharedNode(watts=100.0)
node.use(a=3.0, b=1.0)                      # CPUs, from now on
interval = node.begin("a")
node.run_for(5.0)
share = node.end(interval).container
"""

from collections.abc import Callable
from typing import Any

from doubles.attributed_machine import Cgroup, ScriptedCpuUse, ScriptedGpuUse, ScriptedNames
from doubles.clock import FakeClock
from doubles.ledger import FailingLedger
from doubles.measured_node import BOOT, MeasuredNode
from doubles.simulated import Load, SimulatedGpu, SimulatedRapl

from exporter.attribution.attribution import Attribution
from exporter.attribution.bill import Bill
from exporter.intervals.container_watch import ContainerWatch
from exporter.intervals.interval import Account, Interval
from exporter.usage.evidence import Caller, CgroupIdentity, ContainerName, CpuUse, SeenCgroup
from exporter.usage.manager import Manager


class _Spending(ScriptedCpuUse):
    """CPU time that grows at the rates of the moment."""

    def __init__(self, spend: Callable[[], None]) -> None:
        super().__init__()
        self._spend = spend

    def read(self) -> CpuUse | None:
        """What was spent by now."""
        self._spend()
        return super().read()


class SharedNode:
    """One socket, on wish one GPU; `restart` is the exporter's death and next life."""

    def __init__(self, watts: float = 80.0, *, gpu_watts: float | None = None) -> None:
        self.clock = FakeClock()
        self.load = _load(watts)
        self.gpu_load = None if gpu_watts is None else _load(gpu_watts)
        self.ledger = FailingLedger()
        self.cpu = _Spending(self._spend)
        self.gpus = ScriptedGpuUse()
        self.names = ScriptedNames()
        self.rates: dict[str, float] = {}
        self._spent_until = self.clock.monotonic()
        self._checkpoint: dict[str, Any] | None = None
        self._requests = 0
        self._start()
        self.run_for(10.0)

    def container(self, name: str) -> Cgroup:
        """The cgroup of a container in a pod of that name that no kubelet has named; made when first asked for."""
        if name not in self.cpu.groups:
            inode = 100 + len(self.cpu.groups)
            identity = CgroupIdentity(Manager.KUBERNETES, pod_uid=f"uid-{name}", container_id=f"{inode:064x}")
            self.cpu.groups[name] = Cgroup(identity, inode)
        return self.cpu.groups[name]

    def name(self, name: str) -> None:
        """Let the kubelet know it."""
        container_id = self.container(name).identity.container_id
        self.names.containers[container_id] = ContainerName("default", name, "main")

    def use(self, **cpus: float) -> None:
        """These containers use so many CPUs from now on, and no others any."""
        self._spend()
        for name in cpus:
            self.container(name)
        self.rates = cpus

    def draw(self, watts: float) -> None:
        """The socket draws so much from now on."""
        self.load.set(self.clock.monotonic(), watts)

    def run_for(self, seconds: float) -> None:
        """Let time pass."""
        self.node.run_for(seconds)

    def caller(self, name: str, *, boot_id: str = BOOT) -> Caller:
        """What a process in that container says of itself."""
        return Caller(boot_id, (SeenCgroup(2, "/", self.container(name).inode),))

    def begin(self, name: str, **tag: Any) -> Interval:
        """Open an interval now that asks for that container's share."""
        self._requests += 1
        return self.node.begin(f"request-{self._requests}", **{"caller": self.caller(name)} | tag)

    def end(self, interval: Interval) -> Account:
        """Close it now, and return its account once it is settled."""
        (account,) = self.end_together(interval)
        return account

    def end_together(self, *intervals: Interval) -> list[Account]:
        """Close them at one moment, and return their accounts."""
        ended = [self.node.book.end(interval_id=interval.interval_id) for interval in intervals]
        return [self.node.settled(interval) for interval in ended]

    def restart(self, *, away: float = 0.0, boot_id: str = BOOT, gently: bool = False) -> None:
        """Kill the exporter, or `gently` stop it, let time pass without one, and start it again."""
        if gently:
            self.node.book.keep_charged()
        self._checkpoint = self.node.checkpoint()
        self.clock.advance(away)
        self._start(boot_id)

    def _start(self, boot_id: str = BOOT) -> None:
        bill = Bill(ttl_seconds=60.0, max_lines=1000)
        self.attribution = Attribution(bill, self.clock, cpu=self.cpu, gpu=self.gpus, names=self.names)
        self.watch = ContainerWatch(self.attribution, self.cpu.of_caller, boot_id=boot_id)
        gpus = [] if self.gpu_load is None else [SimulatedGpu(self.gpu_load)]
        self.node = MeasuredNode(
            [SimulatedRapl(self.load), *gpus],
            clock=self.clock,
            ledger=self.ledger,
            boot_id=boot_id,
            checkpoint=self._checkpoint,
            containers=self.watch,
            attribute=lambda states: self.attribution.step(states, {}),
        )

    def _spend(self) -> None:
        now = self.clock.monotonic()
        seconds, self._spent_until = now - self._spent_until, now
        for name, cpus in self.rates.items():
            self.cpu.groups[name].cpu_seconds += cpus * seconds
            self.cpu.busy_seconds += cpus * seconds


def _load(watts: float) -> Load:
    load = Load(watts)
    load.set(0.0, watts)
    return load
