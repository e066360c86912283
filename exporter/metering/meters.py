"""Which meter a series gets: decided by its type, never by the values it shows."""

from exporter.metering.counting import CounterMeter
from exporter.metering.curve import EnergyCurve
from exporter.metering.fusion import FusedMeter
from exporter.metering.integration import PowerMeter
from exporter.metering.meter import Meter
from exporter.sensors.sensor import Quantity, Series


def make_meter(series: Series, start: float, *, joules: float = 0.0, observed: float = 0.0) -> Meter:
    """The meter for a series, its curve beginning at `start` with what an earlier run had counted."""
    # A counter's point is placed half a refresh back, so it may be off by the other half.
    blur = series.update_seconds / 2 if series.quantity is Quantity.COUNTER else 0.0
    curve = EnergyCurve(start, joules=joules, observed=observed, blur_seconds=blur)
    match series.quantity:
        case Quantity.COUNTER:
            return CounterMeter(series, curve)
        case Quantity.POWER:
            return PowerMeter(series, curve)
        case Quantity.COUNTER_AND_POWER:
            return FusedMeter(series, curve)
