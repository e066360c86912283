"""Asked of a real Prometheus with an imaginary fleet's history: no panel is empty, and numbers are what they say."""

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from doubles.committed_dashboards import NAMES, committed
from doubles.fleet_history import STEP_SECONDS
from doubles.fleet_server import FleetServer, last_of
from doubles.imaginary_fleet import Machine, fleet
from doubles.prometheus import needs_prometheus, needs_promtool

from exporter.metrics.families import FAMILIES
from grafana.asking import panels

pytestmark = [needs_prometheus, needs_promtool]

Json = Mapping[str, Any]
# Where only one node can be chosen, one that has everything.
CHOSEN = {"node": {"node": "gpu-01:9877"}}
JOBS = [
    "chat",
    "classifier",
    "embeddings",
    "hyperparameter-search",
    "llama-8b",
    "llama-8b-eval",
    "resnet50",
    "tokenise",
]


def answered(server: FleetServer, name: str) -> Iterator[tuple[Json, Json, list[Json]]]:
    """Every panel, query and answer of a dashboard over the last hour and a half."""
    dashboard, asking = committed(name), server.asking(hours=1.5)
    choices = asking.choices(dashboard, CHOSEN.get(name))
    for panel in panels(dashboard):
        for target in panel["targets"]:
            yield panel, target, asking.answer(panel, target, choices)


def watts(machine: Machine, time: float) -> float:
    """What a machine of the fleet draws: its parts, each once."""
    return sum(machine.watts(part, time) for part in machine.parts if part.node_part)


def speaking() -> list[Machine]:
    """The machines that have not fallen silent."""
    return [machine for machine in fleet() if not machine.silent_seconds]


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_is_empty(server: FleetServer, name: str) -> None:
    """Every query of every panel finds at least one number, whichever way the fleet is scraped."""
    empty = [
        f"{panel['title']} {target['refId']}: {target['expr']}"
        for panel, target, series in answered(server, name)
        if not any(math.isfinite(last_of(one)) for one in series)
    ]

    assert empty == []


@pytest.mark.parametrize("name", NAMES)
def test_legends_name_labels_that_come(server: FleetServer, name: str) -> None:
    """No legend has a hole."""
    for panel, target, series in answered(server, name):
        there = set().union(*(one["metric"] for one in series))
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= there, panel["title"]


@pytest.mark.parametrize("name", NAMES)
def test_columns_name_labels_that_come(server: FleetServer, name: str) -> None:
    """Some query of a table brings each of its columns; only a cluster may have no name."""
    there: dict[str, set[str]] = defaultdict(lambda: {"cluster"})
    columns: dict[str, set[str]] = {}
    for panel, _, series in answered(server, name):
        there[panel["title"]].update(*(one["metric"] for one in series))
        for step in panel.get("transformations") or ():
            if step["id"] == "filterFieldsByName":
                names = step["options"]["include"]["names"]
                columns[panel["title"]] = {column for column in names if not column.startswith("Value")}

    assert {title: labels - there[title] for title, labels in columns.items() if labels - there[title]} == {}


@pytest.mark.parametrize("name", NAMES)
def test_a_table_has_a_column_for_each_value_it_shows(name: str) -> None:
    """The columns are called as Grafana calls the values of one query, or of several."""
    for panel in panels(committed(name)):
        for step in panel.get("transformations") or ():
            if step["id"] == "filterFieldsByName":
                references = [target["refId"] for target in panel["targets"]]
                called = {"Value"} if len(references) == 1 else {f"Value #{reference}" for reference in references}
                assert {column for column in step["options"]["include"]["names"] if "Value" in column} <= called


def test_variables_offer_what_there_is(server: FleetServer) -> None:
    """Nodes, jobs, clusters and the label of jobs are found, however the fleet is scraped."""
    dashboard, asking = committed("workloads"), server.asking(hours=2)
    choices = asking.choices(dashboard)
    offered = {
        variable["name"]: asking.options(variable, choices)
        for variable in dashboard["templating"]["list"]
        if variable["type"] == "query"
    }

    assert offered["node"] == sorted(machine.name for machine in fleet())
    assert offered["job"] == JOBS
    assert offered["job_label"] == [server.job_label]
    assert offered["cluster"] == (["lab"] if server.job_label == "exported_job" else [])


def test_power_of_the_fleet_is_that_of_its_parts(honoured: FleetServer) -> None:
    """The number on the wall, its components and its provenances are the sum of what each machine draws."""
    truth = sum(watts(machine, honoured.end) for machine in speaking())

    assert honoured.value("fleet", "Power") == pytest.approx(truth)
    for title in ("Power by component", "Power by how it is known"):
        (series,) = honoured.answers("fleet", title)
        assert sum(one.value for one in series if one.value == one.value) == pytest.approx(truth)


def test_every_joule_goes_somewhere_once(honoured: FleetServer) -> None:
    """What containers and services are charged, idle and unattributed add up to the power of the nodes."""
    destinations = honoured.answers("fleet", "Power by who is charged")
    rate = 'sum(rate(joulecast_node_energy_joules_total{instance!="cpu-02:9877"}[60s]))'
    (node,) = honoured.prometheus.query(rate, at=str(honoured.end))

    assert sum(series.value for (series,) in destinations) == pytest.approx(node.value, rel=1e-6)


def test_nodes_that_fell_silent_are_counted(honoured: FleetServer) -> None:
    """Of six nodes five report, and the table keeps the sixth with its energy alone."""
    table = honoured.answers("fleet", "All nodes")

    assert honoured.value("fleet", "Nodes") == 5
    assert honoured.value("fleet", "Silent") == 1
    assert "cpu-02:9877" not in {series.labels["instance"] for series in table[0]}
    assert "cpu-02:9877" in {series.labels["instance"] for series in table[5]}


