"""Carbon and cost in the tables of the command line: as wide as the terminal, and only where they are known."""

import pytest

from joulecast.cli.account import account_lines
from joulecast.cli.intervals import _list_table
from joulecast.cli.table import rendered
from joulecast.client.readable import cost_text, grams_text
from joulecast.client.result import Joules, Result
from joulecast.footprint.footprint import footprint_of
from joulecast.footprint.rates import NO_RATES, Rates, rates_of

FRANCE = rates_of(zone="FR", price=0.25, currency="EUR", pue=1.2)


def a_result(rates: Rates, joules: float | None = 3.6e6) -> Result:
    """A finished interval of 1 kWh at these rates."""
    return Result(
        interval_id="0660cc46bfca23154c7091853b",
        name="a rather long name of a step",
        job="nightly",
        phase="fine-tuning",
        labels={"epoch": "3", "model": "resnet18"},
        status="finished",
        energy=Joules(gross_joules=joules, uncertainty_joules=36e3, coverage=1.0),
        footprint=footprint_of(rates, joules, 36e3),
    )


@pytest.mark.parametrize("width", [200, 140, 120, 100])
def test_a_list_with_carbon_and_cost_fits_the_terminal(width: int) -> None:
    """Text is shortened and the least important columns go before a line is longer than the terminal."""
    columns, rows = _list_table([a_result(FRANCE), a_result(NO_RATES)])
    lines = rendered(columns, rows, width)

    assert max(map(len, lines)) <= width
    if width == 200:
        assert lines[0].split()[-3:] == ["CO2e", "cost", "labels"]
        assert "49.7 g" in lines[1]
        assert "0.300 EUR" in lines[1]


def test_an_interval_without_a_footprint_leaves_its_cells_empty() -> None:
    """It stands between others that have one, and no zero and no dash is made up for it."""
    columns, rows = _list_table([a_result(FRANCE), a_result(FRANCE, joules=None)])

    titles = [column.title for column in columns]
    assert rows[1][titles.index("CO2e")] == rows[1][titles.index("cost")] == ""


def test_a_price_alone_adds_its_column_alone() -> None:
    """Carbon that nobody knows takes no room."""
    columns, _ = _list_table([a_result(rates_of(price=0.25, currency="EUR"))])

    assert [column.title for column in columns][-2:] == ["cost", "labels"]
    assert "CO2e" not in [column.title for column in columns]


def test_an_account_tells_the_footprint_with_its_half_width_and_what_it_is() -> None:
    """One line of figures, then what they were made with."""
    lines = account_lines(a_result(FRANCE))

    at = lines.index("footprint: 49.7 g ± 0.5 g CO2e, 0.300 EUR ± 0.003 EUR")
    assert lines[at + 1] == "  derived from the gross joules x a PUE of 1.2, at the rates configured now, not stored"
    assert "neither the hour's nor the marginal intensity" in lines[at + 2]
    assert not [line for line in account_lines(a_result(NO_RATES)) if "footprint" in line]


@pytest.mark.parametrize(
    ("grams", "text"),
    [(0.0, "0 mg"), (0.0005, "0.500 mg"), (0.25, "250 mg"), (1.5, "1.50 g"), (2500.0, "2.50 kg"), (3.2e6, "3.20 t")],
)
def test_grams_are_read_in_a_unit_that_fits(grams: float, text: str) -> None:
    """From a fraction of a milligram to tonnes, three digits."""
    assert grams_text(grams) == text


def test_the_smallest_interval_still_costs_something() -> None:
    """Money is not rounded to the coins there are."""
    assert cost_text(3.2e-7, "EUR") == "0.000000320 EUR"
    assert cost_text(0.0, "EUR") == "0 EUR"
