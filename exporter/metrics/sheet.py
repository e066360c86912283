"""One exposition being filled in: samples go only into declared families, with every value and label checked."""

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TypeGuard

from prometheus_client.core import Metric

from exporter.metrics.families import BUCKETS, Family


class Sheet:
    """The samples of one moment. What is not known leaves no trace: a value of None or NaN adds no sample."""

    def __init__(self) -> None:
        self._metrics: dict[str, Metric] = {}
        self._taken: set[tuple[str, tuple[str, ...]]] = set()

    def add(self, family: Family, value: float | None, labels: Sequence[str] = ()) -> None:
        """Add one sample; the first of two with the same labels stays, since a scrape with both is refused whole."""
        if not is_known(value) or not self._claim(family, labels):
            return
        self._metric(family).add_sample(family.name, _labelled(family, labels), float(value))

    def add_histogram(self, family: Family, counts: Sequence[int], total: float, labels: Sequence[str]) -> None:
        """Add one histogram from its counts per bucket; the last count is of what lies above every bound."""
        if not self._claim(family, labels):
            return
        metric, named, below = self._metric(family), _labelled(family, labels), 0
        for bound, count in zip((*BUCKETS[family], math.inf), counts, strict=True):
            below += count
            metric.add_sample(f"{family.name}_bucket", {**named, "le": _bound(bound)}, float(below))
        # A sum is counter-like: parsers refuse a negative one, and some values (net energy) can be negative.
        # The format wants both or none, and the last bucket is the count anyway.
        if math.isfinite(total) and total >= 0:
            metric.add_sample(f"{family.name}_count", named, float(below))
            metric.add_sample(f"{family.name}_sum", named, total)

    def metrics(self) -> Iterator[Metric]:
        """Return the families that hold something, in the order they were first filled."""
        return iter(self._metrics.values())

    def _claim(self, family: Family, labels: Sequence[str]) -> bool:
        identity = (family.name, tuple(labels))
        if identity in self._taken:
            return False
        self._taken.add(identity)
        return True

    def _metric(self, family: Family) -> Metric:
        if family.name not in self._metrics:
            self._metrics[family.name] = blank(family)
        return self._metrics[family.name]


def is_known(value: float | None) -> TypeGuard[float]:
    """Whether there is a value to show; NaN and infinity are ways of having none."""
    return value is not None and math.isfinite(value)


def printable(text: str) -> str:
    """Names from sysfs may hold bytes that are no text; one of them must not cost the whole scrape."""
    return text.encode("utf-8", "replace").decode()


def blank(family: Family) -> Metric:
    """Make the family without samples."""
    return Metric(family.root, family.help, family.kind.value, family.unit)


def blanks(families: Iterable[Family]) -> list[Metric]:
    """Make many families without samples: what a registry asks for to find clashes of names."""
    return [blank(family) for family in families]


def _labelled(family: Family, labels: Sequence[str]) -> dict[str, str]:
    return {label: printable(value) for label, value in zip(family.labels, labels, strict=True)}


def _bound(value: float) -> str:
    return "+Inf" if math.isinf(value) else repr(float(value))
