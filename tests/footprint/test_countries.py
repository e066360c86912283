"""The packaged table of carbon intensities: countries by code and by name, and whom the figures are from."""

from importlib import resources

import pytest

from joulecast.errors import JoulecastError
from joulecast.footprint.countries import countries, find_country


@pytest.mark.parametrize("text", ["FR", "fr", "FRA", "France", " france "])
def test_a_country_is_found_by_both_codes_and_its_name(text: str) -> None:
    """Whatever the case, and whatever blanks a file leaves around it."""
    assert find_country(text)[:4] == ("FR", "FRA", "France", 2025)


@pytest.mark.parametrize(
    ("code", "year", "grams"),
    [
        ("US", 2025, 384.4),
        ("DE", 2025, 329.65),
        ("FRA", 2025, 41.44),
        ("SWE", 2025, 35.26),
        ("IND", 2025, 670.13),
        ("SA", 2024, 691.95),
        ("UA", 2022, 250.47),
        ("XKX", 2025, 900.94),
        ("UK", 2025, 217.41),
    ],
)
def test_figures_are_those_that_were_published(code: str, year: int, grams: float) -> None:
    """Grams of CO2-equivalents per kWh and their year, as Our World in Data has them from Ember."""
    country = find_country(code)
    assert (country.year, country.grams_per_kwh) == (year, grams)


@pytest.mark.parametrize(
    ("text", "near"), [("Frnace", "FR (France)"), ("Germny", "DE (Germany)"), ("USAA", "US (United States)")]
)
def test_an_unknown_country_is_told_the_nearest(text: str, near: str) -> None:
    """One line with what was written, what may be meant, and what to do for a grid of one's own."""
    with pytest.raises(JoulecastError) as refused:
        find_country(text)

    assert refused.value.problem == f"no carbon intensity is known for {text!r}"
    assert near in refused.value.remedy
    assert "--carbon-intensity" in refused.value.remedy


@pytest.mark.parametrize("text", ["World", "EU", "Europe", "zz", "", "OWID_WRL"])
def test_nothing_stands_for_a_country_that_is_not_there(text: str) -> None:
    """There is no average of the world or of a continent to fall back on."""
    with pytest.raises(JoulecastError, match="no carbon intensity is known"):
        find_country(text)


def test_every_row_can_be_used() -> None:
    """Codes and names are unique, years are recent, and no figure is nothing or beyond any power station."""
    table = countries()

    assert len({each.alpha2 for each in table}) == len({each.alpha3 for each in table}) == len(table) == 212
    assert len({each.name.casefold() for each in table}) == len(table)
    for each in table:
        assert (len(each.alpha2), len(each.alpha3)) == (2, 3)
        assert (each.alpha2 + each.alpha3).isupper()
        assert 2020 <= each.year <= 2025
        assert 10 < each.grams_per_kwh < 1400


def test_the_table_names_its_source_and_licence() -> None:
    """What CC BY 4.0 asks for travels with the figures: who made them, under which licence, what was changed."""
    table = resources.files("joulecast.footprint").joinpath("grid_intensity.csv").read_text(encoding="utf-8")
    head = "\n".join(line for line in table.splitlines() if line.startswith("#"))

    for words in ("Ember", "Our World in Data", "https://creativecommons.org/licenses/by/4.0/", "Changes made here"):
        assert words in head
