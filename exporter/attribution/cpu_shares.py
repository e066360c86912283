"""Whose CPU time: what every charged cgroup gained between two reads, and its share of any stretch of time."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from exporter.attribution.line import Consumer
from exporter.attribution.windows import overlaps
from exporter.usage.evidence import CgroupIdentity, CpuUse

# So many last reads are kept: a curve that trails by more is charged for what they cover.
REMEMBERED_STEPS = 16
# Two stretches that differ by less than this part of their length have the same shares: the zones of a socket are
# read one after the other within microseconds.
_SAME = 0.002
# A group that cannot be read is known for so long, lest it be taken for a new one when it can be again.
REMEMBERED_SECONDS = 60.0
# A group cannot use more than all CPUs; the clocks that say so are not read at one moment.
_CLOCK_SLACK = 1.5


@dataclass(frozen=True, slots=True)
class Shares:
    """How the active energy of one stretch is divided. What is missing to 1 is nobody's."""

    by_consumer: Mapping[Consumer, float] = field(default_factory=dict)
    busy: float = 0.0  # share of the machine that was in use
    covered: float = 0.0  # share of the stretch that evidence covers


NOTHING_KNOWN = Shares()


@dataclass(frozen=True, slots=True)
class _Step:
    """CPU seconds used between two reads; who used none is not in it."""

    begin: float
    end: float
    busy: float
    cpus: int
    used: Mapping[Consumer, float]


@dataclass(slots=True)
class _Group:
    """The last read of one cgroup."""

    identity: CgroupIdentity
    consumer: Consumer
    cpu_seconds: float
    time: float


class CpuShares:
    """Remembers the last reads; `between` divides a stretch of time by them, interpolating in straight lines."""

    def __init__(self, consumer_of: Callable[[CgroupIdentity], Consumer]) -> None:
        self._consumer_of = consumer_of
        self._steps: deque[_Step] = deque(maxlen=REMEMBERED_STEPS)
        self._groups: dict[int, _Group] = {}
        self._last: tuple[float, float] | None = None  # time, busy seconds
        self._was_blind = False
        self._answer: tuple[float, float, Shares] | None = None

    @property
    def has_read(self) -> bool:
        """Whether there was ever anything to read."""
        return self._last is not None

    @property
    def cpus(self) -> int:
        """How many CPUs could have been busy at the last read; 0 before it."""
        return self._steps[-1].cpus if self._steps else 0

    def take(self, time: float, use: CpuUse | None) -> None:
        """Take a read made at `time`; None when it failed, which ends nobody's life.

        After one that failed another tree may be read, where all groups are new and have used all they ever did.
        """
        if use is None:
            self._was_blind = True
            for group in self._groups.values():
                group.consumer.seen = group.consumer.line.seen = time
            return
        last = self._last
        elapsed = 0.0 if last is None else time - last[0]
        if last is not None and elapsed <= 0:
            return
        used = self._gains(time, use, elapsed)
        self._last = (time, use.busy_seconds)
        self._was_blind = False
        if last is not None:
            # A CPU that went offline takes its time along: then all that is known is what the groups used.
            busy = max(use.busy_seconds - last[1], 0.0)
            self._steps.append(_Step(last[0], time, busy, use.cpus, used))
            self._answer = None

    def between(self, begin: float, end: float) -> Shares:
        """The shares of the energy of [begin, end]."""
        duration = end - begin
        if duration <= 0:
            return NOTHING_KNOWN
        answer = self._answer
        if answer is not None and abs(answer[0] - begin) + abs(answer[1] - end) <= _SAME * duration:
            return answer[2]
        shares = self._between(begin, end)
        self._answer = (begin, end, shares)
        return shares

    def _between(self, begin: float, end: float) -> Shares:
        used: dict[Consumer, float] = {}
        busy = capacity = covered = 0.0
        for step, seconds in overlaps(self._steps, begin, end):
            weight = seconds / (step.end - step.begin)
            busy += step.busy * weight
            capacity += step.cpus * seconds
            covered += seconds
            if used:
                for consumer, cpu_seconds in step.used.items():
                    used[consumer] = used.get(consumer, 0.0) + cpu_seconds * weight
            else:
                used = {consumer: cpu_seconds * weight for consumer, cpu_seconds in step.used.items()}
        # Groups and the machine are read one after the other, by clocks of their own.
        busy = max(busy, sum(used.values()))
        covered = min(1.0, covered / (end - begin))
        if busy <= 0:
            return Shares({}, 0.0, covered)
        scale = 1.0 / busy
        shares = {consumer: cpu_seconds * scale for consumer, cpu_seconds in used.items()}
        return Shares(shares, min(1.0, busy / capacity) if capacity > 0 else 0.0, covered)

    def _gains(self, time: float, use: CpuUse, elapsed: float) -> dict[Consumer, float]:
        """What each consumer used since the read before."""
        most = _CLOCK_SLACK * elapsed * use.cpus
        before = time - elapsed
        groups = self._groups
        used: dict[Consumer, float] = {}
        for cgroup_id, now in use.groups.items():
            group = groups.get(cgroup_id)
            cpu_seconds = now.cpu_seconds
            if group is not None and (group.identity is now.identity or group.identity == now.identity):
                # Backwards: a group made anew in the place of one that ended. What it used before is not known.
                gained = cpu_seconds - group.cpu_seconds
                if group.time < before:  # it could not be read for a while: of that, only the last step is asked for
                    gained *= elapsed / (time - group.time)
                    group.consumer = self._consumer_of(now.identity)  # the one before may be off the bill by now
                group.cpu_seconds = cpu_seconds
                group.time = time
            else:
                # It began after the read before, so all it used was since; unless there was no such read.
                gained = 0.0 if self._was_blind else cpu_seconds
                group = _Group(now.identity, self._consumer_of(now.identity), cpu_seconds, time)
                groups[cgroup_id] = group
            consumer = group.consumer
            consumer.seen = consumer.line.seen = time
            if 0.0 < gained <= most:
                used[consumer] = used.get(consumer, 0.0) + gained
        if len(groups) > len(use.groups):
            oldest = time - REMEMBERED_SECONDS
            for cgroup_id in [cgroup_id for cgroup_id, group in groups.items() if group.time < oldest]:
                del groups[cgroup_id]
        return used
