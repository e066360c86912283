"""`joulecast predict` with rates: a day's carbon and money, with the band of the energy."""

from collections.abc import Callable
from typing import Any

import pytest

Predict = Callable[..., Any]

ASKED = ("--device", "H100 SXM", "--parameters", "8e9", "--output-tokens", "300", "--concurrency", "32")
RATES = ("--carbon-zone", "FR", "--electricity-price", "0.25", "--currency", "EUR", "--pue", "1.2")


def test_a_day_by_hand(predict: Predict) -> None:
    """Kilowatt-hours x PUE x grams, and x price, for the estimate and both ends of its band."""
    it = predict("generative", *ASKED, *RATES, "--json", artifact="generative-a-priori").document

    energy, day = it["kilowatt_hours_per_day"], it["footprint_per_day"]
    assert day["grams_co2e"] == pytest.approx({name: kwh * 1.2 * 41.44 for name, kwh in energy.items()})
    assert day["cost"] == pytest.approx({name: kwh * 1.2 * 0.25 for name, kwh in energy.items()})
    assert (day["currency"], day["carbon_zone"], day["carbon_year"], day["pue_ratio"]) == ("EUR", "FR", 2025, 1.2)
    assert any("nothing beside it, at a PUE of 1.2" in note for note in it["notes"])


def test_a_day_is_two_lines_of_the_answer(predict: Predict) -> None:
    """Below the energy per day, and what they hold for is a note."""
    said = predict("generative", *ASKED, *RATES, artifact="generative-a-priori").out

    names = [line.split("  ")[0] for line in said.splitlines()]
    assert names.index("CO2e per day") == names.index("energy per day") + 1
    assert names.index("cost per day") == names.index("energy per day") + 2
    assert "note: 41.44 g CO2e/kWh is the yearly average of generation in France in 2025" in said


def test_a_range_has_columns_of_both(predict: Predict) -> None:
    """One for each that is known, and none for what is not."""
    swept = [word if word != "32" else "16,32" for word in ASKED]
    both = predict("generative", *swept, *RATES, artifact="generative-a-priori").out.splitlines()[0]
    carbon = predict("generative", *swept, *RATES[:2], artifact="generative-a-priori").out.splitlines()[0]

    assert both.index("a day  ") < both.index("CO2e a day") < both.index("cost a day") < both.index("in domain")
    assert "CO2e a day" in carbon
    assert "cost a day" not in carbon


def test_without_rates_a_day_is_kilowatt_hours_alone(predict: Predict) -> None:
    """No line, no note, and null for scripts."""
    assert "CO2e" not in predict("generative", *ASKED, artifact="generative-a-priori").out
    it = predict("generative", *ASKED, "--json", artifact="generative-a-priori").document
    assert it["footprint_per_day"] is None


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--carbon-zone", "Frnace"), "did you mean FR (France)?"),
        (("--electricity-price", "0.2"), "give --currency"),
        (("--electricity-price", "nan", "--currency", "EUR"), "an electricity price of nan"),
        (("--pue", "0.5"), "a PUE of 0.5"),
    ],
)
def test_rates_that_cannot_be_are_one_line(predict: Predict, flags: tuple[str, ...], words: str) -> None:
    """Refused before a model is asked, with a remedy."""
    said = predict("generative", *ASKED, *flags, artifact="generative-a-priori")

    assert (said.status, said.out) == (1, "")
    assert words in said.err
    assert len(said.err.splitlines()) == 1
