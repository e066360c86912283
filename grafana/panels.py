"""The kinds of panel, each with the house's looks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.fields import Field
from grafana.panel import Look, Panel, Query, framed

LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_TOOLTIP = {"mode": "multi", "sort": "desc"}


def stat(
    title: str,
    description: str,
    query: Query,
    unit: str,
    *,
    look: Look | None = None,
    trend: bool = True,
    text: str = "auto",
) -> Panel:
    """One number, large, over its own trend; `trend` is for queries over time only."""
    look = look or Look(4, 4)
    options = {
        "reduceOptions": LAST,
        "colorMode": "value",
        "graphMode": "area" if trend else "none",
        "justifyMode": "center",
        "orientation": "auto",
        "textMode": text,
        "wideLayout": False,
        "showPercentChange": False,
        "percentChangeColorMode": "standard",
    }
    return framed("stat", title, description, [query], unit, look=replace(look, color="thresholds"), options=options)


def graph(
    title: str,
    description: str,
    queries: Sequence[Query],
    unit: str,
    *,
    look: Look,
    stacked: bool = False,
    legend: str = "list",
    stepped: bool = False,
    single: bool = False,
    limits: bool = False,
) -> Panel:
    """Lines over time, or areas that add up; bars where each `single` step counts for itself.

    With `limits` the steps of the look are drawn as dashed lines.
    """
    custom = {
        "drawStyle": "bars" if single else "line",
        "lineInterpolation": "stepAfter" if stepped else "linear",
        "lineWidth": 1 if stacked else 2,
        "fillOpacity": 55 if stacked or single else 0,
        "gradientMode": "none",
        "showPoints": "never",
        "spanNulls": False,  # a gap is a gap in the observation
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "dashed" if limits else "off"},
        "axisPlacement": "auto",
        "axisSoftMin": 0,
    }
    calcs = ("mean", "max", "lastNotNull") if legend == "table" else ()
    options = {
        "legend": _legend(legend, calcs),
        "tooltip": _TOOLTIP,
    }
    return framed("timeseries", title, description, queries, unit, look=look, options=options, custom=custom)


def bars(title: str, description: str, query: Query, unit: str, *, look: Look, names: str = "left") -> Panel:
    """Now, or a whole range, compared side by side: the longest bar is the largest value."""
    options = {
        "displayMode": "gradient",
        "orientation": "horizontal",
        "valueMode": "text",
        "namePlacement": names,
        "showUnfilled": False,
        "sizing": "auto",
        "minVizWidth": 8,
        "minVizHeight": 16,
        "maxVizHeight": 28,
        "reduceOptions": LAST,
        "legend": _legend("list", shown=False),
    }
    return framed("bargauge", title, description, [query], unit, look=look, options=options)


def table(
    title: str,
    description: str,
    queries: Sequence[Query],
    *,
    columns: dict[str, str],
    look: Look,
    sort: str = "",
    unit: str = "short",
) -> Panel:
    """Answers of one moment side by side, joined over equal labels; `columns` names what is shown, in this order.

    Its keys are labels and, for values, `Value #A`, `Value #B` in the order of the queries; a label that may be lacking
    is left out by Grafana.
    """
    tables = [Query(query.expr, query.legend, instant=True, form=PromQueryFormat.TABLE) for query in queries]
    values = {"Value #A": "Value"} if len(queries) == 1 else {}
    shown = {values.get(key, key): name for key, name in columns.items()}
    options = {
        "frameIndex": 0,
        "showHeader": True,
        "cellHeight": "sm",
        "sortBy": [{"displayName": sort, "desc": True}] if sort else [],
    }
    custom = {"align": "auto", "cellOptions": {"type": "auto"}, "inspect": False, "filterable": False, "minWidth": 70}
    # An empty cell is a part the row lacks; the words for no data are for the whole table.
    look = replace(look, color="thresholds", fields=[Field(like=".*", properties={"noValue": "-"}), *look.fields])
    steps = [
        DataTransformerConfig(id_val="merge", options={}),
        DataTransformerConfig(
            id_val="filterFieldsByName",
            options={"include": {"names": list(shown)}},
        ),
        DataTransformerConfig(
            id_val="organize",
            options={
                "excludeByName": {},
                "includeByName": {},
                "indexByName": {key: place for place, key in enumerate(shown)},
                "renameByName": shown,
            },
        ),
    ]
    return framed(
        "table",
        title,
        description,
        tables,
        unit,
        look=look,
        options=options,
        custom=custom,
        transformations=steps,
    )


def scatter(title: str, description: str, x: Query, y: Query, unit: str, *, look: Look, x_field: Field) -> Panel:
    """One quantity against another, a point for each moment; both queries must give one series, named by its legend."""
    joined = DataTransformerConfig(id_val="joinByField", options={"byField": "Time", "mode": "inner"})
    options = {
        "mapping": "manual",
        "series": [
            {
                "x": {"matcher": {"id": "byName", "options": x.legend}},
                "y": {"matcher": {"id": "byName", "options": y.legend}},
            }
        ],
        "legend": _legend("list", shown=False),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {
        "show": "points",
        "pointSize": {"fixed": 4},
        "pointShape": "circle",
        "pointStrokeWidth": 1,
        "fillOpacity": 35,
        "axisPlacement": "auto",
        "axisLabel": y.legend,
    }
    shown = [*look.fields, Field(x_field.name, properties={**x_field.properties, "custom.axisLabel": x.legend})]
    return framed(
        "xychart",
        title,
        description,
        [x, y],
        unit,
        look=replace(look, fields=shown),
        options=options,
        custom=custom,
        transformations=[joined],
    )


def heatmap(title: str, description: str, query: Query, unit: str, *, look: Look) -> Panel:
    """How a histogram changes over time; `unit` is that of its buckets."""
    options = {
        "calculate": False,
        "cellGap": 1,
        "color": {
            "mode": "scheme",
            "scheme": "Oranges",
            "scale": "exponential",
            "exponent": 0.5,
            "steps": 64,
            "fill": "dark-orange",
            "reverse": False,
        },
        "yAxis": {"unit": unit, "axisPlacement": "left", "reverse": False, "decimals": 0},
        "rowsFrame": {"layout": "auto"},
        "cellValues": {"unit": "short"},
        "filterValues": {"le": 1e-9},
        "tooltip": {"mode": "single", "yHistogram": True, "showColorScale": True},
        "legend": {"show": True},
        "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "showValue": "never",
    }
    custom = {"scaleDistribution": {"type": "linear"}, "hideFrom": {"legend": False, "tooltip": False, "viz": False}}
    distribution = Query(query.expr, "{{le}}", form=PromQueryFormat.HEATMAP)
    return framed("heatmap", title, description, [distribution], "short", look=look, options=options, custom=custom)


def timeline(title: str, description: str, query: Query, states: Mapping[str, tuple[str, str]], *, look: Look) -> Panel:
    """Which state held when, a lane for each series; `states` gives each value its word and colour."""
    options = {
        "showValue": "never",
        "mergeValues": True,
        "alignValue": "left",
        "rowHeight": 0.8,
        "legend": _legend("list"),
        "tooltip": {"mode": "single", "sort": "none"},
    }
    custom = {"lineWidth": 0, "fillOpacity": 75}
    return framed(
        "state-timeline",
        title,
        description,
        [query],
        "short",
        look=replace(look, states=states),
        options=options,
        custom=custom,
    )


def _legend(mode: str, calcs: Sequence[str] = (), *, shown: bool = True) -> dict[str, Any]:
    placement = "right" if mode == "table" else "bottom"
    return {"displayMode": mode, "placement": placement, "showLegend": shown, "calcs": list(calcs)}
