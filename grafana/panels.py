"""Panels of one moment, or of a whole range at once: a number, bars to compare, a table."""

from collections.abc import Sequence
from dataclasses import replace

from grafana_foundation_sdk.models.dashboard import DataTransformerConfig
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

from grafana.fields import Field
from grafana.panel import Look, Panel, Query, framed, legend_in

LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}


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
        "legend": legend_in("list", shown=False),
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
