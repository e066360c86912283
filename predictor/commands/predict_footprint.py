"""What a day of the estimated energy comes to in carbon and money, where somebody says at which rates."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from joulecast.client.readable import cost_text, grams_text
from joulecast.footprint.footprint import intensity_text
from joulecast.footprint.rates import Rates, rates_of
from predictor.estimate import Estimate, Quantity


@dataclass(frozen=True, slots=True)
class Day:
    """Grams of CO2-equivalents and money of one day, each with the band of the energy; None where no rate is known."""

    grams_co2e: Quantity | None
    cost: Quantity | None
    rates: Rates

    @property
    def currency(self) -> str:
        """ISO 4217; empty without a price."""
        return self.rates.price.currency if self.rates.price else ""

    def notes(self) -> Iterator[str]:
        """What the figures hold for."""
        site = "no PUE is given" if self.rates.pue is None else f"at a PUE of {self.rates.pue:g}"
        yield f"carbon and money are of the energy per day, so of what the scope says and nothing beside it, {site}"
        if self.rates.intensity is not None:
            yield intensity_text(self.rates.intensity)


def add_rates(parser: argparse.ArgumentParser) -> None:
    """Declare what a kilowatt-hour comes to."""
    group = parser.add_argument_group("carbon and money, per day")
    group.add_argument("--carbon-zone", metavar="COUNTRY", help="ISO code or name, for its yearly carbon intensity")
    group.add_argument("--carbon-intensity", type=float, metavar="GRAMS", help="per kWh, in place of that average")
    group.add_argument("--electricity-price", type=float, metavar="PRICE", help="of a kWh, in --currency")
    group.add_argument("--currency", metavar="CODE", help="three letters of ISO 4217, as EUR")
    group.add_argument("--pue", type=float, metavar="RATIO", help="of the site; both are multiplied by it")


def rates_given(args: argparse.Namespace) -> Rates:
    """The rates as the options tell them. Raises JoulecastError for what cannot be."""
    return rates_of(
        zone=args.carbon_zone,
        intensity=args.carbon_intensity,
        price=args.electricity_price,
        currency=args.currency,
        pue=args.pue,
    )


def day_of(estimate: Estimate, rates: Rates) -> Day | None:
    """A day at these rates; None where neither carbon nor money is asked for, or the energy per day is not known."""
    energy, grams, money = estimate.kilowatt_hours_per_day, rates.grams_per_it_kwh, rates.money_per_it_kwh
    if energy is None or (grams is None and money is None):
        return None
    return Day(
        None if grams is None else energy.times(grams),
        None if money is None else energy.times(money),
        rates,
    )


def day_rows(day: Day | None) -> Iterator[tuple[str, str, str, str]]:
    """For a table of P10, estimate and P90."""
    if day is not None and day.grams_co2e is not None:
        it = day.grams_co2e
        yield "CO2e per day", grams_text(it.p10), grams_text(it.value), grams_text(it.p90)
    if day is not None and day.cost is not None:
        low, value, high = (cost_text(each, day.currency) for each in (day.cost.p10, day.cost.value, day.cost.p90))
        yield "cost per day", low, value, high


def day_cells(day: Day | None) -> list[str]:
    """Carbon and cost of one row of a range; empty for what is not known."""
    if day is None:
        return ["", ""]
    return [
        "" if day.grams_co2e is None else grams_text(day.grams_co2e.value),
        "" if day.cost is None else cost_text(day.cost.value, day.currency),
    ]


def day_document(day: Day | None) -> dict[str, Any] | None:
    """For scripts: null for what is not known."""
    if day is None:
        return None
    intensity, price = day.rates.intensity, day.rates.price
    return {
        "grams_co2e": None if day.grams_co2e is None else day.grams_co2e._asdict(),
        "cost": None if day.cost is None else day.cost._asdict(),
        "currency": day.currency,
        "carbon_intensity_grams_per_kwh": intensity.grams_per_kwh if intensity else None,
        "carbon_zone": intensity.zone if intensity else "",
        "carbon_source": intensity.source if intensity else "",
        "carbon_year": intensity.year if intensity else None,
        "price_per_kwh": price.per_kwh if price else None,
        "pue_ratio": day.rates.pue,
    }
