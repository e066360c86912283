"""Rules that Prometheus takes, that are unit tested, and that each have their page of what to do."""

import re
import subprocess
import sys
from pathlib import Path

import promql_parser
import pytest
from doubles.prometheus import needs_promtool
from doubles.prometheus_rules import ALERTS, FILES, PROMETHEUS, RECORDED, TESTS, promtool_complaint, unit_tests
from promql_parser import AggregateExpr, BinaryExpr, Expr

DOCUMENT = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
HANDBOOK = "https://github.com/joulecast/joulecast/blob/main/docs/alerts.md#"
MUTATE = Path(__file__).with_name("mutate.py")


@needs_promtool
def test_prometheus_takes_its_configuration() -> None:
    """The configuration is good, and names rules that are."""
    assert promtool_complaint("check", "config", PROMETHEUS / "prometheus.yml") == ""


@needs_promtool
@pytest.mark.parametrize("name", FILES)
def test_prometheus_takes_the_rules(name: str) -> None:
    """A file of rules passes promtool without a word."""
    assert promtool_complaint("check", "rules", FILES[name]) == ""


@needs_promtool
@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_unit_tests(path: Path) -> None:
    """Rules give what their unit tests say: above and below each limit, on several nodes, over restarts."""
    assert promtool_complaint("test", "rules", path) == ""


def test_every_rule_has_unit_tests() -> None:
    """Each rule is named in the file where its tests are expected, and no file tests what is no more."""
    for name in [*ALERTS, *RECORDED]:
        assert re.search(rf"(?<!\w){name}\b", unit_tests(name).read_text()), name
    assert {unit_tests(name) for name in [*ALERTS, *RECORDED]} == set(TESTS)


@needs_promtool
@pytest.mark.parametrize("name", ALERTS)
def test_unit_tests_notice_what_is_broken(name: str) -> None:
    """Whatever is changed in an alert, be it a limit, a comparison, a label or a duration, fails its unit tests."""
    tried = subprocess.run([sys.executable, MUTATE, name], capture_output=True, text=True, check=False)

    assert tried.returncode == 0, f"{tried.stdout}{tried.stderr}"
    assert re.search(r"^\d\d+ changes, 0 survived$", tried.stdout, re.MULTILINE)


@pytest.mark.parametrize("name", ALERTS)
def test_alerts_say_what_to_do(name: str) -> None:
    """Each has a known severity, waits before it fires, and its link leads to a section of the handbook."""
    alert = ALERTS[name]

    assert alert["labels"] == {"severity": alert["labels"]["severity"]}
    assert alert["labels"]["severity"] in {"critical", "warning", "info"}
    assert promql_parser.parse_duration(alert["for"]).total_seconds() >= 300
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert alert["annotations"]["runbook_url"] == f"{HANDBOOK}{name.lower()}"
    assert f"\n## {name}\n" in DOCUMENT


def test_handbook_knows_no_other_alerts() -> None:
    """Every section of the handbook is that of an alert there is, in the order of the rules."""
    assert re.findall(r"^## (Joulecast\w+)$", DOCUMENT, re.MULTILINE) == list(ALERTS)


@pytest.mark.parametrize("name", RECORDED)
def test_names_of_what_is_recorded(name: str) -> None:
    """A name is level:metric:operations, and its level is the labels that are left."""
    level, metric, operations = name.split(":")

    assert metric.startswith("joulecast_")
    assert operations
    by = _outermost_labels(_parsed(name))
    assert by is None or "_".join(label for label in by if label != "cluster") == level


@pytest.mark.parametrize("name", [*ALERTS, *RECORDED])
def test_clusters_stay_apart(name: str) -> None:
    """Whatever is summed or joined by some labels is so by cluster too."""
    labels: list[list[str]] = []

    def visit(node: Expr) -> None:
        if isinstance(node, AggregateExpr) and node.modifier is not None:
            labels.append(node.modifier.labels)
        if isinstance(node, BinaryExpr) and node.modifier is not None and node.modifier.matching is not None:
            labels.append(node.modifier.matching.labels)

    promql_parser.walk(_parsed(name), visit)
    assert all("cluster" in each for each in labels)


def _parsed(name: str) -> Expr:
    return promql_parser.parse((ALERTS.get(name) or RECORDED[name])["expr"])


def _outermost_labels(expression: Expr) -> list[str] | None:
    """The labels an aggregation leaves; None where the outermost part is none."""
    if isinstance(expression, AggregateExpr) and expression.modifier is not None:
        return expression.modifier.labels
    return None
