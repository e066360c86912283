"""Tables of a page: rows of plain text become HTML, with every cell escaped in one place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape


@dataclass(frozen=True, slots=True)
class Row:
    """The texts of one row. `kind` is one of the stylesheet's words, never data."""

    cells: Sequence[str]
    kind: str = ""


def table(title: str, heads: Sequence[str], rows: Iterable[Row], empty: str) -> str:
    """Lay rows out under `heads`, or say `empty`; a head that starts with # is over a column of numbers."""
    lines = [_line(row, heads) for row in rows]
    if not lines:
        return f'<h2>{escape(title)}</h2>\n<p class="none">{escape(empty)}</p>'
    head = "".join(f"<th{_class(name)}>{escape(name.removeprefix('#'))}</th>" for name in heads)
    return "\n".join(
        (f"<h2>{escape(title)}</h2>", '<div class="scroll"><table>', f"<tr>{head}</tr>", *lines, "</table></div>")
    )


def _line(row: Row, heads: Sequence[str]) -> str:
    cells = "".join(f"<td{_class(name)}>{escape(cell)}</td>" for name, cell in zip(heads, row.cells, strict=True))
    return f'<tr class="{row.kind}">{cells}</tr>' if row.kind else f"<tr>{cells}</tr>"


def _class(head: str) -> str:
    return ' class="number"' if head.startswith("#") else ""
