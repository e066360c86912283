"""What an amount of energy comes to, as a value: what the wire carries and a workload reads."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Footprint:
    """Grams of CO2-equivalents and money of some joules, and the figures they were made with; None is not known.

    The half-widths are those of the joules, carried over: nobody states the error of a yearly average or of a PUE.
    """

    grams_co2e: float | None = None
    uncertainty_grams_co2e: float | None = None  # half-width of the sampling error
    calibration_uncertainty_grams_co2e: float | None = None  # half-width of what repeats in every interval
    cost: float | None = None
    uncertainty_cost: float | None = None
    calibration_uncertainty_cost: float | None = None
    currency: str = ""  # ISO 4217
    carbon_intensity_grams_per_kwh: float | None = None
    carbon_zone: str = ""
    carbon_source: str = ""
    carbon_year: int | None = None  # of a yearly average
    price_per_kwh: float | None = None
    pue_ratio: float | None = None  # None: not known, and none was applied
    notes: Sequence[str] = ()


NO_FOOTPRINT = Footprint()
