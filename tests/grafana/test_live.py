"""Asked of a real Prometheus that scrapes the real exporter: a node that plays the shipped demo, and one interval."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

import pytest
from doubles.exporter_process import ExporterProcess
from doubles.fleet_server import FleetServer
from doubles.prometheus import Prometheus, needs_prometheus

from grafana.asking import SCRAPE_SECONDS

pytestmark = needs_prometheus


class Live(NamedTuple):
    """The dashboards' view of an exporter, and what its workload was told its interval cost."""

    view: FleetServer
    node: str
    joules: float


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Live]]:
    """Two Prometheus, by what they call a job, that have seen the demo's power, and an interval of it after its end."""
    exporter = ExporterProcess(tmp_path_factory.mktemp("exporter"), "--replay", "demo")
    with ExitStack() as running:
        servers = {}
        for label in ("job", "exported_job"):
            servers[label] = server = Prometheus(
                tmp_path_factory.mktemp(label), str(exporter.listen), honor_labels=label == "job"
            )
            running.callback(server.close)
            server.launch()
        running.enter_context(exporter)
        exporter.until(lambda: exporter.metrics().value("joulecast_node_power_watts", provenance="measured"), 60)
        begun, _ = exporter.workload.begin(job="resnet50", phase="training")
        scrapes = "count_over_time(joulecast_node_power_watts[1m]) > 3"
        for server in servers.values():
            server.wait_until(partial(server.query, scrapes), "some scrapes")
        exporter.workload.end(begun)
        joules = exporter.workload.settled(begun).node.gross_joules
        for label, server in servers.items():
            ended = f'joulecast_interval_energy_joules_total{{{label}="resnet50"}}'
            server.wait_until(partial(server.query, ended), "the interval")
        # Points of a graph stand on whole steps: the next one still sees what was scraped just now.
        end = time.time() + SCRAPE_SECONDS
        yield {
            label: Live(FleetServer(server, end, label), str(exporter.listen), joules)
            for label, server in servers.items()
        }


@pytest.fixture(params=["job", "exported_job"], ids=["honor_labels", "renamed"])
def live(request: pytest.FixtureRequest, lives: Mapping[str, Live]) -> Live:
    """Both ways of scraping."""
    return lives[request.param]


def test_the_node_is_drawn(live: Live) -> None:
    """Power of each kind of part with its band, eight GPUs under their limits, and what the exporter itself takes."""
    view = live.view
    for kind in ("CPU", "DRAM", "GPU"):
        (power,), (lower,), (upper,) = view.answers("node", kind, node=live.node)
        assert lower.value < power.value < upper.value
    power_of_gpus, limits = view.answers("node", "Power and limit of each GPU", node=live.node)
    assert {series.labels["index"] for series in power_of_gpus} == set(map(str, range(8)))
    assert {series.value for series in limits} == {700.0}
    cores, memory = view.answers("node", "Its processor time and memory", node=live.node)
    assert cores[0].value > 0
    assert memory[0].value > 1e7


def test_the_interval_is_on_the_bill(live: Live) -> None:
    """The job's joules on the dashboard are those that the workload itself was told."""
    ((job,),) = live.view.answers("workloads", "Energy by job")

    assert job.labels["job"] == "resnet50"
    assert job.value == pytest.approx(live.joules)
    assert live.view.value("workloads", "Ended") == 1


def test_a_played_capture_is_not_taken_for_a_machine(live: Live) -> None:
    """The fleet's table says which node plays a capture."""
    (played,) = live.view.answers("fleet", "All nodes")[-1]

    assert played.labels["instance"] == live.node
    assert "demo" in played.labels["capture"]
