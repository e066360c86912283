"""All curves read at one moment, and when that can be done for good."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from exporter.metering.curve import BeforeHistory, Edge, EnergyCurve
from exporter.metering.meter import Meter
from joulecast.component import Component, SeriesKey

# The read that closes an edge comes this soon after it, as the paces in `exporter.metering.cadence` have it.
FOLLOW_UP_SECONDS = 0.05
# A meter that has not passed a moment this long after it should have is taken as silent: coverage will tell.
PATIENCE_SECONDS = 2.0

Edges = Mapping[SeriesKey, Edge]


def settled_until(meters: Iterable[Meter], now: float, period: float) -> float:
    """Up to when every curve is final, or has been silent for so long that it will not get there."""
    patience = 2 * period + PATIENCE_SECONDS
    return min((max(meter.curve.front, now - meter.latency_seconds - patience) for meter in meters), default=math.inf)


def read_edges(meters: Iterable[Meter], time: float) -> dict[SeriesKey, Edge]:
    """Every curve at `time`; one that began later is read at its beginning, and coverage tells the rest."""
    return {meter.series.key: read_edge(meter.curve, time) for meter in meters}


def read_edge(curve: EnergyCurve, time: float) -> Edge:
    """One curve at `time`, or at its beginning if that was later."""
    try:
        return curve.at(time)
    except BeforeHistory:
        return curve.at(curve.start)


def pack_edges(edges: Edges) -> dict[str, Any]:
    """JSON-able rows, to outlive a restart."""
    return {
        "rows": [
            [*key, edge.time, edge.joules, edge.half_width, edge.variance, edge.observed] for key, edge in edges.items()
        ]
    }


def unpack_edges(packed: Mapping[str, Any]) -> dict[SeriesKey, Edge]:
    """What `pack_edges` packed."""
    rows: Sequence[Sequence[Any]] = packed["rows"]
    return {SeriesKey(Component(row[0]), row[1], row[2]): Edge(*row[3:]) for row in rows}
