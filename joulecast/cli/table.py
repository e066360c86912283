"""Tables that fit the terminal: text columns are shortened first, then the least important columns left out."""

import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TextIO

_GAP = "  "
_NARROWEST = 6


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `flexible` may be shortened; the highest `expendable` above 0 is the first to go."""

    title: str
    right: bool = False
    flexible: bool = False
    expendable: int = 0


def terminal_width(stream: TextIO) -> int | None:
    """Columns of the terminal behind `stream`; None where it is none, and nothing needs to be shortened."""
    return shutil.get_terminal_size().columns if stream.isatty() else None


def rendered(columns: Sequence[Column], rows: Iterable[Sequence[str]], width: int | None = None) -> list[str]:
    """Lines of a table, titles first."""
    cells = [[column.title for column in columns], *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[index]) for row in cells) for index in range(len(columns))]
    shown = list(range(len(columns)))
    while width is not None and _total(widths, shown) > width:
        excess = _total(widths, shown) - width
        flexible = [index for index in shown if columns[index].flexible and widths[index] > _NARROWEST]
        if flexible:
            widest = max(flexible, key=widths.__getitem__)
            widths[widest] = max(_NARROWEST, widths[widest] - excess)
            continue
        least = max(shown, key=lambda index: columns[index].expendable)
        if not columns[least].expendable:
            break
        shown.remove(least)
    return [_GAP.join(_aligned(row[i], widths[i], columns[i]) for i in shown).rstrip() for row in cells]


def printable(text: str) -> str:
    """The text without what could move a terminal's cursor: names and labels are written by others."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _total(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[index] for index in shown) + len(_GAP) * (len(shown) - 1)


def _aligned(cell: str, width: int, column: Column) -> str:
    text = cell if len(cell) <= width else f"{cell[: width - 1]}…"
    return text.rjust(width) if column.right else text.ljust(width)
