"""Every name and label that rules and their unit tests use is one that somebody says."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import promql_parser
import pytest
import yaml
from doubles.prometheus_rules import ALERTS, RECORDED, TESTS
from promql_parser import AggregateExpr, BinaryExpr, Expr, VectorSelector

from exporter.metrics.families import FAMILIES
from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures

# What Prometheus itself adds: to tell targets apart, and where a label was taken already.
TARGET = {"cluster", "instance", "job", "exported_job"}


def _said() -> dict[str, set[str]]:
    """Every metric with its labels, by name."""
    said = {family.name: set(family.labels) for family in FAMILIES}
    predictor = Figures(Artifacts([], lambda path: pytest.fail(f"nothing is to be loaded, not even {path}")))
    for metric in predictor.registry.collect():
        said[f"{metric.name}_total" if metric.type == "counter" else metric.name] = set()
    assert said.keys() >= {"joulecast_predictor_artifacts_failed", "process_start_time_seconds"}
    return said | {"up": set()}


SAID = _said()


def _recorded_labels(name: str) -> set[str]:
    """The labels of a recorded series are its level."""
    return set(name.partition(":")[0].split("_"))


LABELS: Mapping[str, set[str]] = SAID | {name: _recorded_labels(name) for name in RECORDED}
EXPRESSIONS = {name: rule["expr"] for name, rule in (ALERTS | RECORDED).items()}


def _nodes(expression: str) -> list[Expr]:
    nodes: list[Expr] = []
    promql_parser.walk(promql_parser.parse(expression), nodes.append)
    return nodes


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_metrics_are_said(name: str) -> None:
    """Each rule asks for metrics there are, by labels that they have."""
    for node in _nodes(EXPRESSIONS[name]):
        if isinstance(node, VectorSelector):
            assert node.name in LABELS
            assert {each.name for each in node.matchers.matchers} <= LABELS[node.name] | TARGET, node.name


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_labels_are_said(name: str) -> None:
    """What is summed or joined by a label has that label."""
    for node in _nodes(EXPRESSIONS[name]):
        if isinstance(node, AggregateExpr) and node.modifier is not None:
            assert set(node.modifier.labels) <= _labels_within(str(node.expr)) | TARGET
        if isinstance(node, BinaryExpr) and node.modifier is not None and node.modifier.matching is not None:
            for side in (node.lhs, node.rhs):
                assert set(node.modifier.matching.labels) <= _labels_within(str(side)) | TARGET


def _labels_within(expression: str) -> set[str]:
    names = [node.name for node in _nodes(expression) if isinstance(node, VectorSelector)]
    return set().union(*(LABELS[name] for name in names))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_unit_tests_are_about_what_is_said(path: Path) -> None:
    """Series of the unit tests have the names and exactly the labels that the exporter gives them."""
    for name, labels in _series(path):
        assert name in SAID
        if name.startswith("joulecast_"):
            assert labels - (TARGET - SAID[name]) == SAID[name], name


def _series(path: Path) -> Iterator[tuple[str, set[str]]]:
    for test in yaml.safe_load(path.read_text())["tests"]:
        for each in test["input_series"]:
            name, _, labels = each["series"].partition("{")
            yield name, set(re.findall(r'(\w+)="', labels))


@pytest.mark.parametrize("name", RECORDED)
def test_everything_recorded_is_spoken_of(name: str) -> None:
    """Each recorded series is one the handbook or another rule speaks of."""
    handbook = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text()
    others = [text for other, text in EXPRESSIONS.items() if other != name]
    metric = name.partition(":")[2]
    assert metric in handbook or any(name in text for text in others)
