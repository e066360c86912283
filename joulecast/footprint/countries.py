"""The packaged table of carbon intensities: one yearly average per country. What it does not know is an error."""

from functools import cache
from pathlib import Path
from typing import NamedTuple

from joulecast.errors import JoulecastError

PUBLISHER = "Ember via Our World in Data"
"""Who is to be named beside every figure of the table (CC BY 4.0)."""

_TABLE = Path(__file__).with_name("grid_intensity.csv")
_BY_HAND = "give the grams per kWh of your supplier with --carbon-intensity"
_NEAREST = 3
# Reserved for these countries by ISO 3166, and in daily use.
_RESERVED = {"UK": "GB", "EL": "GR"}


class Country(NamedTuple):
    """A country and the carbon intensity of what is generated there, in grams of CO2-equivalents per kWh."""

    alpha2: str
    alpha3: str
    name: str
    year: int
    grams_per_kwh: float


def find_country(text: str) -> Country:
    """The country of an ISO 3166 code of two or three letters, or of a name, in any case.

    Raises JoulecastError that names the nearest ones.
    """
    from difflib import get_close_matches

    named = _named()
    wanted = text.strip().casefold()
    found = named.get(wanted)
    if found is not None:
        return found
    near = dict.fromkeys(named[each] for each in get_close_matches(wanted, named, n=2 * _NEAREST, cutoff=0.6))
    shown = " or ".join(f"{each.alpha2} ({each.name})" for each in list(near)[:_NEAREST])
    raise JoulecastError(
        f"no carbon intensity is known for {text!r}",
        f"did you mean {shown}? Else {_BY_HAND}" if shown else f"name a country, as FR, or {_BY_HAND}",
    )


@cache
def countries() -> tuple[Country, ...]:
    """Every country of the table, by name."""
    lines = _TABLE.read_text(encoding="utf-8").splitlines()
    _titles, *rows = (line.split(",") for line in lines if not line.startswith("#"))
    return tuple(Country(code, code3, name, int(year), float(grams)) for code, code3, name, year, grams in rows)


@cache
def _named() -> dict[str, Country]:
    named: dict[str, Country] = {}
    for each in countries():
        for name in (each.alpha2, each.alpha3, each.name):
            named[name.casefold()] = each
    for code, official in _RESERVED.items():
        named[code.casefold()] = named[official.casefold()]
    return named
