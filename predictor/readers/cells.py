"""One cell to one value: a number is written with a point, a name is plain text, and an empty cell is unknown."""

import math
import re
from collections.abc import Mapping
from typing import Any

from predictor.nearest import nearest
from predictor.record_column import Column

# `float` would also take "nan", "1_000" and digits of other scripts.
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_COMMA = re.compile(r"[+-]?[0-9.]*,[0-9]+")
_UNKNOWN = frozenset({"nan", "na", "n/a", "none", "null", "-", "?", "unknown"})

_SCOPE_PARTS = ("gpu", "cpu", "dram")


class Refused(Exception):
    """A cell that cannot be read: what is wrong, and what to write instead."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what, remedy)
        self.what = what
        self.remedy = remedy


def value_of(cell: Any, column: Column) -> Any:
    """The value of a cell that is not empty. Raises Refused."""
    return _text(cell, column) if column.type == "text" else _number(cell, column)


def _number(cell: Any, column: Column) -> float:
    if isinstance(cell, str):
        plain = cell.strip()
        if not _NUMBER.fullmatch(plain):
            raise Refused(f"{cell!r} is no number", _remedy(plain))
        value = float(plain)
    elif isinstance(cell, bool) or not isinstance(cell, int | float):
        raise Refused(f"{cell!r} is no number", "a number belongs there")
    else:
        value = float(cell)
    if not math.isfinite(value):
        raise Refused(f"{cell!r} is not finite", "leave the cell empty where it is unknown")
    refusal = column.refusal(value)
    if refusal is not None:
        raise Refused(f"{cell if isinstance(cell, str) else format(cell, 'g')} cannot be", refusal)
    return value


def _remedy(plain: str) -> str:
    lowered = plain.lower().lstrip("+-")
    if lowered in _UNKNOWN or lowered.startswith("inf"):
        return "leave the cell empty where it is unknown"
    if _COMMA.fullmatch(plain):
        return f"the decimal mark is a point, as {plain.replace('.', '').replace(',', '.')}, and thousands have none"
    return "a plain number belongs there, as 7e9"


def _text(cell: Any, column: Column) -> str:
    if not isinstance(cell, str):
        if isinstance(cell, bool) or not isinstance(cell, int | float):
            raise Refused(f"{cell!r} is no text", "text belongs there")
        cell = f"{cell:g}"
    value: str = cell.strip()
    if column.values and value not in column.values:
        ordered = _in_order(value.lower())
        if ordered not in column.values:
            raise Refused(f"{value!r} is not known", nearest(value, column.values))
        return ordered
    return value


def _in_order(value: str) -> str:
    """A scope such as `cpu+dram+gpu` in the order in which scopes are written."""
    parts = value.split("+")
    return "+".join(sorted(parts, key=_SCOPE_PARTS.index)) if set(parts) <= set(_SCOPE_PARTS) else value


def notes_of(cell: Any) -> dict[str, str]:
    """The keys and values of a cell of notes: `key=value;key=value`, or a mapping; a bare remark is a key too.

    Raises Refused for a key that stands there twice.
    """
    if isinstance(cell, Mapping):
        return {str(key): str(value) for key, value in cell.items() if value is not None}
    if isinstance(cell, list):  # how Parquet gives a map
        return {str(key): str(value) for key, value in cell}
    notes: dict[str, str] = {}
    for part in str(cell).split(";"):
        if not part.strip():
            continue
        key, _, value = part.partition("=")
        key = key.strip()
        if key in notes:
            raise Refused(f"{key!r} stands there twice", "keep one of them")
        notes[key] = value.strip()
    return notes
