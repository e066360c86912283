"""The same rules for the Prometheus operator, under the jobs that its monitors and the compose file scrape."""

import runpy
from pathlib import Path

import promql_parser
import pytest
import yaml
from doubles.kustomized import Manifests, selects
from doubles.prometheus_rules import ALERTS, PROMETHEUS, groups_of
from promql_parser import Expr, VectorSelector

SCRAPED = {each["job_name"] for each in yaml.safe_load((PROMETHEUS / "prometheus.yml").read_text())["scrape_configs"]}


@pytest.fixture(scope="module")
def manifests(tmp_path_factory: pytest.TempPathFactory) -> Manifests:
    """The base with its monitors and rules."""
    return Manifests.composed(Path(tmp_path_factory.mktemp("rules")), "service-monitor", "prometheus-rules")


def test_manifest_is_current() -> None:
    """What is committed is what the rules of today make."""
    program = runpy.run_path(str(PROMETHEUS / "operator_rules.py"))

    assert program["MANIFEST"].read_text() == program["manifest"](), "run python deploy/prometheus/operator_rules.py"


def test_manifest_has_every_rule(manifests: Manifests) -> None:
    """The cluster gets the groups of all files, each once."""
    (rules,) = manifests.all("PrometheusRule")

    assert rules["spec"]["groups"] == [*groups_of("alerts"), *groups_of("recording")]


def test_jobs_are_those_that_are_scraped(manifests: Manifests) -> None:
    """Alerts about scraping look at every job that the shipped configurations make, and at no other."""
    # The operator names a job after the Service that a monitor selects.
    wanted = [each["spec"]["selector"]["matchLabels"] for each in manifests.all("ServiceMonitor")]
    services = {
        each["metadata"]["name"]
        for each in manifests.all("Service")
        if any(selects(each["metadata"]["labels"], labels) for labels in wanted)
    }
    looked_at: set[str] = set()

    def visit(node: Expr) -> None:
        if isinstance(node, VectorSelector) and node.name == "up":
            looked_at.update(each for matcher in node.matchers.matchers for each in matcher.value.split("|"))

    for alert in ALERTS.values():
        promql_parser.walk(promql_parser.parse(alert["expr"]), visit)
    assert looked_at == SCRAPED | services
