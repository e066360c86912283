"""What every panel has: queries, a place, a unit, a description, and words for when there is nothing to show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any

from grafana_foundation_sdk.builders import dashboard, prometheus
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DataTransformerConfig,
    DynamicConfigValue,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import PromQueryFormat, QueryEditorMode

from grafana.colours import BLUE
from grafana.fields import Field
from grafana.promql import written_out

DATASOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")

Steps = Sequence[tuple[float | None, str]]
"""Colours of values from each bound up; the first bound is None, which is minus infinity."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question and how its answers are called: `{{label}}` is replaced."""

    expr: str
    legend: str = ""
    instant: bool = False
    form: PromQueryFormat = PromQueryFormat.TIME_SERIES


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel and the cells of the grid it takes."""

    drawn: dashboard.Panel
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Look:
    """What every kind of panel can vary."""

    width: int
    height: int
    decimals: int | None = None
    least: float | None = None
    most: float | None = None
    steps: Steps = ((None, BLUE),)
    color: str = "palette-classic"
    fields: Sequence[Field] = ()
    no_data: str = "No data"
    interval: str = ""  # the finest step
    states: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # words and colours for values


def framed(
    kind: str,
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    *,
    look: Look,
    options: dict[str, Any],
    custom: dict[str, Any] | None = None,
    transformations: Sequence[DataTransformerConfig] = (),
) -> Panel:
    """Put a panel of this kind together; `options` and `custom` are in the words of Grafana's panel of that kind."""
    steps = [Threshold(value=value, color=colour) for value, colour in look.steps]
    drawn = (
        dashboard.Panel()
        .type(kind)
        .title(title)
        .description(description)
        .datasource(DATASOURCE)
        .unit(unit)
        .no_value(look.no_data)
        .thresholds(dashboard.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .color_scheme(dashboard.FieldColor().mode(FieldColorModeId(look.color)))
        .options(options)
        .transformations(list(transformations))
    )
    if custom:
        drawn.custom(custom)
    if look.decimals is not None:
        drawn.decimals(look.decimals)
    if look.least is not None:
        drawn.min(look.least)
    if look.most is not None:
        drawn.max(look.most)
    if look.interval:
        drawn.interval(look.interval)
    if look.states:
        drawn.mappings([_mapping(look.states)])
    for ref, query in zip(ascii_uppercase, queries, strict=False):
        drawn.with_target(_target(ref, query))
    for one in look.fields:
        _override(drawn, one)
    return Panel(drawn, look.width, look.height)


def _target(ref: str, query: Query) -> prometheus.Dataquery:
    target = (
        prometheus.Dataquery()
        .ref_id(ref)
        .datasource(DATASOURCE)
        .expr(written_out(query.expr))
        .legend_format(query.legend or "__auto")
        .format(query.form)
        .editor_mode(QueryEditorMode.CODE)
    )
    return target.instant() if query.instant else target.range()


def _override(drawn: dashboard.Panel, one: Field) -> None:
    properties = [DynamicConfigValue(name, value) for name, value in one.properties.items()]
    if one.like:
        drawn.override_by_regexp(one.like, properties)
    else:
        drawn.override_by_name(one.name, properties)


def _mapping(states: Mapping[str, tuple[str, str]]) -> ValueMap:
    results = {
        value: ValueMappingResult(text=text, color=colour, index=place)
        for place, (value, (text, colour)) in enumerate(states.items())
    }
    return ValueMap(options=results)


def legend_in(mode: str, calcs: Sequence[str] = (), *, shown: bool = True) -> dict[str, Any]:
    """A legend beside or below a plot, with these figures of each series."""
    placement = "right" if mode == "table" else "bottom"
    return {"displayMode": mode, "placement": placement, "showLegend": shown, "calcs": list(calcs)}
