"""A small node whose load is known: one socket at 80 W, and a clock that only tests move."""

import pytest
from doubles.ledger import FailingLedger
from doubles.measured_node import MeasuredNode
from doubles.simulated import Load, SimulatedRapl
from hypothesis import settings

settings.register_profile("joulecast", deadline=None)
settings.load_profile("joulecast")

WATTS = 80.0


@pytest.fixture
def ledger() -> FailingLedger:
    """What `node` keeps its intervals in."""
    return FailingLedger()


@pytest.fixture
def node(ledger: FailingLedger) -> MeasuredNode:
    """Up for ten seconds, at a constant 80 W."""
    load = Load(WATTS)
    load.set(0.0, WATTS)
    node = MeasuredNode([SimulatedRapl(load)], ledger=ledger)
    node.run_for(10.0)
    return node
