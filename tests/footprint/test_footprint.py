"""From joules to grams and money: by hand, with error bars, and nothing where something is not known."""

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joulecast.footprint.footprint import NO_FOOTPRINT, Footprint, footprint_of
from joulecast.footprint.rates import NO_RATES, Rates, rates_of
from joulecast.v1 import energy_pb2 as pb

FRANCE = rates_of(zone="FR", price=0.25, currency="EUR", pue=1.2)


def test_a_kilowatt_hour_by_hand() -> None:
    """3.6 MJ are 1 kWh; at a PUE of 1.2 that is 1.2 kWh of the site: 49.728 g at 41.44 g/kWh, 0.30 EUR at 0.25."""
    found = footprint_of(FRANCE, 3.6e6, 36e3, 180e3)

    assert found.grams_co2e == pytest.approx(49.728, rel=1e-12)
    assert found.cost == pytest.approx(0.30, rel=1e-12)
    assert found.currency == "EUR"


def test_error_bars_are_those_of_the_joules() -> None:
    """1 % of sampling error stays 1 %, 5 % of calibration stays 5 %, in grams and in money."""
    found = footprint_of(FRANCE, 3.6e6, 36e3, 180e3)

    assert found.uncertainty_grams_co2e == pytest.approx(0.49728)
    assert found.calibration_uncertainty_grams_co2e == pytest.approx(2.4864)
    assert found.uncertainty_cost == pytest.approx(0.003)
    assert found.calibration_uncertainty_cost == pytest.approx(0.015)


def test_what_it_was_made_with_is_told() -> None:
    """Intensity, zone, source, year, price and PUE; and that a yearly average is not the marginal intensity."""
    found = footprint_of(FRANCE, 1.0)

    assert (found.carbon_intensity_grams_per_kwh, found.carbon_zone, found.carbon_year) == (41.44, "FR", 2025)
    assert (found.carbon_source, found.price_per_kwh, found.pue_ratio) == ("Ember via Our World in Data", 0.25, 1.2)
    derived, average = found.notes
    assert "PUE of 1.2" in derived
    assert "not stored" in derived
    assert "yearly average of generation in France in 2025" in average
    assert "marginal" in average


def test_without_a_pue_none_is_applied_and_that_is_said() -> None:
    """The joules of the machine alone, not of a site whose cooling nobody described."""
    found = footprint_of(replace(FRANCE, pue=None), 3.6e6)

    assert found.grams_co2e == pytest.approx(41.44)
    assert found.cost == pytest.approx(0.25)
    assert found.pue_ratio is None
    assert "no PUE is configured" in found.notes[0]


def test_a_price_alone_makes_money_and_no_grams() -> None:
    """Without a country there is no carbon: None, and no zero."""
    found = footprint_of(rates_of(price=0.25, currency="EUR"), 3.6e6, 36e3)

    assert (found.cost, found.uncertainty_cost) == pytest.approx((0.25, 0.0025))
    assert (found.grams_co2e, found.uncertainty_grams_co2e, found.carbon_intensity_grams_per_kwh) == (None, None, None)
    assert len(found.notes) == 1


def test_an_intensity_alone_makes_grams_and_no_money() -> None:
    """A source of one's own is named, and no year is claimed."""
    found = footprint_of(rates_of(zone="FR-COR", intensity=500.0, source="our supplier"), 7.2e6)

    assert found.grams_co2e == pytest.approx(1000.0)
    assert (found.cost, found.currency, found.price_per_kwh, found.carbon_year) == (None, "", None, None)
    assert found.notes[1] == "500 g CO2e/kWh (FR-COR our supplier)"


@pytest.mark.parametrize("rates", [NO_RATES, rates_of(pue=1.5)])
def test_no_rates_no_footprint(rates: Rates) -> None:
    """A PUE alone says nothing of carbon or money."""
    assert footprint_of(rates, 3.6e6) is NO_FOOTPRINT


def test_joules_that_are_not_known_have_no_footprint() -> None:
    """Absence is not zero; zero joules are zero grams."""
    assert footprint_of(FRANCE, None) is NO_FOOTPRINT
    assert footprint_of(FRANCE, 0.0).grams_co2e == 0.0
    assert footprint_of(FRANCE, 1.0).uncertainty_grams_co2e is None


@given(st.floats(0, 1e12), st.floats(0, 1e12), st.floats(1, 10))
def test_footprints_add_up_as_joules_do(one: float, other: float, pue: float) -> None:
    """Two intervals come to what their sum comes to, whatever the PUE."""
    rates = replace(FRANCE, pue=pue)
    parts = [footprint_of(rates, joules).grams_co2e or 0.0 for joules in (one, other)]
    assert footprint_of(rates, one + other).grams_co2e == pytest.approx(sum(parts), rel=1e-9, abs=1e-12)


def test_the_message_has_the_names_of_the_value() -> None:
    """What crosses the wire needs no translation, in either direction."""
    assert {field.name for field in fields(Footprint)} == set(pb.Footprint.DESCRIPTOR.fields_by_name)
