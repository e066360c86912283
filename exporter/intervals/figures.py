"""Sums over finished intervals for /metrics, by labels whose number is bounded whatever workloads send."""

import threading
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.intervals.interval import Account, Interval
from joulecast.component import Component
from joulecast.provenance import Provenance

# 1 J to 100 MJ, a third of a decade apart: an inference request and a week of training on one axis.
NET_JOULES_BUCKETS = tuple(round(10 ** (exponent / 3), 3) for exponent in range(25))
OTHER = "other"


@dataclass(frozen=True, slots=True)
class NetHistogram:
    """Net joules of the intervals of one (job, phase): count per bucket (last: above all), and their sum."""

    counts: tuple[int, ...]
    sum_joules: float


@dataclass(frozen=True, slots=True)
class IntervalFigures:
    """A consistent copy for one scrape."""

    open: int = 0
    energy: Mapping[tuple[str, str, Component, Provenance], float] = field(default_factory=dict)
    ended: Mapping[tuple[str, str, str], int] = field(default_factory=dict)  # (job, phase, status)
    net: Mapping[tuple[str, str], NetHistogram] = field(default_factory=dict)


class FigureBook:
    """Adds up settled intervals. At most `max_label_sets` (job, phase) pairs are kept apart; the rest is `other`."""

    def __init__(self, max_label_sets: int = 200) -> None:
        self._lock = threading.Lock()
        self._max = max_label_sets
        self._pairs: set[tuple[str, str]] = set()
        self._energy: dict[tuple[str, str, Component, Provenance], float] = {}
        self._ended: dict[tuple[str, str, str], int] = {}
        self._net_counts: dict[tuple[str, str], list[int]] = {}
        self._net_sums: dict[tuple[str, str], float] = {}

    def add(self, interval: Interval, *, earlier: Account | None = None) -> None:
        """Count an interval whose account is final.

        One that was counted when it was truncated, and ended after all, is counted with the `earlier` account of then:
        it stays counted as truncated, and only the energy since is added.
        """
        with self._lock:
            pair = self._bounded((interval.tag.job, interval.tag.phase))
            if earlier is None:
                ended = (*pair, interval.status.value)
                self._ended[ended] = self._ended.get(ended, 0) + 1
            if interval.account is not None:
                self._add_energy(pair, interval.account, earlier)
                self._add_net(pair, interval.account.node.net_joules, earlier)

    def snapshot(self, open_intervals: int) -> IntervalFigures:
        """Everything added so far."""
        with self._lock:
            net = {pair: NetHistogram(tuple(counts), self._net_sums[pair]) for pair, counts in self._net_counts.items()}
            return IntervalFigures(open_intervals, dict(self._energy), dict(self._ended), net)

    def _add_energy(self, pair: tuple[str, str], account: Account, earlier: Account | None) -> None:
        before = {} if earlier is None else earlier.components
        for component, energy in account.components.items():
            if energy.gross_joules is None or energy.provenance is None:
                continue
            known = before[component].gross_joules if component in before else None
            key = (*pair, component, energy.provenance)
            self._energy[key] = self._energy.get(key, 0.0) + max(0.0, energy.gross_joules - (known or 0.0))

    def _add_net(self, pair: tuple[str, str], net: float | None, earlier: Account | None) -> None:
        before = None if earlier is None else earlier.node.net_joules
        if net is None:
            return
        counts = self._net_counts.setdefault(pair, [0] * (len(NET_JOULES_BUCKETS) + 1))
        if before is None:
            counts[bisect_left(NET_JOULES_BUCKETS, net)] += 1
        self._net_sums[pair] = self._net_sums.get(pair, 0.0) + net - (before or 0.0)

    def _bounded(self, pair: tuple[str, str]) -> tuple[str, str]:
        if pair not in self._pairs:
            if len(self._pairs) >= self._max:
                return (OTHER, OTHER)
            self._pairs.add(pair)
        return pair
