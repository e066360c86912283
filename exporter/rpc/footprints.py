"""The carbon and the money beside an interval's joules: derived whenever it is read, and kept nowhere."""

from dataclasses import asdict

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
    # The message has the names of the value; None leaves a field unset.
    message.footprint.CopyFrom(pb.Footprint(**asdict(found)))
