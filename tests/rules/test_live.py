"""The rules in a real Prometheus that scrapes the real exporter: whatever can have data has it."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from math import isfinite
from typing import Any

import pytest
import yaml
from doubles.exporter_process import ExporterProcess
from doubles.prometheus import Prometheus, needs_prometheus
from doubles.prometheus_rules import ALERTS, FILES, RECORDED, groups_of

pytestmark = needs_prometheus

RATES = ("--pue", "1.25", "--carbon-intensity", "360", "--electricity-price", "0.36", "--currency", "EUR")


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[bool, Prometheus]]:
    """One server that honours labels and one that does not, both with all rules, each evaluated every second.

    They scrape a recorded machine with containers and GPUs, on which one interval has ended.
    """
    rules = tmp_path_factory.mktemp("rules")
    for name, path in FILES.items():
        groups = [{**group, "interval": "1s"} for group in groups_of(name)]
        (rules / path.name).write_text(yaml.safe_dump({"groups": groups}))
    configuration = f"rule_files: [{rules}/alerts.yml, {rules}/recording.yml]\n"
    exporter = ExporterProcess(tmp_path_factory.mktemp("exporter"), "--replay", "demo", *RATES)
    with ExitStack() as running:
        servers = {}
        for honours in (True, False):
            servers[honours] = server = Prometheus(
                tmp_path_factory.mktemp("prometheus"),
                str(exporter.listen),
                honor_labels=honours,
                configuration=configuration,
            )
            running.callback(server.close)
            server.launch()
        running.enter_context(exporter)
        request, _ = exporter.workload.begin(job="nightly", phase="training")
        exporter.until(lambda: exporter.metrics().value("joulecast_node_energy_joules_total", provenance="measured"))
        exporter.workload.end(request)
        exporter.workload.settled(request)
        for server in servers.values():
            server.await_ready()
        yield servers


@pytest.fixture(params=[True, False], ids=["honor_labels", "exported_job"])
def prometheus(request: pytest.FixtureRequest, servers: Mapping[bool, Prometheus]) -> Prometheus:
    """Both ways of scraping."""
    return servers[request.param]


def _is_about(server: Prometheus, query: str, expected: float) -> bool:
    return server.value(query) == pytest.approx(expected, rel=0.05)


def _rules(server: Prometheus) -> dict[str, Any]:
    groups = server.get("/api/v1/rules")["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def test_every_recorded_series_has_data(prometheus: Prometheus) -> None:
    """Nothing that is recorded stays empty, with numbers in it."""
    for name in RECORDED:
        points = prometheus.wait_until(partial(prometheus.query, name), f"data of {name}")
        assert all(isfinite(point.value) for point in points), name


def test_figures_agree(prometheus: Prometheus) -> None:
    """Carbon, cost and facility power follow node power; the job is the workload's, with what its interval used."""
    power = "instance:joulecast_node_energy_joules:rate5m"

    for name, factor in (
        ("instance:joulecast_facility_energy_joules:rate5m", 1.25),
        ("instance:joulecast_carbon_grams:rate5m", 1.25e-4),
        ("instance_currency:joulecast_cost_per_hour:rate5m", 1.25e-7 * 3600),
    ):
        ratio = f"{name} / on (instance) group_left () {power}"
        # The two are recorded one after the other, and a query may fall between them.
        prometheus.wait_until(partial(_is_about, prometheus, ratio, factor), f"{factor} as {ratio}")
    (job,) = prometheus.wait_until(
        lambda: prometheus.query("job_phase:joulecast_interval_energy_joules:increase1h"), "energy of a job"
    )
    assert (job.labels["job"], job.labels["phase"]) == ("nightly", "training")
    gross = prometheus.value("sum(joulecast_interval_energy_joules_total)")
    assert job.value == pytest.approx(gross, rel=1e-6)


def test_alerts_are_evaluated(prometheus: Prometheus) -> None:
    """Prometheus evaluates every alert without an error, and none of them fires for a machine that is well."""

    def evaluated() -> Any:
        rules = _rules(prometheus)
        return rules if all(rule["health"] != "unknown" for rule in rules.values()) else None

    rules = prometheus.wait_until(evaluated, "a first round of all rules")
    assert rules.keys() == ALERTS.keys() | RECORDED.keys()
    assert {name: rule.get("lastError") for name, rule in rules.items() if rule["health"] != "ok"} == {}
    assert [name for name in ALERTS if rules[name]["state"] == "firing"] == []
