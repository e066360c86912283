"""Plots: what happened over time, what goes with what, how values are distributed, which state held when."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.colours import GREY
from grafana.fields import Field, fixed
from grafana.panel import Look, Panel, Query, framed, legend_in

_TOOLTIP = {"mode": "multi", "sort": "desc"}


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
        "legend": legend_in(legend, calcs),
        "tooltip": _TOOLTIP,
    }
    return framed("timeseries", title, description, queries, unit, look=look, options=options, custom=custom)


def scatter(
    title: str,
    description: str,
    x: Query,
    y: Query,
    unit: str,
    *,
    look: Look,
    x_field: Field,
    diagonal: bool = False,
) -> Panel:
    """One quantity against another, a point for each moment; both queries must give one series, named by its legend.

    With a `diagonal` there is a line where both are equal.
    """
    queries = [x, y, Query(x.expr, "equal")] if diagonal else [x, y]
    joined = DataTransformerConfig(id_val="joinByField", options={"byField": "Time", "mode": "inner"})
    options = {
        "mapping": "manual",
        "series": [
            {
                "x": {"matcher": {"id": "byName", "options": x.legend}},
                "y": {"matcher": {"id": "byName", "options": other.legend}},
            }
            for other in queries[1:]
        ],
        "legend": legend_in("list", shown=False),
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
    shown = [
        *look.fields,
        Field(x_field.name, properties={**x_field.properties, "custom.axisLabel": x.legend}),
        *([Field("equal", properties={"custom.show": "lines", "color": fixed(GREY)})] if diagonal else []),
    ]
    return framed(
        "xychart",
        title,
        description,
        queries,
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
        "legend": legend_in("list"),
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
