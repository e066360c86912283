"""The bill: every line with its totals, who is charged on which, and what nobody is charged for."""

from collections import Counter
from collections.abc import Iterator, Mapping

from exporter.attribution.line import Consumer, Line
from exporter.attribution.quanta import joules_from_quanta
from exporter.attribution.retirement import lines_to_retire
from exporter.attribution.workload import OTHER, Workload, needs_name, workload_of
from exporter.metering.snapshot import BillState, LineState
from exporter.usage.evidence import CgroupIdentity, GpuHolder, Names
from exporter.usage.manager import Manager
from joulecast.component import Component, SeriesKey


class Bill:
    """Totals per workload and component. Lines come, get their names, and leave: what they hold is then retired.

    Lines + other + retired + idle + unattributed = accounted, in whole quanta, whatever happens to the lines. `other`
    is charged for who runs without a line of its own. It never takes over what a line has shown: a rate over all lines
    would count that again.
    """

    def __init__(self, *, ttl_seconds: float, max_lines: int) -> None:
        """A finished line stays for `ttl_seconds`; beyond `max_lines` the least are retired."""
        self._ttl = ttl_seconds
        self._max_lines = max_lines
        self.lines: dict[Workload, Line] = {}
        self.other = Line(OTHER, float("-inf"))
        self.retired: Counter[Component] = Counter()
        self.idle: Counter[Component] = Counter()
        self.unattributed: Counter[Component] = Counter()
        self.accounted: dict[SeriesKey, int] = {}  # what of each curve is on this bill
        self.revision = 0  # another one whenever lines or series are not the same as before
        self.now = float("-inf")
        self._consumers: dict[CgroupIdentity, Consumer] = {}
        self._by_name: dict[Workload, Consumer] = {}
        self._unnamed: list[Consumer] = []

    def consumer_of(self, identity: CgroupIdentity) -> Consumer:
        """The consumer of that identity; a new one is charged under what its cgroup tells until it has a name."""
        consumer = self._consumers.get(identity)
        if consumer is None:
            consumer = self._consumers[identity] = self._consumer(identity, workload_of(identity))
            if needs_name(identity):
                self._unnamed.append(consumer)
        return consumer

    def find(self, identity: CgroupIdentity) -> Consumer | None:
        """The consumer of that identity, if it was seen."""
        return self._consumers.get(identity)

    def name_of(self, identity: CgroupIdentity) -> Workload:
        """What that identity is called by now, as far as anybody knows. May be asked from any thread."""
        consumer = self._consumers.get(identity)
        return workload_of(identity) if consumer is None else consumer.workload

    def holder_of(self, holder: GpuHolder) -> Consumer:
        """The consumer that a kubelet knows by these names, running or about to."""
        workload = Workload(Manager.KUBERNETES, holder.namespace, holder.pod, holder.container)
        return self._by_name.get(workload) or self._consumer(None, workload)

    def running(self) -> Iterator[Consumer]:
        """Everyone seen in this step."""
        now = self.now
        return (consumer for consumer in self._consumers.values() if consumer.seen >= now)

    def begin_step(self, now: float) -> None:
        """Whoever is seen from now on is running."""
        self.now = now

    def name(self, names: Names) -> None:
        """Give names to those who have none, and move what they were charged to the line of that name."""
        unnamed, self._unnamed = self._unnamed, []
        for index, consumer in enumerate(unnamed):
            if consumer.identity is None:
                continue
            try:
                name = names.container(consumer.identity)
            except BaseException:
                self._unnamed += unnamed[index:]
                raise
            if name is None:
                self._unnamed.append(consumer)
                continue
            consumer.cpu_request = name.cpu_request
            consumer.memory_request_bytes = name.memory_request_bytes
            self._rename(consumer, workload_of(consumer.identity, name))

    def settle(self) -> None:
        """Retire what ended long ago, and the least of what is too many; forget who is gone."""
        oldest = self.now - self._ttl
        for line in [line for line in self.lines.values() if line.seen < oldest]:
            self._retire(line)
        if len(self.lines) > self._max_lines:
            for line in lines_to_retire(self.lines.values(), self._max_lines, self.now):
                self._retire(line)
        for line in self.lines.values():
            if len(line.consumers) > 1:  # restarts of one container
                self._forget_old(line, oldest)
        self._forget_old(self.other, oldest)

    def account(self, key: SeriesKey, quanta: int) -> None:
        """This much more of a curve is on the bill; the caller has charged all of it."""
        if key not in self.accounted:
            self.revision += 1
            self.accounted[key] = 0
        self.accounted[key] += quanta

    def give_back(self, lost: Mapping[SeriesKey, int]) -> bool:
        """Take off what curves no longer count, from what is nobody's; False, and nothing taken, where that is less."""
        missing: Counter[Component] = Counter()
        for key, quanta in lost.items():
            missing[key.component] += quanta
        if any(self.unattributed[part] + self.idle[part] < quanta for part, quanta in missing.items()):
            return False
        for part, quanta in missing.items():
            from_unattributed = min(quanta, self.unattributed[part])
            self.unattributed[part] -= from_unattributed
            self.idle[part] -= quanta - from_unattributed
        for key, quanta in lost.items():
            self.accounted[key] -= quanta
        return True

    def clear(self) -> None:
        """Count from zero again."""
        for line in (*self.lines.values(), self.other):
            line.clear()
        self.retired.clear()
        self.idle.clear()
        self.unattributed.clear()
        self.accounted.clear()
        self.revision += 1

    def state(self, gpu_methods: Mapping[str, str], *, tells_cpu: bool, tells_workloads: bool) -> BillState:
        """The bill as it stands. Where nobody tells who uses the CPUs, or who runs at all, there is no zero for it."""
        components = {key.component for key in self.accounted}
        has_cpu, has_dram = (tells_cpu and component in components for component in (Component.CPU, Component.DRAM))
        lines = list(self.lines.values())
        if self.other.quanta or self.other.consumers:
            lines.append(self.other)
        joules = joules_from_quanta
        now = self.now
        running = sum(line.seen >= now for line in self.lines.values())
        return BillState(
            lines=[
                LineState(
                    line.name,
                    joules(line.cpu) if has_cpu or line.cpu else None,
                    joules(line.dram) if has_dram or line.dram else None,
                    joules(line.gpu) if line.has_gpu else None,
                    joules(line.allocated_idle) if line.has_gpu else None,
                )
                for line in lines
            ],
            idle={component: joules(self.idle[component]) for component in components},
            unattributed={component: joules(self.unattributed[component]) for component in components},
            retired={component: joules(quanta) for component, quanta in self.retired.items() if quanta},
            gpu_methods=gpu_methods,
            counts={
                "running": running,
                "finished": len(self.lines) - running,
                "unmapped": sum(consumer.seen >= now for consumer in self._unnamed),
                "folded": sum(consumer.seen >= now for consumer in self.other.consumers),
            }
            if tells_workloads
            else {},
        )

    def line_of(self, workload: Workload) -> Line:
        """The line of that name, made if need be. No workload is called as `other` is."""
        if workload == OTHER:
            return self.other
        line = self.lines.get(workload)
        if line is None:
            line = self.lines[workload] = Line(workload, self.now)
            self.revision += 1
        return line

    def _consumer(self, identity: CgroupIdentity | None, workload: Workload) -> Consumer:
        line = self.line_of(workload)
        consumer = self._by_name[workload] = Consumer(identity, workload, line, self.now)
        line.consumers.append(consumer)
        return consumer

    def _rename(self, consumer: Consumer, workload: Workload) -> None:
        before = consumer.line
        self._by_name.pop(consumer.workload, None)
        consumer.workload = workload
        earlier = self._by_name.get(workload)
        self._by_name[workload] = consumer
        if before is self.other:
            return
        if earlier is not None and earlier.line is self.other:  # a restart of what has no line of its own
            self._retire(before)
            return
        del self.lines[before.workload]
        self.revision += 1
        self.line_of(workload).absorb(before)

    def _retire(self, line: Line) -> None:
        """Take a line off the bill; whoever is still charged on it is charged on `other` from now on."""
        del self.lines[line.workload]
        for component, quanta in line.totals():
            self.retired[component] += quanta
        line.clear()
        self.other.absorb(line)
        self.revision += 1

    def _forget_old(self, line: Line, oldest: float) -> None:
        gone = [consumer for consumer in line.consumers if consumer.seen < oldest]
        if not gone:
            return
        line.consumers = [consumer for consumer in line.consumers if consumer.seen >= oldest]
        self._unnamed = [consumer for consumer in self._unnamed if consumer.seen >= oldest]
        for consumer in gone:
            if consumer.identity is not None:
                self._consumers.pop(consumer.identity, None)
            if self._by_name.get(consumer.workload) is consumer:
                del self._by_name[consumer.workload]
