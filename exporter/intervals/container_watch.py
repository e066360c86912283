"""Which containers are watched because intervals ask for their shares, and who asked since when."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

from exporter.attribution.watched import ChargedEdges, Energy, Watched
from exporter.attribution.workload import Workload
from exporter.intervals.charged_before import ChargedBefore
from exporter.usage.evidence import Caller, CgroupIdentity, SeenCgroup

# A container that asked once is watched on for a while: batches tell of what is over.
KEPT_SECONDS = 600.0
MOST_KEPT = 64
# Each takes up to 24 KiB for every curve of the machine.
MOST_WATCHED = 128
# Who asks may be anybody, and to look for a cgroup that nobody has costs some milliseconds on a crowded machine.
MOST_LOOKED_FOR = 64


@dataclass(slots=True)
class Asked:
    """What a live interval asks of its container."""

    identity: CgroupIdentity | None
    is_held: bool = False
    has_restarted: bool = False
    before: ChargedBefore | None = None  # what an earlier run saw
    begin: ChargedEdges | None = None
    attempts: int = 0
    kept_at: float = float("-inf")


class Attributing(Protocol):
    """What is asked of attribution."""

    @property
    def watched(self) -> Watched:
        """What containers are charged, step by step."""
        ...

    def name_of(self, identity: CgroupIdentity) -> Workload:
        """What a container is called by now."""
        ...


class ContainerWatch:
    """Watches each container once, for as long as an interval asks or may ask. Any thread may call."""

    def __init__(
        self,
        attribution: Attributing,
        of_caller: Callable[[Sequence[SeenCgroup]], CgroupIdentity | None],
        *,
        boot_id: str,
    ) -> None:
        """`of_caller` tells whose container a caller is in, None for nobody's; asked for callers of this boot only."""
        self.run = uuid4().hex
        self._attribution = attribution
        self._of_caller = of_caller
        self._boot_id = boot_id
        self._lock = threading.Lock()
        self._found: dict[Caller, CgroupIdentity | None] = {}  # in this period
        self._holders: Counter[CgroupIdentity] = Counter()
        self._kept: OrderedDict[CgroupIdentity, float] = OrderedDict()  # until when, though nobody holds it

    def find(self, caller: Caller) -> CgroupIdentity | None:
        """Whose container that is, as far as it is known now. Its word is taken for where it runs."""
        if not caller.cgroups or not self.is_here(caller):
            return None
        with self._lock:
            if caller in self._found:
                return self._found[caller]
            if len(self._found) >= MOST_LOOKED_FOR:
                return None
            found = self._found[caller] = self._of_caller(caller.cgroups)
            return found

    def is_here(self, caller: Caller) -> bool:
        """Whether it shares this machine's kernel: the same inode under another one is somebody else's."""
        return caller.boot_id == self._boot_id != ""

    def hold(self, asked: Asked) -> None:
        """Watch its container until `let_go`, if it is known and not one too many."""
        identity = asked.identity
        if identity is None or asked.is_held:
            return
        with self._lock:
            if identity not in self._holders and not self._watch(identity):
                return
            self._holders[identity] += 1
            self._kept.pop(identity, None)
            asked.is_held = True
            asked.begin = None  # of what is watched from now on, or still

    def let_go(self, asked: Asked, now: float) -> None:
        """This interval asks no more; harmless twice."""
        identity = asked.identity
        if identity is None or not asked.is_held:
            return
        with self._lock:
            asked.is_held = False
            self._holders[identity] -= 1
            if not self._holders[identity]:
                del self._holders[identity]
                self._kept[identity] = now + KEPT_SECONDS
                if len(self._kept) > MOST_KEPT:
                    self._forget_one()

    def tick(self, now: float) -> None:
        """A period has passed: whoever was not known may be by now, and who was not asked for in a while is let go."""
        if not self._kept and not self._found:
            return
        with self._lock:
            self._found.clear()
            while self._kept and next(iter(self._kept.values())) < now:
                self._forget_one()

    def settled_until(self, identity: CgroupIdentity) -> float | None:
        """The moment up to which everything it used is charged; None before the first step."""
        return self._attribution.watched.settled_until(identity)

    def edges(self, identity: CgroupIdentity, time: float, energy: Energy) -> ChargedEdges | None:
        """What it was charged up to that moment; None before the first step."""
        return self._attribution.watched.edges(identity, time, energy)

    def name_of(self, identity: CgroupIdentity) -> Workload:
        """What it is called by now."""
        return self._attribution.name_of(identity)

    def _watch(self, identity: CgroupIdentity) -> bool:
        """Begin to watch, unless it still is; False if there is no room for one more."""
        if identity in self._kept:
            return True
        if len(self._holders) + len(self._kept) >= MOST_WATCHED:
            if not self._kept:
                return False
            self._forget_one()
        self._attribution.watched.watch(identity)
        return True

    def _forget_one(self) -> None:
        self._attribution.watched.unwatch(self._kept.popitem(last=False)[0])
