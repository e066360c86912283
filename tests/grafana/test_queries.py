"""Every query parses, asks for what there is, by labels it has, and reads counters as counters."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser
import pytest
from doubles.committed_dashboards import NAMES, committed
from doubles.known_metrics import SCRAPE_LABELS, Known, known_metrics

from grafana.asking import Asking, panels

# What variables are replaced with before anything is known of a server.
CHOICES = {"cluster": ".*", "node": ".+", "job": ".+", "job_label": "job", "datasource": "prometheus"}
OVERLAPPING = {"joulecast_power_watts", "joulecast_power_uncertainty_watts", "joulecast_energy_joules_total"}
# The one panel that shows counters as they stand, and says so.
RUNNING_TOTALS = "Energy of ended intervals, as it adds up"


class Selector(NamedTuple):
    """A selection of series, and whether it is over a range."""

    name: str
    matchers: Mapping[str, str]
    ranged: bool


class Asked(NamedTuple):
    """A query and the panel, or variable, that asks it."""

    title: str
    text: str
    expression: Any


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Known]:
    """Every metric there is."""
    return known_metrics(tmp_path_factory.mktemp("nowhere"))


def asked(name: str) -> Iterator[Asked]:
    """The queries of a dashboard's panels, written out."""
    asking = Asking(_unasked, 0.0, 21_600.0)
    for panel in panels(committed(name)):
        for target in panel["targets"]:
            text = asking.written(target["expr"], CHOICES)
            yield Asked(panel["title"], text, promql_parser.parse(text))


def _unasked(path: str, parameters: Mapping[str, str]) -> Any:
    raise AssertionError(f"{path} {parameters}")


QUERIES = [pytest.param(one, id=f"{name}: {one.title}") for name in NAMES for one in asked(name)]


def selectors(node: Any, *, ranged: bool = False) -> Iterator[Selector]:
    """Every selection inside an expression."""
    kind = type(node).__name__
    if kind == "SubqueryExpr" and str(node.expr).startswith("max by (cluster, instance)"):
        # The one counter of a node under labels that take turns: no sum, so resets are still to be seen.
        yield from selectors(node.expr.expr, ranged=True)
    elif kind == "MatrixSelector":
        yield from selectors(node.vector_selector, ranged=True)
    elif kind == "VectorSelector":
        yield Selector(node.name, {m.name: m.value for m in node.matchers.matchers}, ranged)
    else:
        parts = [getattr(node, name, None) for name in ("expr", "lhs", "rhs")] + list(getattr(node, "args", None) or [])
        for part in parts:
            if part is not None:
                yield from selectors(part)


def grouped(text: str) -> set[str]:
    """Labels that aggregations keep and joins go by."""
    groups = re.findall(r"\b(?:by|on|group_left|ignoring) \(([\w, ]*)\)", text)
    return {label for group in groups for label in group.split(", ") if label}


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_asks_for_what_there_is(query: Asked, known: Mapping[str, Known]) -> None:
    """Its metrics are declared, and it selects by labels that they, or the scrape, have."""
    for selector in selectors(query.expression):
        assert selector.name in known
        assert set(selector.matchers) <= known[selector.name].labels | SCRAPE_LABELS


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_groups_by_labels_there_are(query: Asked, known: Mapping[str, Known]) -> None:
    """What it aggregates by, or joins on, is a label of something it selects, or one that it made itself."""
    there = set().union(*(known[selector.name].labels for selector in selectors(query.expression)))
    made = set(re.findall(r'label_replace\(.*?, "(\w+)", "', query.text))

    assert grouped(query.text) <= there | SCRAPE_LABELS | made


@pytest.mark.parametrize("query", QUERIES)
def test_counters_are_read_as_counters(query: Asked, known: Mapping[str, Known]) -> None:
    """A counter is read over a range, a gauge never by rate() or increase()."""
    for selector in selectors(query.expression):
        if known[selector.name].counts and query.title != RUNNING_TOTALS:
            assert selector.ranged
        if not known[selector.name].counts:
            assert not re.search(rf"\b(rate|increase)\({selector.name}", query.text)


@pytest.mark.parametrize("query", QUERIES)
def test_nothing_is_added_twice(query: Asked) -> None:
    """Series of overlapping zones are either narrowed to the parts of a node, or kept apart by zone."""
    for selector in selectors(query.expression):
        if selector.name in OVERLAPPING:
            assert "zone" in selector.matchers or "zone" in grouped(query.text)


@pytest.mark.parametrize("query", QUERIES)
def test_choices_at_the_top_have_effect(query: Asked) -> None:
    """Every selection is narrowed to the chosen clusters, and to the chosen nodes unless it is of a service."""
    for selector in selectors(query.expression):
        assert "cluster" in selector.matchers
        assert "instance" in selector.matchers or selector.name.startswith("joulecast_predictor")


@pytest.mark.parametrize("name", NAMES)
def test_every_macro_is_replaced(name: str) -> None:
    """After what Grafana replaces, a dollar stands only for a group of a regular expression."""
    assert [query.title for query in asked(name) if re.search(r"\$(?!\d)", query.text)] == []


def test_the_parser_can_say_no() -> None:
    """A rate of what is no range, and an unbalanced query, are refused, so that parsing means something."""
    for wrong in ("rate(joulecast_node_power_watts)", "sum(joulecast_node_power_watts"):
        with pytest.raises(ValueError, match=r"."):
            promql_parser.parse(wrong)


def test_dashboards_use_what_is_declared(known: Mapping[str, Known]) -> None:
    """Every family with figures to show is on some dashboard; the rest is named here, with its reason."""
    used = {selector.name for name in NAMES for query in asked(name) for selector in selectors(query.expression)}
    unused = {name for name in known if name.startswith("joulecast_") and name not in used}

    assert unused == {
        "joulecast_retired_energy_joules_total",  # takes over what other series have shown: no rate of it is new energy
        "joulecast_predictor_artifact_failures_total",  # artifacts_failed says what is broken now
        "joulecast_predictor_build_info",
    }


def test_directory_of_the_service_needs_no_model(tmp_path: Path) -> None:
    """The prediction service's own families are among the known ones."""
    assert known_metrics(tmp_path)["joulecast_predictor_estimates_total"].labels == {"model", "in_domain"}
