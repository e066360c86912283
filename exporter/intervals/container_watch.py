"""Which containers are watched because intervals ask for their shares, and who asked since when."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from exporter.attribution.watched import ChargedEdges, Energy, Watched
from exporter.attribution.workload import Workload
from exporter.usage.evidence import CgroupIdentity, SeenCgroup

# A container that asked once is watched on for a while: batches tell of what is over.
KEPT_SECONDS = 600.0
MOST_KEPT = 64
# Who is not known at once may have begun a moment ago; after so many periods it is nobody.
ATTEMPTS = 10


@dataclass(slots=True)
class Asked:
    """What a live interval asks of its container."""

    identity: CgroupIdentity | None
    is_held: bool = False
    has_restarted: bool = False  # what an earlier run saw of it is lost
    begin: ChargedEdges | None = None
    attempts: int = 0


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
        kept_seconds: float = KEPT_SECONDS,
    ) -> None:
        """`of_caller` tells whose container a caller is in, None for nobody's."""
        self._attribution = attribution
        self._of_caller = of_caller
        self._kept_seconds = kept_seconds
        self._lock = threading.Lock()
        self._kept: OrderedDict[CgroupIdentity, float] = OrderedDict()  # until when

    def find(self, caller: Sequence[SeenCgroup]) -> CgroupIdentity | None:
        """Whose container that is."""
        return self._of_caller(caller) if caller else None

    def hold(self, asked: Asked, now: float) -> None:
        """Watch its container, if it is known, until `let_go`."""
        identity = asked.identity
        if identity is None or asked.is_held:
            return
        asked.is_held = True
        asked.begin = None  # of what is watched from now on, or still
        watched = self._attribution.watched
        watched.watch(identity)
        with self._lock:
            if identity not in self._kept:
                watched.watch(identity)
            self._kept[identity] = now + self._kept_seconds
            self._kept.move_to_end(identity)
            if len(self._kept) > MOST_KEPT:
                watched.unwatch(self._kept.popitem(last=False)[0])

    def let_go(self, asked: Asked) -> None:
        """This interval asks no more; harmless twice."""
        if asked.identity is not None and asked.is_held:
            asked.is_held = False
            self._attribution.watched.unwatch(asked.identity)

    def tick(self, now: float) -> None:
        """Forget containers of which nobody has asked for a while."""
        if not self._kept:
            return
        with self._lock:
            for identity in [identity for identity, until in self._kept.items() if until < now]:
                del self._kept[identity]
                self._attribution.watched.unwatch(identity)

    def settled_until(self, identity: CgroupIdentity) -> float | None:
        """The moment up to which everything it used is charged; None before the first step."""
        return self._attribution.watched.settled_until(identity)

    def edges(self, identity: CgroupIdentity, time: float, energy: Energy) -> ChargedEdges | None:
        """What it was charged up to that moment; None before the first step."""
        return self._attribution.watched.edges(identity, time, energy)

    def name_of(self, identity: CgroupIdentity) -> Workload:
        """What it is called by now."""
        return self._attribution.name_of(identity)