def test_a_job_of_a_single_interval_counts_in_full(server: FleetServer) -> None:
    """A counter that is born with its first value is not lost, where increase() would say nothing."""
    (jobs,) = server.answers("workloads", "Energy by job", hours=2)
    total = f'sum(joulecast_interval_energy_joules_total{{{server.job_label}="llama-8b-eval"}})'
    (point,) = server.prometheus.query(total, at=str(server.end))
    (lost,) = server.prometheus.query(
        total.replace("})", "}[2h])").replace("sum(", "sum(increase(") + ")", at=str(server.end)
    )

    assert {series.labels["job"]: series.value for series in jobs}["llama-8b-eval"] == pytest.approx(point.value)
    assert lost.value == 0


def test_a_job_counts_what_ended_in_the_range(honoured: FleetServer) -> None:
    """Of a counter that was there before, only what it gained since is shown."""
    (jobs,) = honoured.answers("workloads", "Energy by job", hours=1)
    counter = 'sum(joulecast_interval_energy_joules_total{job="chat"}'
    (now,) = honoured.prometheus.query(f"{counter})", at=str(honoured.end))
    (before,) = honoured.prometheus.query(f"{counter})", at=str(honoured.end - 3600))

    assert {series.labels["job"]: series.value for series in jobs}["chat"] == pytest.approx(now.value - before.value)


def test_choosing_a_job_leaves_the_others_out(server: FleetServer) -> None:
    """Whichever label a job is under, the choice at the top narrows every panel to it."""
    (jobs,) = server.answers("workloads", "Energy by job", job="chat|resnet50")

    assert {series.labels["job"] for series in jobs} == {"chat", "resnet50"}


def test_split_over_phases_adds_up(honoured: FleetServer) -> None:
    """Shares of experimentation, training and inference are of their own sum, beside 10 : 20 : 70."""
    _, here, published = honoured.answers("workloads", "Beside the published split")

    assert {series.labels["phase"] for series in here} == {"experimentation", "training", "inference"}
    assert sum(series.value for series in here) == pytest.approx(1)
    assert {series.labels["phase"]: series.value for series in published} == {
        "experimentation": 0.1,
        "training": 0.2,
        "inference": 0.7,
    }


def test_predicted_power_is_measured_power_and_its_residual(honoured: FleetServer) -> None:
    """Where a component is compared as a whole and where device by device, the residual leads from one to the other."""
    at = str(honoured.end)
    package = 'joulecast_power_watts{instance="gpu-03:9877",component="cpu",zone="package"}'
    mean = f"sum by (device) (avg_over_time({package}[1m]))"
    residual = 'joulecast_prediction_residual_ratio{instance="gpu-03:9877"}'
    truth = {
        "cpu": sum(one.value for one in honoured.prometheus.query(f"{mean} * on (device) (1 + {residual})", at=at)),
        "dram": honoured.prometheus.query(
            'sum(avg_over_time(joulecast_power_watts{instance="gpu-03:9877",component="dram"}[1m]))'
            f" * on () (1 + {residual.replace('}', ',component=`dram`}')})",
            at=at,
        )[0].value,
    }
    _, predicted = honoured.answers("prediction", "Predicted and measured power", node="gpu-03:9877")

    assert {series.labels["component"]: series.value for series in predicted} == pytest.approx(truth)


@pytest.mark.parametrize("into_a_step", [0, 60, 240])
def test_grams_are_power_times_intensity_step_by_step(honoured: FleetServer, into_a_step: int) -> None:
    """An intensity that changes meanwhile is applied to the energy of its own time, with what the site adds.

    Wherever the range ends, on a step (when Prometheus 2 counts one more) or between two.
    """
    end = honoured.end // 300 * 300 - 300 + into_a_step
    truth = 0.0
    for machine in fleet():
        series = f'joulecast_carbon_intensity_grams_per_kwh{{instance="{machine.name}"}}'
        asked = {"query": series, "start": str(end - 3600), "end": str(end), "step": str(STEP_SECONDS)}
        answer = honoured.prometheus.get("/api/v1/query_range", **asked)
        for time, grams in answer["result"][0]["values"]:
            if time <= honoured.end - machine.silent_seconds:
                kilowatt_hours = watts(machine, time) * STEP_SECONDS / 3.6e6
                truth += kilowatt_hours * float(grams) * (machine.pue or 1.0)

    assert honoured._replace(end=end).value("carbon", "Carbon") == pytest.approx(truth, rel=0.04)


def test_the_history_holds_every_family(honoured: FleetServer) -> None:
    """What no imaginary node said could be asked for in vain without anyone noticing."""
    answer = honoured.prometheus.get("/api/v1/label/__name__/values")

    assert {family.name for family in FAMILIES} <= {name.removesuffix("_bucket") for name in answer}


def test_nodes_that_fell_silent_keep_their_grams(honoured: FleetServer) -> None:
    """Ten minutes after the last scrape of all, carbon and energy of the range before are still there."""
    later = honoured._replace(end=honoured.end + 600)

    for title in ("Carbon by job", "Carbon by namespace"):
        (grams,) = later.answers("carbon", title)
        assert sum(series.value for series in grams) > 0
    energy = later.value("carbon", "Energy with the site's share")
    rate = 'sum(increase(joulecast_node_energy_joules_total{instance=~"gpu-0[12].*"}[1h])) * 0.18 / 3600'
    (site,) = later.prometheus.query(rate, at=str(later.end))
    assert energy == pytest.approx(later.value("fleet", "Energy") + site.value, rel=0.01)
