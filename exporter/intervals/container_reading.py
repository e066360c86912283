"""What containers were charged, read together with the curves: the begins, the ends, and the shares between them."""

from collections.abc import Iterable
from dataclasses import replace

from exporter.attribution.watched import ChargedEdges
from exporter.intervals.accounting import FULLY_OBSERVED
from exporter.intervals.charged_before import ChargedBefore, charged_since, joined
from exporter.intervals.container_share import (
    ASKED_LATE,
    ELSEWHERE,
    NOBODY_KNOWN,
    NOBODY_SEEN,
    NOT_WATCHED,
    OVER_A_RESTART,
    TOO_MANY,
    container_share,
    unknown_share,
)
from exporter.intervals.container_watch import Asked, ContainerWatch
from exporter.intervals.interval import Account, ContainerShare, Interval
from exporter.metering.curve import BeforeHistory
from exporter.metering.meter import Meter
from exporter.usage.evidence import Caller, CgroupIdentity
from joulecast.component import SeriesKey

_MOMENT = 1e-9  # an interval of no length is seen if its only moment is


class ContainerReading:
    """Containers and curves as they stand at one moment."""

    def __init__(self, containers: ContainerWatch, meters: Iterable[Meter], waited_until: float) -> None:
        """An end before `waited_until` has waited long enough for attribution."""
        self._containers = containers
        self._curves = {meter.series.key: meter.curve for meter in meters}
        self._waited_until = waited_until

    def settle_begin(self, asked: Asked, begin: float) -> None:
        """Read what its container was charged up to the begin, while steps there are remembered one by one."""
        if (
            asked.begin is None
            and asked.is_held
            and asked.identity is not None
            and self._has_passed(asked.identity, begin)
        ):
            asked.begin = self._containers.edges(asked.identity, begin, self._energy)

    def is_settled(self, asked: Asked, end: float) -> bool:
        """Whether attribution has passed the end, or is not waited for any longer."""
        if not asked.is_held or end < self._waited_until:
            return True
        return asked.identity is not None and asked.begin is not None and self._has_passed(asked.identity, end)

    def share(self, interval: Interval, asked: Asked, found: Account, end: float) -> ContainerShare:
        """Its container's share of the energy found between its begin and `end`."""
        if asked.identity is None:
            return unknown_share(None, self._why_nobody(interval.tag.caller))
        workload = self._containers.name_of(asked.identity)
        if not asked.is_held:
            return unknown_share(workload, TOO_MANY)
        before = asked.before
        last = self._containers.edges(asked.identity, end, self._energy)
        is_seen = last is not None and last.first_seen < max(end, interval.begin + _MOMENT)
        if (before is None and not is_seen) or (before is not None and end < before.until):
            return unknown_share(workload, OVER_A_RESTART if asked.has_restarted else NOT_WATCHED)
        last = last or ChargedEdges({}, end)
        first = asked.begin or self._containers.edges(asked.identity, interval.begin, self._energy) or last
        share = container_share(workload, found, *joined(before, first, last), end - interval.begin)
        late = min(last.first_seen, end) - interval.begin
        if share.coverage >= FULLY_OBSERVED or (late <= 0 and before is None):
            return share
        why = OVER_A_RESTART if asked.has_restarted else f"{ASKED_LATE}: its first {late:.1f} s are missing"
        return replace(share, notes=(*share.notes, why))

    def so_far(self, asked: Asked) -> ChargedBefore | None:
        """What its container was charged as far as that is known, for the next run; None before the begin is read."""
        if asked.identity is None or asked.begin is None:
            return None
        until = self._containers.settled_until(asked.identity)
        last = None if until is None else self._containers.edges(asked.identity, until, self._energy)
        if until is None or last is None:
            return None
        return charged_since(self._containers.run, until, asked.begin, last, asked.before)

    def _why_nobody(self, caller: Caller | None) -> str:
        if caller is None or not caller.cgroups:
            return NOBODY_SEEN
        return NOBODY_KNOWN if self._containers.is_here(caller) else ELSEWHERE

    def _has_passed(self, identity: CgroupIdentity, time: float) -> bool:
        charged_until = self._containers.settled_until(identity)
        return charged_until is not None and charged_until >= time

    def _energy(self, key: SeriesKey, time: float) -> float | None:
        curve = self._curves.get(key)
        try:
            return None if curve is None else curve.at(time).joules
        except BeforeHistory:
            return None
