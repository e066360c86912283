"""Footprints over gRPC: by the real service, at the rates that hold when an interval is read."""

import pytest
from doubles.energy_server import LOAD_WATTS, EnergyServer

from joulecast.footprint.rates import NO_RATES, Rates, rates_of
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

FRANCE = rates_of(zone="FR", price=0.25, currency="EUR", pue=1.2)
SECONDS = 36.0
GRAMS = LOAD_WATTS * SECONDS / 3.6e6 * 1.2 * 41.44


def an_interval(server: EnergyServer, stub: EnergyServiceStub) -> str:
    """The id of an interval of 36 s at 100 W, once it is finished."""
    begun = stub.BeginInterval(pb.BeginIntervalRequest(name="train"))
    server.node.run_for(SECONDS)
    stub.EndInterval(pb.EndIntervalRequest(interval_id=begun.interval_id))
    server.node.run_for(2.0)
    return begun.interval_id


def test_every_way_of_reading_an_interval_has_its_footprint() -> None:
    """Get, list and a second end agree: 3.6 kJ in France at a PUE of 1.2 are 49.7 mg and 0.0003 EUR."""
    with EnergyServer(rates=FRANCE) as server:
        stub = server.stub()
        which = an_interval(server, stub)
        read = [
            stub.GetInterval(pb.GetIntervalRequest(interval_id=which)).interval,
            stub.EndInterval(pb.EndIntervalRequest(interval_id=which)).interval,
            next(iter(stub.ListIntervals(pb.ListIntervalsRequest()))).interval,
        ]

    for interval in read:
        footprint = interval.footprint
        per_joule = 1.2 * 41.44 / 3.6e6
        assert footprint.grams_co2e == pytest.approx(interval.node.gross_joules * per_joule, rel=1e-12)
        assert footprint.grams_co2e == pytest.approx(GRAMS, rel=1e-3)
        assert footprint.cost == pytest.approx(interval.node.gross_joules * 1.2 * 0.25 / 3.6e6, rel=1e-12)
        assert footprint.uncertainty_grams_co2e == pytest.approx(interval.node.uncertainty_joules * per_joule)
        assert footprint.calibration_uncertainty_grams_co2e == pytest.approx(
            interval.node.calibration_uncertainty_joules * per_joule
        )
        assert (footprint.carbon_zone, footprint.carbon_year, footprint.currency) == ("FR", 2025, "EUR")


def test_an_open_interval_has_its_footprint_so_far() -> None:
    """What it came to by now, as its energy is told so far."""
    with EnergyServer(rates=FRANCE) as server:
        stub = server.stub()
        begun = stub.BeginInterval(pb.BeginIntervalRequest())
        server.node.run_for(SECONDS)
        interval = stub.GetInterval(pb.GetIntervalRequest(interval_id=begun.interval_id)).interval

    assert interval.status == pb.INTERVAL_STATUS_OPEN
    assert interval.footprint.grams_co2e == pytest.approx(GRAMS, rel=0.1)


@pytest.mark.parametrize("rates", [NO_RATES, rates_of(pue=1.3)])
def test_without_rates_there_is_none(rates: Rates) -> None:
    """Nobody named a country or a price: the message stays unset, and holds no zero."""
    with EnergyServer(rates=rates) as server:
        stub = server.stub()
        interval = stub.GetInterval(pb.GetIntervalRequest(interval_id=an_interval(server, stub))).interval

    assert interval.node.gross_joules > 0
    assert not interval.HasField("footprint")


def test_a_price_alone_leaves_carbon_unset() -> None:
    """Money is told, grams are no zero."""
    with EnergyServer(rates=rates_of(price=0.25, currency="EUR")) as server:
        stub = server.stub()
        footprint = stub.GetInterval(pb.GetIntervalRequest(interval_id=an_interval(server, stub))).interval.footprint

    assert footprint.HasField("cost")
    assert not footprint.HasField("grams_co2e")
    assert not footprint.HasField("carbon_year")
    assert not footprint.HasField("pue_ratio")
