"""An independent reader of the same tree: Prometheus' node_exporter must see the joules that RaplSensor sees."""

from pathlib import Path

import pytest
from doubles.node_exporter import needs_node_exporter, node_exporter, shown_joules
from doubles.sysfs import PowercapTree

from exporter.sensors.rapl import RaplSensor
from exporter.sensors.sensor import Reading

pytestmark = needs_node_exporter


def our_joules(sensor: RaplSensor, now: float) -> dict[str, float]:
    """What we show, by zone id as node_exporter does."""
    return {
        Path(one.series.source).parent.name: one.joules
        for one in sensor.read(now)
        if isinstance(one, Reading) and one.joules is not None
    }


def test_node_exporter_reads_the_same_joules(tmp_path: Path) -> None:
    """Two sockets with DRAM, before and after burning: the same zones, the same joules to the microjoule."""
    tree = PowercapTree.server(tmp_path)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    with node_exporter(tree.sysfs) as address:
        assert our_joules(sensor, 0.0) == pytest.approx(shown_joules(address), abs=1e-6)

        tree.burn({"package-0": 1234.567891, "package-1": 0.25, "package-0/dram": 77.7})
        ours, theirs = our_joules(sensor, 1.0), shown_joules(address)

    assert set(ours) == {zone.zone_id for zone in tree.zones.values()}
    assert ours == pytest.approx(theirs, abs=1e-6)
