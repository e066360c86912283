"""What a container was charged of an interval that is still open, so that it outlives the exporter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporter.attribution.track import ChargedEdge
from exporter.attribution.watched import ChargedEdges
from joulecast.component import Component, SeriesKey

_NOTHING = ChargedEdge(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class ChargedBefore:
    """Joules and seconds since the begin of the interval, and the half-width of that begin, by curve."""

    run: str  # of the exporter that saw it: what the same run watched is not charged twice
    until: float  # monotonic seconds
    by_series: Mapping[SeriesKey, ChargedEdge]
    gpu_methods: frozenset[str] = frozenset()


def charged_since(
    run: str, until: float, first: ChargedEdges, last: ChargedEdges, before: ChargedBefore | None
) -> ChargedBefore:
    """What there is to keep: what an earlier run saw, and what this one did between two edges."""
    first, last = joined(before, first, last)
    by_series = {}
    for key, edge in last.by_series.items():
        begin = first.by_series.get(key, _NOTHING)
        by_series[key] = ChargedEdge(edge.joules - begin.joules, edge.covered - begin.covered, begin.half_width)
    return ChargedBefore(run, until, by_series, last.gpu_methods)


def joined(before: ChargedBefore | None, first: ChargedEdges, last: ChargedEdges) -> tuple[ChargedEdges, ChargedEdges]:
    """Two edges, of which the first stands at the begin of the interval as an earlier run saw it."""
    if before is None:
        return first, last
    begins, ends = dict(first.by_series), dict(last.by_series)
    for key, seen in before.by_series.items():
        begin = first.by_series.get(key, _NOTHING)
        end = last.by_series.get(key, begin)
        begins[key] = ChargedEdge(0.0, 0.0, seen.half_width)
        ends[key] = ChargedEdge(
            seen.joules + max(0.0, end.joules - begin.joules),
            seen.covered + max(0.0, end.covered - begin.covered),
            end.half_width,
        )
    methods = before.gpu_methods | last.gpu_methods
    return ChargedEdges(begins, first.first_seen), ChargedEdges(ends, last.first_seen, methods)


def pack_charged(charged: ChargedBefore) -> dict[str, Any]:
    """JSON-able, to be kept beside the begin edge."""
    return {
        "run": charged.run,
        "until": charged.until,
        "rows": [[*key, *edge] for key, edge in charged.by_series.items()],
        "gpu_methods": sorted(charged.gpu_methods),
    }


def unpack_charged(packed: Mapping[str, Any]) -> ChargedBefore:
    """What `pack_charged` packed."""
    rows: Sequence[Sequence[Any]] = packed["rows"]
    by_series = {SeriesKey(Component(row[0]), row[1], row[2]): ChargedEdge(*row[3:]) for row in rows}
    return ChargedBefore(packed["run"], packed["until"], by_series, frozenset(packed["gpu_methods"]))
