"""A real Prometheus scrapes the door: what it stores is what the node said."""

from collections.abc import Iterator

import pytest
from doubles.prometheus import Prometheus, needs_prometheus
from doubles.served_node import ANY_PORT, Node

from exporter.metrics.http import MetricsServer

pytestmark = needs_prometheus

NODE_POWER_BY_PARTS = 'sum(joulecast_power_watts{component=~"cpu|dram|gpu",zone=~"package|dram|"})'


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A server that scrapes a node with everything."""
    door = MetricsServer(ANY_PORT, Node().site())
    door.start()
    with Prometheus(tmp_path_factory.mktemp("prometheus"), str(door.address)) as server:
        yield server
    door.close()


def test_parts_sum_to_the_node(prometheus: Prometheus, node: Node) -> None:
    """The documented query over the parts gives node power, which is what the node knew."""
    assert prometheus.value(NODE_POWER_BY_PARTS) == pytest.approx(node.snapshot.node_watts, rel=1e-12)
    assert prometheus.value("sum(joulecast_node_power_watts)") == node.snapshot.node_watts


def test_prometheus_knows_types_units_and_help(prometheus: Prometheus) -> None:
    """It negotiated OpenMetrics, and so learnt the unit of the energy counter."""
    (entry,) = prometheus.get("/api/v1/metadata", metric="joulecast_energy_joules")["joulecast_energy_joules"]
    assert (entry["type"], entry["unit"]) == ("counter", "joules")


def test_identity_joins_to_power(prometheus: Prometheus) -> None:
    """Power by model is one join over the info series, as the dashboards do it."""
    points = prometheus.query(
        'sum by (model) (label_replace(joulecast_power_watts{component="gpu"}, "uuid", "$1", "device", "(.*)")'
        " * on (uuid) group_left (model) joulecast_gpu_info)"
    )
    assert [(point.labels["model"], point.value) for point in points] == [("Imaginary H100", 2516.5)]


def test_quantiles_of_net_energy_come_from_the_histogram(prometheus: Prometheus) -> None:
    """Prometheus accepts the buckets: the median of the job lies in the bucket that holds it.

    Without `honor_labels` it keeps `job` for the scrape's own name and calls the workload's `exported_job`.
    """
    median = prometheus.value('histogram_quantile(0.5, joulecast_interval_net_joules_bucket{exported_job="resnet"})')
    assert 4.642 <= median <= 10.0
