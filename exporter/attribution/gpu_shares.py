"""Whose GPU: the last looks at every GPU, and the shares of any stretch of time that follow from them."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from exporter.attribution.cpu_shares import NOTHING_KNOWN, Shares
from exporter.attribution.gpu_division import GpuDivision, GpuMethod, Part, divide
from exporter.attribution.line import Consumer
from exporter.attribution.windows import overlaps
from exporter.usage.evidence import CgroupIdentity, GpuHolder, GpuProcess, GpuUse

# Enough for the half second by which a GPU's curve trails, at the shortest period.
REMEMBERED_LOOKS = 64
# A process that stays on a GPU is looked for among the cgroups again after so many looks.
LOOKS_BETWEEN_PLACINGS = 16


@dataclass(frozen=True, slots=True)
class _Look:
    """One GPU between two looks."""

    begin: float
    end: float
    division: GpuDivision


@dataclass(frozen=True, slots=True)
class GpuStretch:
    """What is known of one GPU in a stretch of time."""

    shares: Shares = NOTHING_KNOWN
    held: Mapping[Consumer, float] = field(default_factory=dict)  # part of the GPU, by who was given it
    idle_held: Mapping[Consumer, float] = field(default_factory=dict)  # of that, what nothing ran on
    told: float = 0.0  # share of the stretch in which somebody told who used it, or that nobody did


NOTHING_SEEN = GpuStretch()


class GpuShares:
    """Remembers the last looks at each GPU: its energy is final half a second late, and goes by those of its time."""

    def __init__(
        self,
        cgroup_of: Callable[[int], CgroupIdentity | None],
        consumer_of: Callable[[CgroupIdentity], Consumer],
        holder_of: Callable[[GpuHolder], Consumer],
    ) -> None:
        self._cgroup_of = cgroup_of
        self._consumer_of = consumer_of
        self._holder_of = holder_of
        self._looks: dict[str, deque[_Look]] = {}
        self._last: float | None = None
        self._turn = 0
        # Processes of the last look: one that has ended since ran where it ran before.
        self._owners: dict[int, Consumer] = {}

    def take(self, time: float, uses: Sequence[GpuUse], holders: Mapping[str, Sequence[GpuHolder]]) -> None:
        """Take a look made at `time`, and who held what then."""
        last = self._last
        if last is not None and time <= last:
            return
        self._last = time
        self._turn += 1
        held = {uuid: [self._holder_of(holder) for holder in several] for uuid, several in holders.items()}
        for consumers in held.values():
            for consumer in consumers:
                consumer.seen = consumer.line.seen = time
                consumer.line.has_gpu = True
        owners = {}
        for process in _processes(uses):
            owner = self._owner(process.pid)
            if owner is not None:
                owner.seen = owner.line.seen = time
                owners[process.pid] = owner
        self._owners = owners
        present = {use.uuid for use in uses}
        for uuid in self._looks.keys() - present:  # lost: its last look must not stand for what comes after
            del self._looks[uuid]
        if last is None:
            return
        for use in uses:
            look = _Look(last, time, divide(use, owners.get, held))
            self._looks.setdefault(use.uuid, deque(maxlen=REMEMBERED_LOOKS)).append(look)

    def between(self, uuid: str, begin: float, end: float) -> GpuStretch:
        """What is known of one GPU in [begin, end]."""
        looks, duration = self._looks.get(uuid), end - begin
        if not looks or duration <= 0:
            return NOTHING_SEEN
        seen = [(look.division, seconds) for look, seconds in overlaps(looks, begin, end)]
        covered = sum(seconds for _, seconds in seen)
        if covered <= 0:
            return NOTHING_SEEN
        in_use = sum(seconds * (division.activity or 0.0) for division, seconds in seen)
        by_consumer: dict[Consumer, float] = {}
        held: dict[Consumer, float] = {}
        idle_held: dict[Consumer, float] = {}
        for division, seconds in seen:
            # Energy above idle was used while the GPU was. If it never was, or nobody tells, all moments are alike.
            weight = seconds * (division.activity or 0.0) / in_use if in_use > 0 else seconds / covered
            _gather(by_consumer, division.active, weight)
            _gather(held, division.held, seconds / covered)
            _gather(idle_held, division.idle_held, seconds / duration)
        shares = Shares(by_consumer, min(1.0, in_use / covered), min(1.0, covered / duration))
        told = sum(seconds for division, seconds in seen if _tells(division))
        return GpuStretch(shares, held, idle_held, min(1.0, told / duration))

    def methods(self) -> dict[str, str]:
        """How each GPU was divided by the last look."""
        return {uuid: looks[-1].division.method.value for uuid, looks in self._looks.items()}

    def _owner(self, pid: int) -> Consumer | None:
        known = self._owners.get(pid)
        # Who holds a context from look to look is the same process; whether it was moved is asked for in turns.
        if known is not None and (pid + self._turn) % LOOKS_BETWEEN_PLACINGS:
            return known
        identity = self._cgroup_of(pid)
        return known if identity is None else self._consumer_of(identity)


def _tells(division: GpuDivision) -> bool:
    return division.method is not GpuMethod.NONE or division.activity == 0


def _gather(into: dict[Consumer, float], parts: Sequence[Part], weight: float) -> None:
    if weight > 0:
        for consumer, part in parts:
            into[consumer] = into.get(consumer, 0.0) + part * weight


def _processes(uses: Sequence[GpuUse]) -> Iterator[GpuProcess]:
    for use in uses:
        yield from use.processes
        for piece in use.slices:
            yield from piece.processes
