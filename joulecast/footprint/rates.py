"""What a kilowatt-hour comes to at a site, as far as somebody said it: carbon intensity, price, PUE."""

from dataclasses import dataclass

from joulecast.errors import JoulecastError
from joulecast.footprint.countries import PUBLISHER, find_country

HIGHEST_INTENSITY = 5000.0  # grams per kWh; the dirtiest grid is at 1300, a small diesel generator below 1500
HIGHEST_PRICE = 1e6  # per kWh: some currencies have small units
HIGHEST_PUE = 10.0
AS_CONFIGURED = "configured"
_LETTERS = 3


@dataclass(frozen=True, slots=True)
class Intensity:
    """Grams of CO2-equivalents per kWh, and where the figure is from; `year` is that of a yearly average."""

    grams_per_kwh: float
    zone: str = ""  # a country's two letters, or what the operator calls the grid
    source: str = AS_CONFIGURED
    year: int | None = None
    country: str = ""  # by name, where the figure is the table's

    @property
    def cited(self) -> str:
        """The source with its year, as one label."""
        return self.source if self.year is None else f"{self.source}, {self.year}"


@dataclass(frozen=True, slots=True)
class Price:
    """Money per kWh, in a currency of ISO 4217."""

    per_kwh: float
    currency: str


@dataclass(frozen=True, slots=True)
class Rates:
    """All that is known of a site; None for what nobody said. No intensity, no grams; no price, no money."""

    intensity: Intensity | None = None
    price: Price | None = None
    pue: float | None = None

    @property
    def grams_per_it_kwh(self) -> float | None:
        """Grams of CO2-equivalents per kWh of the machine: the intensity times the PUE, or 1 where none is known."""
        return None if self.intensity is None else self.intensity.grams_per_kwh * (self.pue or 1.0)

    @property
    def money_per_it_kwh(self) -> float | None:
        """Money per kWh of the machine: the price times the PUE, or 1 where none is known."""
        return None if self.price is None else self.price.per_kwh * (self.pue or 1.0)


NO_RATES = Rates()


def rates_of(
    *,
    zone: str | None = None,
    intensity: float | None = None,
    source: str | None = None,
    price: float | None = None,
    currency: str | None = None,
    pue: float | None = None,
) -> Rates:
    """What was said, checked. A zone alone is a country of the table; with an intensity it only names the grid.

    Raises JoulecastError for a country that is not known, half of a price, and figures that cannot be.
    """
    rates = Rates(_intensity(zone, intensity, source), _price(price, currency), _pue(pue))
    return NO_RATES if rates == NO_RATES else rates


def _intensity(zone: str | None, grams: float | None, source: str | None) -> Intensity | None:
    if grams is not None:
        if not 0 <= grams <= HIGHEST_INTENSITY:
            raise JoulecastError(
                f"a carbon intensity of {grams:g} g/kWh", f"give grams per kWh from 0 to {HIGHEST_INTENSITY:g}"
            )
        return Intensity(grams, zone or "", source or AS_CONFIGURED)
    if source is not None:
        raise JoulecastError(
            "a source of the carbon intensity is given without the intensity",
            "give --carbon-intensity too, or neither",
        )
    if zone is None:
        return None
    country = find_country(zone)
    return Intensity(country.grams_per_kwh, country.alpha2, PUBLISHER, country.year, country.name)


def _price(per_kwh: float | None, currency: str | None) -> Price | None:
    if per_kwh is None and currency is None:
        return None
    if per_kwh is None:
        raise JoulecastError(f"the currency {currency!r} is given without a price", "give --electricity-price too")
    if not 0 <= per_kwh <= HIGHEST_PRICE:
        raise JoulecastError(f"an electricity price of {per_kwh:g}", f"give money per kWh from 0 to {HIGHEST_PRICE:g}")
    if currency is None:
        raise JoulecastError("an electricity price is given without its currency", "give --currency too, as EUR")
    return Price(per_kwh, currency_code(currency))


def _pue(pue: float | None) -> float | None:
    if pue is not None and not 1 <= pue <= HIGHEST_PUE:
        raise JoulecastError(
            f"a PUE of {pue:g}", f"give the facility's energy over that of its IT equipment, from 1 to {HIGHEST_PUE:g}"
        )
    return pue


def currency_code(text: str) -> str:
    """Three letters as ISO 4217 writes them. Raises JoulecastError for anything else."""
    code = text.strip().upper()
    if len(code) != _LETTERS or not code.isascii() or not code.isalpha():
        raise JoulecastError(f"the currency {text!r}", "give the three letters of ISO 4217, as EUR or USD")
    return code
