"""What an amount of energy comes to at given rates, with its error bars: derived, never measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from joulecast.quantities import kilowatt_hours_from_joules

if TYPE_CHECKING:  # a client, which only reads footprints, loads no rates
    from joulecast.footprint.rates import Intensity, Rates


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


def footprint_of(
    rates: Rates,
    joules: float | None,
    uncertainty: float | None = None,
    calibration_uncertainty: float | None = None,
) -> Footprint:
    """The footprint of `joules` of IT energy: kWh = J / 3.6e6, times PUE; grams = kWh x g/kWh; cost = kWh x price.

    Nothing at all where the joules are not known, or neither intensity nor price is.
    """
    intensity, price = rates.intensity, rates.price
    if joules is None or (intensity is None and price is None):
        return NO_FOOTPRINT
    grams, money = rates.grams_per_it_kwh, rates.money_per_it_kwh
    return Footprint(
        grams_co2e=_at(joules, grams),
        uncertainty_grams_co2e=_at(uncertainty, grams),
        calibration_uncertainty_grams_co2e=_at(calibration_uncertainty, grams),
        cost=_at(joules, money),
        uncertainty_cost=_at(uncertainty, money),
        calibration_uncertainty_cost=_at(calibration_uncertainty, money),
        currency=price.currency if price else "",
        carbon_intensity_grams_per_kwh=intensity.grams_per_kwh if intensity else None,
        carbon_zone=intensity.zone if intensity else "",
        carbon_source=intensity.source if intensity else "",
        carbon_year=intensity.year if intensity else None,
        price_per_kwh=price.per_kwh if price else None,
        pue_ratio=rates.pue,
        notes=tuple(_notes(intensity, rates.pue)),
    )


def intensity_text(intensity: Intensity) -> str:
    """The figure with what it is, for people: a yearly average is said not to be the marginal intensity."""
    figure = f"{intensity.grams_per_kwh:g} g CO2e/kWh"
    if intensity.year is None:
        return f"{figure} ({' '.join(part for part in (intensity.zone, intensity.source) if part)})"
    return (
        f"{figure} is the yearly average of generation in {intensity.country or intensity.zone} in {intensity.year} "
        f"({intensity.source}): neither the hour's nor the marginal intensity"
    )


def _at(joules: float | None, per_kwh: float | None) -> float | None:
    return None if joules is None or per_kwh is None else kilowatt_hours_from_joules(joules) * per_kwh


def _notes(intensity: Intensity | None, pue: float | None) -> Iterator[str]:
    if pue is None:
        yield (
            "derived from the gross joules at the rates configured now, not stored; "
            "no PUE is configured: the site's cooling and power conversion are not in it"
        )
    else:
        yield f"derived from the gross joules x a PUE of {pue:g}, at the rates configured now, not stored"
    if intensity is not None:
        yield intensity_text(intensity)
