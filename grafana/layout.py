"""Where panels stand: rows under headings on a grid of 24 columns, and the frame around every dashboard."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana_foundation_sdk.builders import dashboard
from grafana_foundation_sdk.models.common import DataSourceRef
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    GridPos,
)

from grafana.panel import Panel
from grafana.variables import Variable

COLUMNS = 24
TAG = "joulecast"


@dataclass(frozen=True, slots=True)
class Row:
    """A heading over panels, which flow from left to right; a collapsed one costs no query until it is opened."""

    title: str
    panels: Sequence[Panel]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A dashboard before it is laid out. `name` is that of its file and, after `joulecast-`, its address."""

    name: str
    title: str
    description: str
    variables: Sequence[Variable]
    rows: Sequence[Row]
    since: str = "now-6h"


def laid_out(page: Page) -> dashboard.Dashboard:
    """Give every panel its place and number, and put the page into the common frame."""
    drawn = (
        dashboard.Dashboard(f"Joulecast / {page.title}")
        .uid(f"joulecast-{page.name}")
        .description(page.description)
        .tags([TAG])
        .timezone("browser")
        .time(page.since, "now")
        .refresh("30s")
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .editable()
        .link(_to_the_others())
        .annotation(_intervals())
    )
    drawn.variables(list(page.variables))
    number, top = 1, 0
    for row in page.rows:
        heading = (
            dashboard.Row(row.title).id(number).collapsed(row.collapsed).grid_pos(GridPos(h=1, w=COLUMNS, x=0, y=top))
        )
        number, top = number + 1, top + 1
        placed = [panel.drawn.id(number + place).grid_pos(at) for place, (panel, at) in enumerate(_places(row, top))]
        if row.collapsed:
            for panel in placed:
                heading.with_panel(panel)
        drawn.with_row(heading)
        if not row.collapsed:
            for panel in placed:
                drawn.with_panel(panel)
            top = max(at.y + at.h for _, at in _places(row, top))
        number += len(placed)
    return drawn


def _places(row: Row, top: int) -> Iterator[tuple[Panel, GridPos]]:
    left = tallest = 0
    for panel in row.panels:
        if left + panel.width > COLUMNS:
            left, top, tallest = 0, top + tallest, 0
        yield panel, GridPos(h=panel.height, w=panel.width, x=left, y=top)
        left, tallest = left + panel.width, max(tallest, panel.height)


def _to_the_others() -> dashboard.DashboardLink:
    return (
        dashboard.DashboardLink("Joulecast")
        .type(DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(as_dropdown=False)
        .keep_time(keep_time=True)
        .include_vars(include_vars=True)
        .tooltip("The other dashboards, for the same time and nodes")
    )


def _intervals() -> dashboard.AnnotationQuery:
    """Marks that `joulecast grafana annotate` left: a region for each interval."""
    target = dashboard.AnnotationTarget().limit(500).match_any(match_any=True).tags([TAG]).type("tags")
    return (
        dashboard.AnnotationQuery()
        .name("Intervals")
        .datasource(DataSourceRef(type_val="grafana", uid="-- Grafana --"))
        .enable(enable=True)
        .icon_color("#FF9830")
        .target(target)
    )
