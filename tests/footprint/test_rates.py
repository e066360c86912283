"""What a kilowatt-hour comes to at a site: only what somebody said, checked once."""

import math
from typing import Any

import pytest

from joulecast.errors import JoulecastError
from joulecast.footprint.rates import NO_RATES, Intensity, Price, rates_of


def test_nothing_said_is_nothing_known() -> None:
    """No country means no intensity: not the world's average, and not zero."""
    assert rates_of() is NO_RATES
    assert (NO_RATES.grams_per_it_kwh, NO_RATES.money_per_it_kwh) == (None, None)


def test_a_country_brings_its_yearly_average_with_source_and_year() -> None:
    """A name is kept as the country's two letters."""
    intensity = rates_of(zone="Germany").intensity

    assert intensity == Intensity(329.65, "DE", "Ember via Our World in Data", 2025, "Germany")
    assert intensity.cited == "Ember via Our World in Data, 2025"


def test_a_figure_of_one_s_own_wins_over_the_country_s() -> None:
    """The zone is then only a name, of a grid the table need not know, and no year is claimed."""
    told = rates_of(zone="US-CAL-CISO", intensity=210.0, source="Electricity Maps, May").intensity

    assert told == Intensity(210.0, "US-CAL-CISO", "Electricity Maps, May")
    assert rates_of(zone="FR", intensity=0.0).intensity == Intensity(0.0, "FR", "configured")
    assert told.cited == "Electricity Maps, May"


def test_a_price_has_a_currency() -> None:
    """In the letters of ISO 4217, however they were written; electricity may cost nothing."""
    assert rates_of(price=0.25, currency="eur").price == Price(0.25, "EUR")
    assert rates_of(price=0.0, currency="USD").price == Price(0.0, "USD")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"price": -0.1, "currency": "EUR"}, "an electricity price of -0.1"),
        ({"price": math.nan, "currency": "EUR"}, "an electricity price of nan"),
        ({"price": math.inf, "currency": "EUR"}, "an electricity price of inf"),
        ({"price": 0.1}, "without its currency: give --currency"),
        ({"currency": "EUR"}, "without a price: give --electricity-price"),
        ({"price": 0.1, "currency": "euros"}, "three letters of ISO 4217"),
        ({"price": 0.1, "currency": "E2R"}, "three letters of ISO 4217"),
        ({"price": 0.1, "currency": "ЕUR"}, "three letters of ISO 4217"),  # noqa: RUF001 - a Cyrillic letter
        ({"pue": 0.99}, "a PUE of 0.99"),
        ({"pue": math.nan}, "a PUE of nan"),
        ({"intensity": -1.0}, "a carbon intensity of -1 g/kWh"),
        ({"intensity": math.nan}, "a carbon intensity of nan g/kWh"),
        ({"intensity": 1e6}, "a carbon intensity of 1e\\+06 g/kWh"),
        ({"source": "a meter"}, "without the intensity: give --carbon-intensity"),
        ({"zone": "FR", "source": "a meter"}, "without the intensity: give --carbon-intensity"),
        ({"zone": "Frnace"}, r"did you mean FR \(France\)"),
    ],
)
def test_what_cannot_be_is_refused_with_a_remedy(said: dict[str, Any], words: str) -> None:
    """One line each, that says what to give instead."""
    with pytest.raises(JoulecastError, match=words) as refused:
        rates_of(**said)

    assert refused.value.remedy
    assert "\n" not in str(refused.value)
