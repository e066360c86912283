"""What is asked of a power model about one series: all but the utilisation is known when the series is found."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from exporter.sensors.estimator import Estimator
from exporter.sensors.sensor import Quantity, Series
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

NAME = "predicted"
# Nothing estimated comes near; it is here because a meter must know a bound.
HIGHEST_FACTOR = 3.0


@dataclass(frozen=True, slots=True)
class PowerQuestion:
    """`gauge` is the feature that utilisation fills in; `share` of what is estimated is this machine's."""

    series: Series
    model: str
    gauge: str
    numbers: Mapping[str, float]
    names: Mapping[str, str]
    share: float = 1.0

    def watts(self, estimator: Estimator, utilization: float) -> float:
        """The model's answer at this utilisation, 0..1. Raises SensorAbsent or SensorFailed."""
        point = {**self.numbers, self.gauge: min(1.0, max(0.0, utilization))}
        return self.share * estimator.watts(self.model, point, self.names).watts


def pose(
    estimator: Estimator,
    key: SeriesKey,
    model: str,
    gauge: str,
    *,
    numbers: Mapping[str, float],
    names: Mapping[str, str],
    note: str,
    share: float = 1.0,
    further_error: float = 0.0,
) -> PowerQuestion:
    """The question, tried once at full utilisation: what the answer says of its error, the series says.

    `further_error` is that of the numbers themselves, as a ratio. Raises SensorAbsent or SensorFailed.
    """
    band = estimator.watts(model, {**numbers, gauge: 1.0}, names)
    series = Series(
        key=key,
        sensor=NAME,
        provenance=Provenance.PREDICTED,
        quantity=Quantity.POWER,
        source=f"{model}, {estimator.source}",
        max_watts=HIGHEST_FACTOR * band.p90 * share,
        is_mean=key.component is not Component.GPU,
        # The model is wrong by about the same factor in every interval on this machine.
        relative_error=math.hypot(band.relative_error, further_error),
        note=note,
    )
    return PowerQuestion(series, model, gauge, numbers, names, share)
