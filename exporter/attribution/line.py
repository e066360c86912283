"""A line of the bill, and the consumers that are charged on it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from exporter.attribution.workload import Workload
from exporter.usage.evidence import CgroupIdentity
from joulecast.component import Component


@dataclass(slots=True, eq=False)
class Line:
    """What one workload was charged so far, in quanta; each total only ever grows."""

    workload: Workload
    seen: float  # monotonic time at which it was last seen alive
    cpu: int = 0
    dram: int = 0
    gpu: int = 0
    allocated_idle: int = 0
    has_gpu: bool = False  # was charged for a GPU, or held one
    consumers: list["Consumer"] = field(default_factory=list)
    name: tuple[str, str, str, str, str] = field(init=False)

    def __post_init__(self) -> None:
        workload = self.workload
        self.name = (workload.manager.value, workload.namespace, workload.pod, workload.container, workload.unit)

    @property
    def quanta(self) -> int:
        """All components together."""
        return self.cpu + self.dram + self.gpu

    def totals(self) -> Iterator[tuple[Component, int]]:
        """What was charged, by component."""
        yield Component.CPU, self.cpu
        yield Component.DRAM, self.dram
        yield Component.GPU, self.gpu

    def absorb(self, other: "Line") -> None:
        """Take over all of another line: its totals and whoever is charged on it."""
        self.cpu += other.cpu
        self.dram += other.dram
        self.gpu += other.gpu
        self.allocated_idle += other.allocated_idle
        self.has_gpu |= other.has_gpu
        self.seen = max(self.seen, other.seen)
        for consumer in other.consumers:
            consumer.line = self
        self.consumers += other.consumers
        other.consumers = []

    def clear(self) -> None:
        """Count from zero again."""
        self.cpu = self.dram = self.gpu = self.allocated_idle = 0


@dataclass(slots=True, eq=False)
class Consumer:
    """One container, service or job as the machine sees it; `line` is where it is charged, and may change."""

    identity: CgroupIdentity | None  # None for a holder of a GPU that is known by name only
    workload: Workload  # its own name, also while it is charged on another line
    line: Line
    seen: float
    cpu_request: float | None = None  # CPUs
    memory_request_bytes: float | None = None


def charge(charges: Mapping[Consumer, int], component: Component) -> None:
    """Add to everybody's line: a loop for each component, for this is done for every pod and curve in every step."""
    if component is Component.CPU:
        for consumer, quanta in charges.items():
            consumer.line.cpu += quanta
    elif component is Component.DRAM:
        for consumer, quanta in charges.items():
            consumer.line.dram += quanta
    else:
        for consumer, quanta in charges.items():
            consumer.line.gpu += quanta
            consumer.line.has_gpu = True
