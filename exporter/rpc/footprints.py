"""The carbon and the money beside an interval's joules: derived whenever it is read, and kept nowhere."""

from joulecast.footprint.footprint import NO_FOOTPRINT, footprint_of
from joulecast.footprint.rates import NO_RATES, Rates
from joulecast.v1 import energy_pb2 as pb


def put_footprint(message: pb.Interval, rates: Rates) -> None:
    """Add what the node's gross joules come to at these rates; nothing where either is not known."""
    if rates is NO_RATES or not message.node.HasField("gross_joules"):
        return
    energy = message.node
    found = footprint_of(rates, energy.gross_joules, energy.uncertainty_joules, energy.calibration_uncertainty_joules)
    if found is NO_FOOTPRINT:
        return
    message.footprint.CopyFrom(
        pb.Footprint(
            grams_co2e=found.grams_co2e,
            uncertainty_grams_co2e=found.uncertainty_grams_co2e,
            calibration_uncertainty_grams_co2e=found.calibration_uncertainty_grams_co2e,
            cost=found.cost,
            uncertainty_cost=found.uncertainty_cost,
            calibration_uncertainty_cost=found.calibration_uncertainty_cost,
            currency=found.currency,
            carbon_intensity_grams_per_kwh=found.carbon_intensity_grams_per_kwh,
            carbon_zone=found.carbon_zone,
            carbon_source=found.carbon_source,
            carbon_year=found.carbon_year,
            price_per_kwh=found.price_per_kwh,
            pue_ratio=found.pue_ratio,
            notes=found.notes,
        )
    )
