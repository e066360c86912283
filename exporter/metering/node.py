"""The node's meters: which series are published, which are counted, and what they have summed up to."""

import math
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from exporter.metering.curve import Edge
from exporter.metering.fusion import FusedMeter
from exporter.metering.meter import Anchor, Meter
from exporter.metering.meters import make_meter
from exporter.metering.shadow import Part, Shadow
from exporter.metering.snapshot import SeriesState
from exporter.sensors.preference import Choice, choose
from exporter.sensors.sensor import Finding, Reading, Series
from joulecast.clock import Clock
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance, weakest

# Power shown is the slope of the curve over this long.
POWER_WINDOW_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class NodeSum:
    """Eq. 3 of the paper: packages + DRAM + GPUs; None while no part is known."""

    watts: float | None
    joules: float | None
    provenance: Provenance | None


class NodeMeter:
    """All meters of this machine. Lanes feed it, everyone else reads it.

    A series that could be a node part but is not chosen (a TDP estimate beside RAPL) is not published at all: what is
    published under cpu package, dram and gpu always adds up to the node.
    """

    def __init__(
        self, clock: Clock, boot_id: str, *, stale_seconds: float, checkpoint: Mapping[str, Any] | None = None
    ) -> None:
        self._clock = clock
        self._boot_id = boot_id
        self._stale = stale_seconds
        self._lock = threading.Lock()
        self._findings: dict[str, Finding] = {}
        self._meters: dict[SeriesKey, Meter] = {}
        self._sorted: Sequence[Meter] = ()  # asked for at every edge, and changed hardly ever
        self.latency_seconds = 0.0  # of the slowest published meter: how long until all are final up to a moment
        self._by_series: dict[Series, Meter] = {}
        self._choices: dict[Series, Choice] = {}
        self._node_base = 0.0
        self._shadow = Shadow()
        self._saved: dict[SeriesKey, Mapping[str, Any]] = {}  # not adopted in this run yet
        self._restored: dict[SeriesKey, Mapping[str, Any]] = {}
        if checkpoint:
            self._restore(checkpoint)

    def adopt(self, finding: Finding) -> None:
        """Take in what a sensor found, and decide anew what is published and counted."""
        with self._lock:
            before = self._counted_joules()
            self._findings[finding.sensor] = self._with_lost(finding)
            self._choices = choose(list(self._findings.values()))
            now = self._clock.monotonic()
            published = [series for series, choice in self._choices.items() if choice.metered]
            for series in published:
                if series not in self._by_series:
                    self._meters[series.key] = self._make(series, now)
            self._by_series = {
                series: self._meters[series.key] for series in published if self._meters[series.key].series is series
            }
            self._shadow.follow(self._choices.keys() - self._by_series.keys())
            for key in self._meters.keys() - {series.key for series in self._by_series}:
                self._saved[key] = self._row(self._meters.pop(key))
            self._sorted = sorted(self._meters.values(), key=lambda meter: meter.series.key)
            self.latency_seconds = max((meter.latency_seconds for meter in self._sorted), default=0.0)
            # A meter that stays counts as it did before: what it was fed meanwhile is no change of the base.
            after = {meter: before.get(meter, joules) for meter, joules in self._counted_joules().items()}
            self._node_base += math.fsum(before.values()) - math.fsum(after.values())

    def is_used(self, sensor: str) -> bool:
        """Whether any series of this sensor is published or compared: if not, there is no need to read it."""
        return self.is_published(sensor) or self._shadow.is_wanted(sensor)

    def is_published(self, sensor: str) -> bool:
        """Whether any series of this sensor is published; what is only compared may be read at leisure."""
        with self._lock:
            return any(series.sensor == sensor for series in self._by_series)

    def feed(self, time: float, reading: Reading, spread: float) -> str | None:
        """Take a stamped reading; returns why it was refused, or None."""
        meter = self._by_series.get(reading.series)
        return (meter or self._shadow).feed(time, reading, spread)

    def meters(self) -> Sequence[Meter]:
        """The published meters, in a stable order."""
        return self._sorted

    def is_counted(self, series: Series) -> bool:
        """Whether a series is part of node energy."""
        choice = self._choices.get(series)
        return choice is not None and choice.counted

    def states(self) -> list[SeriesState]:
        """Every published series as it stands."""
        now = self._clock.monotonic()
        states = []
        choices = self._choices
        for meter in self.meters():
            choice = choices.get(meter.series)
            if choice is None:  # found just now
                continue
            edge = meter.curve.at(meter.curve.front)  # one moment, whatever a lane appends meanwhile
            watts = None
            if now - edge.time <= self._stale + meter.latency_seconds:
                watts = meter.curve.mean_power(POWER_WINDOW_SECONDS)
            uncertainty = None
            if watts is not None:
                uncertainty = math.hypot(watts * meter.series.relative_error, edge.half_width / POWER_WINDOW_SECONDS)
            states.append(
                SeriesState(
                    meter.series,
                    choice.counted,
                    choice.reason,
                    edge.joules,
                    watts,
                    uncertainty,
                    front=edge.time,
                    observed=edge.observed,
                )
            )
        return states

    def node(self, states: Sequence[SeriesState]) -> NodeSum:
        """The sum of the counted parts, as weak as its weakest."""
        counted = [state for state in states if state.counted]
        present = [state.watts for state in counted if state.watts is not None]
        return NodeSum(
            watts=math.fsum(present) if present else None,
            joules=self._node_base + math.fsum(state.joules for state in counted) if counted else None,
            provenance=weakest(state.series.provenance for state in counted),
        )

    def gains(self) -> dict[str, float]:
        """Counter to integrated power, by GPU; only where it is known."""
        return {
            meter.series.key.device: meter.gain.ratio
            for meter in self.meters()
            if isinstance(meter, FusedMeter) and meter.gain.ratio is not None
        }

    def residuals(self) -> dict[Part, float]:
        """Predicted over measured energy, less 1, where a part is both; over the last minute."""
        return self._shadow.residuals([meter for meter in self.meters() if self.is_counted(meter.series)])

    def checkpoint(self) -> dict[str, Any]:
        """What the next run needs to go on counting, JSON-able; series not seen in this run are carried along."""
        with self._lock:
            rows = self._saved | {key: self._row(meter) for key, meter in self._meters.items()}
            joules = self._node_base + math.fsum(self._counted_joules().values())
        return {"node_joules": joules, "series": list(rows.values())}

    def last_known(self) -> dict[SeriesKey, Edge]:
        """The curves where an earlier run last saw them, for intervals that outlived their boot."""
        return {
            key: Edge(row["front"], row["joules"], 0.0, 0.0, row["observed"]) for key, row in self._restored.items()
        }

    def _restore(self, checkpoint: Mapping[str, Any]) -> None:
        # All of it is base at first; adopting a series moves its energy from the base into the sum.
        self._node_base = checkpoint["node_joules"]
        for row in checkpoint["series"]:
            component, device, zone = row["key"]
            self._saved[SeriesKey(Component(component), device, zone)] = row
        self._restored = dict(self._saved)

    def _with_lost(self, finding: Finding) -> Finding:
        """What a sensor found, with what it misses of earlier findings: a lost device keeps its curve, with a gap."""
        earlier = self._findings.get(finding.sensor)
        present = {series.key for series in finding.series}
        lost = [series for series in earlier.series if series.key not in present] if earlier else []
        return replace(finding, series=(*finding.series, *lost))

    def _make(self, series: Series, now: float) -> Meter:
        """A meter that goes on where this key's last one stopped: another sensor's, or an earlier run's."""
        replaced = self._meters.get(series.key)
        row = self._saved.pop(series.key, None) if replaced is None else self._row(replaced)
        if row is None:
            return make_meter(series, now)
        if row["boot_id"] != self._boot_id or row["front"] > now:
            return make_meter(series, now, joules=row["joules"], observed=row["observed"])
        meter = make_meter(series, row["front"], joules=row["joules"], observed=row["observed"])
        if row["anchor"] is not None and row["sensor"] == series.sensor:
            meter.resume(Anchor(*row["anchor"]))
        return meter

    def _row(self, meter: Meter) -> dict[str, Any]:
        """Where a meter stands, JSON-able."""
        edge = meter.curve.at(meter.curve.front)
        return {
            "key": list(meter.series.key),
            "sensor": meter.series.sensor,
            "front": edge.time,
            "joules": edge.joules,
            "observed": edge.observed,
            "anchor": None if meter.anchor is None else list(meter.anchor),
            "boot_id": self._boot_id,
        }

    def _counted_joules(self) -> dict[Meter, float]:
        return {meter: meter.curve.joules for meter in self._meters.values() if self.is_counted(meter.series)}
