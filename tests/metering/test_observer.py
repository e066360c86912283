"""The snapshot: one consistent picture of the node, drawn by the tick and read by everyone."""

import pytest
from doubles.measured_node import MeasuredNode
from doubles.series import PACKAGE
from doubles.simulated import Load, SimulatedRapl

from exporter.metering.observer import Observer
from exporter.metering.own_cost import OwnCost
from exporter.metering.snapshot import EMPTY, IdleState
from exporter.usage.source import Gauge, UsageReading
from joulecast.provenance import Provenance

IDLE = {PACKAGE: IdleState(60.0, 1.0, "learnt", 60.0, 1.8e9)}


@pytest.fixture
def node() -> MeasuredNode:
    """One socket at 80 W, for ten seconds."""
    load = Load(80.0)
    load.set(0.0, 80.0)
    node = MeasuredNode([SimulatedRapl(load)])
    node.run_for(10.0)
    return node


def an_observer(node: MeasuredNode) -> Observer:
    """Of that node, on a process that uses half of its one processor."""
    return Observer(
        node.node,
        node.tracks,
        node.lanes,
        node.clock,
        idle=lambda: IDLE,
        gpus=list,
        cpu=None,
        own_cost=OwnCost(lambda: node.now / 2, 1),
    )


def test_before_the_first_picture_there_is_an_empty_one(node: MeasuredNode) -> None:
    """Whoever asks before the first tick gets a picture of nothing known, with no zero in it."""
    observer = an_observer(node)

    assert observer.latest() is EMPTY
    assert (EMPTY.node_watts, EMPTY.node_joules, EMPTY.node_provenance, EMPTY.exporter_joules) == (None,) * 4


def test_picture_holds_everything_at_one_moment(node: MeasuredNode) -> None:
    """Series, node, sensors, usage, idle and the exporter's own cost are those of the moment it was drawn."""
    observer = an_observer(node)
    observer.draw(node.now)
    node.run_for(1.0)
    node.tracks.feed(node.now, UsageReading(Gauge.CPU_UTILIZATION, 0.5))
    snapshot = observer.draw(node.now)

    assert (snapshot.monotonic, snapshot.wall) == (node.now, node.clock.wall())
    assert snapshot.node_watts == pytest.approx(80.0, abs=0.1)
    assert snapshot.node_joules == snapshot.series[0].joules == pytest.approx(80.0 * 11.0, rel=0.1)
    assert snapshot.node_provenance is Provenance.MEASURED
    assert [(sensor.sensor, sensor.status) for sensor in snapshot.sensors] == [("rapl", "up")]
    assert [reading.value for reading in snapshot.usage] == [0.5]
    assert snapshot.idle == IDLE
    assert snapshot.exporter_joules == pytest.approx(40.0, abs=0.1)


def test_picture_is_seen_once_it_is_shown_and_stays_as_it_was(node: MeasuredNode) -> None:
    """Readers see one whole picture until the next is shown, whatever was measured meanwhile."""
    observer = an_observer(node)
    first = observer.draw(node.now)
    before = observer.latest()
    observer.show(first)
    joules = first.series[0].joules
    node.run_for(5.0)

    assert before is EMPTY
    assert observer.latest() is first
    assert first.series[0].joules == joules
