"""Once per tick: evidence is read, every curve's step is split by it, and the bill grows by exactly that step."""

import logging
from collections.abc import Callable, Mapping, Sequence

from exporter.attribution.bill import Bill
from exporter.attribution.cpu_shares import CpuShares, Shares
from exporter.attribution.gpu_shares import GpuShares, GpuStretch
from exporter.attribution.idle_policy import NOBODY, IdlePolicy, Requests
from exporter.attribution.line import Consumer, charge
from exporter.attribution.quanta import joules_from_quanta, quanta_from_joules
from exporter.attribution.split import Split, Step, split
from exporter.attribution.watched import ChargedStep, Watched
from exporter.attribution.workload import Workload
from exporter.metering.snapshot import BillState, IdleState, SeriesState
from exporter.usage.evidence import CgroupIdentity, CpuUseSource, GpuUseSource, Names
from joulecast.clock import Clock
from joulecast.component import Component, SeriesKey

log = logging.getLogger(__name__)


class Attribution:
    """Splits what the snapshot shows. Whatever fails here costs knowledge, never the balance and never the snapshot."""

    def __init__(
        self,
        bill: Bill,
        clock: Clock,
        *,
        cpu: CpuUseSource | None,
        gpu: GpuUseSource | None,
        names: Names,
        policy: IdlePolicy = IdlePolicy.UNATTRIBUTED,
        memory_bytes: int | None = None,
    ) -> None:
        """`cpu` and `gpu` are None where there is nothing to ask; `memory_bytes` is what requests are a part of."""
        self.bill = bill
        self.watched = Watched()
        self._clock = clock
        self._cpu = cpu
        self._gpu = gpu
        self._names = names
        self._policy = policy
        self._memory_bytes = memory_bytes
        self._cpu_shares = CpuShares(bill.consumer_of)
        self._gpu_shares = GpuShares(self._cgroup_of, bill.consumer_of, bill.holder_of)
        self._fronts: dict[SeriesKey, tuple[float, float]] = {}  # front and observed seconds of the last step
        self._requests = Requests(0, None, ())
        self._failing: set[str] = set()

    def step(self, states: Sequence[SeriesState], idle: Mapping[SeriesKey, IdleState]) -> BillState | None:
        """Bring the bill to where these states stand, and return it; None if that failed in a way nobody foresaw."""
        drawn: list[BillState] = []
        self._attempt("a bill", lambda: drawn.append(self._draw(states, idle)))
        return drawn[0] if drawn else None

    def _draw(self, states: Sequence[SeriesState], idle: Mapping[SeriesKey, IdleState]) -> BillState:
        self.bill.begin_step(self._clock.monotonic())
        self._attempt("reading the CPU time of cgroups", self._look_at_cpus)
        self._attempt("asking for names", lambda: self.bill.name(self._names))
        self._attempt("looking at the GPUs", self._look_at_gpus)
        if self._policy is IdlePolicy.BY_REQUEST:
            self._requests = Requests(self._cpu_shares.cpus, self._memory_bytes, self.bill.running())
        counted = [state for state in states if state.counted]
        self._lose_what_meters_lost(counted)
        for state in counted:
            self._step(state, idle.get(state.series.key))
        self.bill.settle()
        tells_cpu, tells_gpus = self._cpu_shares.has_read, bool(self._gpu_shares.methods())
        return self.bill.state(self._gpu_shares.methods(), tells_cpu=tells_cpu, tells_workloads=tells_cpu or tells_gpus)

    def name_of(self, identity: CgroupIdentity) -> Workload:
        """What a container is called by now. May be asked from any thread."""
        return self.bill.name_of(identity)

    def _lose_what_meters_lost(self, states: Sequence[SeriesState]) -> None:
        """Take off the bill what an earlier run had billed beyond where curves of this one begin.

        After a power cut the meters' file may be some seconds older than the bill's.
        """
        lost = {}
        for state in states:
            key = state.series.key
            missing = self.bill.accounted.get(key, 0) - quanta_from_joules(state.joules)
            if key not in self._fronts and missing > 0:
                lost[key] = missing
        if not lost:
            return
        joules = joules_from_quanta(sum(lost.values()))
        if self.bill.give_back(lost):
            log.warning("the meters have lost %.0f J that were on the bill: taken from what was nobody's", joules)
            return
        log.warning("what the meters had counted is lost, so the bill begins anew with them")
        self.bill.clear()
        self._fronts.clear()

    def _step(self, state: SeriesState, idle: IdleState | None) -> None:
        key = state.series.key
        gained = quanta_from_joules(state.joules) - self.bill.accounted.get(key, 0)
        before = self._fronts.get(key)
        self._fronts[key] = (state.front, state.observed)
        if gained < 0:  # a curve never decreases; if one did, it would have to catch up first
            return
        if before is None:  # from before attribution began, here or at all
            self._charge(key, Split({}, 0, gained), gained)
            return
        front, observed = before
        step = Step(gained, state.front - front, state.observed - observed)
        stretch, told = None, 0.0
        try:
            shares, stretch = self._shares(key, front, state.front)
            idle_watts = None if idle is None else idle.watts
            result = split(step, shares, idle_watts, self._idle_shares(key.component, shares, stretch))
            told = shares.covered if stretch is None else stretch.told
        except Exception:  # a bug in the splitting: what it was about is nobody's, and the bill stays whole
            log.exception("a step of %s cannot be split", "/".join(key))
            result = Split({}, 0, gained)
        self._charge(key, result, gained)
        if stretch is not None:
            # What others made the GPU draw, or the same one a moment later, is no waste of who lets it rest.
            wasted = result.resting if stretch.shares.busy else gained
            for consumer, part in stretch.idle_held.items():
                consumer.line.allocated_idle += int(wasted * part)
        self._tell_watchers(key, (front, state.front), told, result)

    def _shares(self, key: SeriesKey, begin: float, end: float) -> tuple[Shares, GpuStretch | None]:
        if key.component is Component.GPU:
            stretch = self._gpu_shares.between(key.device, begin, end)
            return stretch.shares, stretch
        return self._cpu_shares.between(begin, end), None

    def _idle_shares(
        self, component: Component, shares: Shares, stretch: GpuStretch | None
    ) -> Mapping[Consumer, float] | None:
        match self._policy:
            case IdlePolicy.UNATTRIBUTED:
                return None
            case IdlePolicy.BY_USE:
                return shares.by_consumer
            case IdlePolicy.BY_REQUEST:
                return self._requests.of(component) if stretch is None else stretch.held or NOBODY

    def _charge(self, key: SeriesKey, result: Split, gained: int) -> None:
        bill, component = self.bill, key.component
        charge(result.charges, component)
        bill.idle[component] += result.idle
        bill.unattributed[component] += result.unattributed
        bill.account(key, gained)

    def _tell_watchers(self, key: SeriesKey, span: tuple[float, float], told: float, result: Split) -> None:
        if span[1] <= span[0] or not self.watched:
            return

        def quanta_of(identity: CgroupIdentity) -> int:
            consumer = self.bill.find(identity)
            return 0 if consumer is None else result.charges.get(consumer, 0)

        method = self._gpu_shares.methods().get(key.device, "") if key.component is Component.GPU else ""
        self.watched.step(ChargedStep(key, *span, (span[1] - span[0]) * told, method), quanta_of)

    def _look_at_cpus(self) -> None:
        if self._cpu is not None:
            use = self._cpu.read()
            self._cpu_shares.take(self._clock.monotonic(), use)

    def _look_at_gpus(self) -> None:
        if self._gpu is not None:
            uses = self._gpu.read()
            self._gpu_shares.take(self._clock.monotonic(), uses, self._names.gpu_holders())

    def _cgroup_of(self, pid: int) -> CgroupIdentity | None:
        return None if self._cpu is None else self._cpu.cgroup_of(pid)

    def _attempt(self, what: str, attempt: Callable[[], None]) -> None:
        """Do without what fails, and say so once until it works again."""
        try:
            attempt()
        except Exception as error:
            if what not in self._failing:
                self._failing.add(what)
                log.warning("attribution goes on without %s: %s", what, error, exc_info=True)
        else:
            self._failing.discard(what)
