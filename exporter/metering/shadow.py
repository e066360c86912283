"""Predictions in the shadow of measurements: how far off they are here says how far to trust them elsewhere."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from exporter.metering.curve import EnergyCurve
from exporter.metering.integration import PowerMeter
from exporter.metering.meter import Meter
from exporter.sensors.power_question import NAME
from exporter.sensors.sensor import Reading, Series
from joulecast.component import Component
from joulecast.provenance import Provenance

# A residual is that of the energies of the last minute: power and utilisation are not read at one moment.
WINDOW_SECONDS = 60.0
# Of less than this nothing is said.
LEAST_SECONDS = 5.0
_HELD_POINTS = 1024
_A_MOMENT = 1e-6  # seconds: a curve begins before its first reading
_TRUE = frozenset({Provenance.MEASURED, Provenance.INTEGRATED})

Part = tuple[Component, str]
"""A component and a device; no device where prediction and measurement divide the component differently."""


class Shadow:
    """Curves of what is predicted and not published. Fed by one lane; read by the tick."""

    def __init__(self, window_seconds: float = WINDOW_SECONDS) -> None:
        self._window = window_seconds
        self._meters: Mapping[Series, PowerMeter | None] = {}  # None until it is first read

    def follow(self, series: Iterable[Series]) -> None:
        """Keep curves for those of these that are predictions, and forget the others."""
        self._meters = {each: self._meters.get(each) for each in series if each.sensor == NAME}

    def is_wanted(self, sensor: str) -> bool:
        """Whether a sensor must be read although nothing of it is published."""
        return sensor == NAME and bool(self._meters)

    def feed(self, time: float, reading: Reading, spread: float) -> str | None:
        """Take a reading that is not published; returns why it was refused, or None."""
        series, meters = reading.series, self._meters
        if series not in meters:
            return None
        meter = meters[series]
        if meter is None:
            meter = PowerMeter(series, EnergyCurve(time - _A_MOMENT, capacity=_HELD_POINTS))
            self._meters = {**meters, series: meter}
        return meter.feed(time, reading, spread)

    def residuals(self, counted: Sequence[Meter]) -> dict[Part, float]:
        """Predicted over measured energy, less 1, for every part that both are known of over the same time."""
        predicted = _by_part(meter for meter in self._meters.values() if meter is not None)
        measured = _by_part(meter for meter in counted if meter.series.provenance in _TRUE)
        found = {}
        for component, devices in predicted.items():
            theirs = measured.get(component)
            if theirs is None:
                continue
            if devices.keys() == theirs.keys() or component is Component.GPU:
                pairs = {device: ([devices[device]], [theirs[device]]) for device in devices.keys() & theirs.keys()}
            else:
                pairs = {"": (list(devices.values()), list(theirs.values()))}
            for device, (ours, truth) in pairs.items():
                residual = self._residual(ours, truth)
                if residual is not None:
                    found[component, device] = residual
        return found

    def _residual(self, ours: Sequence[Meter], truth: Sequence[Meter]) -> float | None:
        curves = [meter.curve for meter in (*ours, *truth)]
        end = min(curve.front for curve in curves)
        begin = max(end - self._window, *(curve.start for curve in curves))
        if end - begin < LEAST_SECONDS:
            return None
        estimate, measured = _joules(ours, begin, end), _joules(truth, begin, end)
        return estimate / measured - 1.0 if estimate is not None and measured else None


def _by_part(meters: Iterable[Meter]) -> Mapping[Component, dict[str, Meter]]:
    parts: dict[Component, dict[str, Meter]] = defaultdict(dict)
    for meter in meters:
        parts[meter.series.key.component][meter.series.key.device] = meter
    return parts


def _joules(meters: Sequence[Meter], begin: float, end: float) -> float | None:
    """Their energy between two moments; None unless all of it was observed."""
    joules = []
    for meter in meters:
        first, last = meter.curve.at(begin), meter.curve.at(end)
        if last.observed - first.observed < 0.99 * (end - begin):
            return None
        joules.append(last.joules - first.joules)
    return math.fsum(joules)
