"""Tables of the page: captioned, told to screen readers also where a phone shows their rows as cards."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from exporter.metrics.page.markup import Child, Markup, element


@dataclass(frozen=True, slots=True)
class Column:
    """One column; the first of a table names its rows."""

    title: str
    number: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """The cells of one row. `key` stays the same while the row is of the same thing; `kind` is a stylesheet's word."""

    key: str
    cells: Sequence[Child]
    kind: str = ""


def table(caption: str, columns: Sequence[Column], rows: Iterable[Row], *, kind: str = "") -> Markup:
    """A table under its caption, which is read but not shown: a heading stands above it.

    The roles say once more what the elements are: a browser forgets it when the stylesheet lays rows out as cards.
    """
    heads = (element("th", c.title, scope="col", role="columnheader", class_=_number(c)) for c in columns)
    return element(
        "table",
        element("caption", caption, class_="unseen"),
        element("thead", element("tr", heads, role="row"), role="rowgroup"),
        element("tbody", (_row(row, columns) for row in rows), role="rowgroup"),
        role="table",
        class_=kind or None,
    )


def absent(reason: str, *, quiet: bool = False) -> Markup:
    """A value that is not known: a dash, and why; `quiet` where the cell before it says so already."""
    why = element("small", reason, class_="unseen" if quiet else None)
    return element("span", "\N{EN DASH} ", why, class_="absent")


def note(text: Child) -> Markup:
    """A second line of a cell, quieter."""
    return element("small", text, class_="note")


def _row(row: Row, columns: Sequence[Column]) -> Markup:
    cells = (_cell(child, column, index) for index, (child, column) in enumerate(zip(row.cells, columns, strict=True)))
    return element("tr", cells, role="row", data_key=row.key, class_=row.kind or None)


def _cell(child: Child, column: Column, index: int) -> Markup:
    if index == 0:
        return element("th", child, scope="row", role="rowheader", class_=_number(column))
    return element("td", child, role="cell", data_title=column.title, class_=_number(column))


def _number(column: Column) -> str | None:
    return "number" if column.number else None
