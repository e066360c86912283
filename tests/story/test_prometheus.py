"""From a burning machine through the real command and a real Prometheus to the numbers a dashboard asks for."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.burning import BurningTree, Wave
from doubles.exporter_process import ExporterProcess
from doubles.prometheus import Prometheus, needs_prometheus, needs_promtool, promtool_check
from doubles.sysfs import PowercapTree

pytestmark = needs_prometheus

NODE_POWER_BY_PARTS = 'sum(joulecast_power_watts{component=~"cpu|dram|gpu",zone=~"package|dram|"})'
WATTS = {"package-0": 95.0, "package-0/core": 60.0, "package-0/dram": 12.0, "package-1": 70.0, "package-1/dram": 8.0}
NODE_WATTS = 95.0 + 12.0 + 70.0 + 8.0  # the core is inside its package


@pytest.fixture(scope="module")
def burning(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BurningTree]:
    """Two sockets with a mmio twin that must not be counted again, each zone burning a constant power."""
    tree = PowercapTree.server(tmp_path_factory.mktemp("machine") / "sys", sockets=2, mmio=True)
    tree.add_zone("package-0/core")
    with BurningTree(tree, {name: Wave(watts) for name, watts in WATTS.items()}) as burning:
        yield burning


@pytest.fixture(scope="module")
def exporter(burning: BurningTree, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """The exporter on that machine."""
    directory = tmp_path_factory.mktemp("exporter")
    with ExporterProcess(directory, "--sysfs", str(burning.tree.sysfs), "--period", "0.1") as process:
        yield process


@pytest.fixture(scope="module")
def prometheus(exporter: ExporterProcess, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """A Prometheus that has seen the exporter's power."""
    with Prometheus(tmp_path_factory.mktemp("prometheus"), str(exporter.listen)) as server:
        server.wait_until(lambda: server.query("joulecast_node_power_watts"), "node power")
        yield server


def test_parts_sum_to_the_node(prometheus: Prometheus) -> None:
    """At one moment the sum over the parts is node power, and node power is what the machine burns."""
    at = str(time.time())
    (parts,) = prometheus.query(NODE_POWER_BY_PARTS, at=at)
    (node,) = prometheus.query("sum(joulecast_node_power_watts)", at=at)
    assert parts.value == pytest.approx(node.value, rel=1e-9)
    assert node.value == pytest.approx(NODE_WATTS, rel=0.05)


def test_rate_of_energy_is_the_power_that_was_burnt(prometheus: Prometheus) -> None:
    """What a dashboard plots, the rate of the energy counter, is the power of the machine.

    A scrape sees energy up to the last period, so the ends of the window are uncertain by one period each.
    """
    energy = "joulecast_node_energy_joules_total"
    prometheus.wait_until(lambda: prometheus.query(f"count_over_time({energy}[5s]) >= 5"), "five scrapes in a row")
    assert prometheus.value(f"sum(rate({energy}[5s]))") == pytest.approx(NODE_WATTS, rel=0.1)


def test_provenance_reaches_the_dashboard(prometheus: Prometheus) -> None:
    """Every part of this machine is measured, and its sum says so."""
    points = prometheus.query("joulecast_node_power_watts")
    assert [point.labels["provenance"] for point in points] == ["measured"]
    counted = prometheus.query('joulecast_power_watts{component="dram",zone="dram"}')
    assert {point.labels["device"] for point in counted} == {"0", "1"}


@needs_promtool
def test_promtool_has_nothing_to_say_about_a_live_scrape(exporter: ExporterProcess) -> None:
    """What the command really serves is clean for Prometheus's own linter."""
    assert promtool_check(exporter.scrape().encode()) == ""


def test_two_servers_store_the_same(prometheus: Prometheus, exporter: ExporterProcess, tmp_path: Path) -> None:
    """A second Prometheus finds the same series, and takes nothing away from the first."""
    every_series = 'count by (__name__) ({job="joulecast",__name__=~"joulecast_.*"})'

    def series(server: Prometheus) -> dict[str, float]:
        return {point.labels["__name__"]: point.value for point in server.query(every_series)}

    with Prometheus(tmp_path / "second", str(exporter.listen)) as second:
        second.wait_until(lambda: series(second) == series(prometheus), "the same series in both")
    assert prometheus.value("min_over_time(up[1m])") == 1.0
