"""Features held against what a model takes, before it sees them: unknown names, missing ones, values that cannot be.

What lies outside training is no error, and is the model's to say; here is only what no measurement could have been.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from predictor.estimate import Description, Input, InvalidFeature, RowError, Table
from predictor.nearest import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LONGEST_TEXT = 200  # characters of the value of a feature that is a name
_LONGEST = 80  # characters of a foreign name that are repeated in an error
_SHOWN_AS_NOTHING = frozenset({"", "1", "ratio"})  # units that say nothing after a number


# A part and its whole: more of the one than of the other cannot be.
_PARTS = (("parameters_active", "parameters"),)


@dataclass(frozen=True, slots=True)
class CheckedTable:
    """The rows that can be answered, and the others. `rows` says which rows of the original those of `table` are.

    `rows` is None where all of them can be. At most as many errors are listed as were asked for; `refused` counts all.
    """

    table: Table
    rows: NDArray[np.intp] | None = None
    errors: tuple[RowError, ...] = ()
    refused: int = 0


class Checks:
    """The inputs of one model, arranged so that a good point costs one look-up and one comparison for each feature."""

    def __init__(self, description: Description) -> None:
        self._model = description.name
        self._inputs = {each.name: each for each in description.inputs}
        self._bounds = {each.name: _bounds(each) for each in description.inputs if not each.is_text}
        self._texts = frozenset(each.name for each in description.inputs if each.is_text)
        self._required_numbers = frozenset(each.name for each in description.inputs if each.required) - self._texts
        self._required_texts = frozenset(each.name for each in description.inputs if each.required) & self._texts
        self._parts = [pair for pair in _PARTS if self._bounds.keys() >= {*pair}]

    def point(self, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
        """Pass one point, or raise InvalidFeature for the first thing that is wrong with it."""
        bounds = self._bounds
        for name, value in numbers.items():
            between = bounds.get(name)
            if between is None:
                raise self._not_a_number(name)
            # NaN and the infinities fail this too.
            if not between[0] <= value <= between[1]:
                raise wrong_number(self._inputs[name], value)
        for part, whole in self._parts:
            if part in numbers and whole in numbers and numbers[part] > numbers[whole]:
                raise _too_large_a_part(part, numbers[part], whole, numbers[whole])
        for name, text in texts.items():
            if name not in self._texts:
                raise self._not_a_text(name)
            if not text.strip() or len(text) > _LONGEST_TEXT:
                raise _wrong_text(self._inputs[name], text)
        if not (self._required_numbers <= numbers.keys() and self._required_texts <= texts.keys()):
            raise self._missing({*numbers, *texts})

    def table(self, table: Table, *, most_errors: int = sys.maxsize) -> CheckedTable:
        """Part the rows that can be answered from those that cannot.

        Each bad row is listed once, with the first thing that is wrong with it. Raises InvalidFeature for what is wrong
        with every row: a column that is unknown or missing.
        """
        self._columns(table)
        import numpy as np

        bad = np.zeros(table.rows, dtype=bool)
        found: list[RowError] = []
        for name, column in self._bad_rows(table):
            first = np.flatnonzero(column & ~bad)
            bad |= column
            found += (RowError(int(row), name, self._reason(table, name, int(row))) for row in first[:most_errors])
        refused = int(np.count_nonzero(bad))
        if not refused:
            return CheckedTable(table)
        rows = np.flatnonzero(~bad)
        found.sort(key=lambda error: error.row)
        return CheckedTable(_taken(table, rows), rows, tuple(found[:most_errors]), refused)

    def _columns(self, table: Table) -> None:
        for name in table.numbers:
            if name not in self._bounds:
                raise self._not_a_number(name)
        for name in table.texts:
            if name not in self._texts:
                raise self._not_a_text(name)
        given = {*table.numbers, *table.texts}
        if not self._required_numbers | self._required_texts <= given:
            raise self._missing(given)

    def _bad_rows(self, table: Table) -> Iterable[tuple[str, NDArray[np.bool_]]]:
        """For each column with a value that cannot be, a flag for every row."""
        import numpy as np

        for name, values in table.numbers.items():
            low, high = self._bounds[name]
            bad = ~((values >= low) & (values <= high))
            if bad.any():
                yield name, bad
        for part, whole in self._parts:
            if part in table.numbers and whole in table.numbers:
                bad = table.numbers[part] > table.numbers[whole]
                if bad.any():
                    yield part, bad
        for name, texts in table.texts.items():
            bad = np.array([not text.strip() or len(text) > _LONGEST_TEXT for text in texts.values], dtype=bool)
            if bad.any():
                yield name, bad[texts.indexes]

    def _reason(self, table: Table, name: str, row: int) -> str:
        each = self._inputs[name]
        if each.is_text:
            column = table.texts[name]
            return str(_wrong_text(each, column.values[column.indexes[row]]))
        value = float(table.numbers[name][row])
        low, high = self._bounds[name]
        for part, whole in self._parts:
            if part == name and low <= value <= high:
                return str(_too_large_a_part(part, value, whole, float(table.numbers[whole][row])))
        return str(wrong_number(each, value))

    def _not_a_number(self, name: str) -> InvalidFeature:
        each = self._inputs.get(name)
        if each is None:
            return self._unknown(name)
        example = f", as {each.values[0]}" if each.values else ""
        return InvalidFeature(name, f"{name} is a name, not a number", f"give it as text{example}")

    def _not_a_text(self, name: str) -> InvalidFeature:
        each = self._inputs.get(name)
        if each is None:
            return self._unknown(name)
        return InvalidFeature(name, f"{name} is a number, not a name", f"give it as a number{_unit(each, ' in ')}")

    def _unknown(self, name: str) -> InvalidFeature:
        shown = name[:_LONGEST]
        return InvalidFeature(shown, f"{self._model} takes no {shown!r}", nearest(shown, self._inputs))

    def _missing(self, given: set[str]) -> InvalidFeature:
        each = next(each for each in self._inputs.values() if each.required and each.name not in given)
        return InvalidFeature(each.name, f"{self._model} needs {each.name}{_unit(each, ' in ')}", each.meaning)


def check_point(description: Description, numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
    """Pass one point, or raise InvalidFeature. Who checks many keeps a `Checks`."""
    Checks(description).point(numbers, texts)


def check_table(description: Description, table: Table) -> CheckedTable:
    """Part the rows that can be answered from those that cannot. Raises InvalidFeature for what is wrong with all."""
    return Checks(description).table(table)


def wrong_number(each: Input, value: float) -> InvalidFeature:
    """Why this number cannot be, and what may have been meant."""
    found = f"{each.name} is {value:g}{_unit(each, ' ') if math.isfinite(value) else ''}"
    if not math.isfinite(value):
        return InvalidFeature(each.name, found, f"give a finite number{_unit(each, ' in ')}, or leave it out")
    if each.most is not None and value > each.most:
        hint = ", 50 % is 0.5" if each.unit == "ratio" else ""
        return InvalidFeature(each.name, f"{found}, more than can be", f"give at most {each.most:g}{hint}")
    if each.least == 0:
        return InvalidFeature(
            each.name, found, f"it must {'not be negative' if each.least_is_allowed else 'be positive'}"
        )
    least = f"{'at least' if each.least_is_allowed else 'more than'} {each.least:g}"
    hint = f", {value:g} billion is {value:g}e9, not {value:g}" if value >= 1 and each.least >= 1000 else ""
    return InvalidFeature(each.name, f"{found}, less than can be", f"give {least}{hint}")


def _too_large_a_part(part: str, value: float, whole: str, of: float) -> InvalidFeature:
    return InvalidFeature(part, f"{part} is {value:g}, more than the {of:g} of {whole}", f"give at most {whole}")


def _wrong_text(each: Input, text: str) -> InvalidFeature:
    example = f", as {each.values[0]}" if each.values else ""
    found = f"has {len(text)} characters" if text.strip() else "is empty"
    return InvalidFeature(each.name, f"{each.name} {found}", f"give a name{example}, or leave it out")


def _bounds(each: Input) -> tuple[float, float]:
    """The least and the most floating-point number that can be."""
    least = each.least if each.least_is_allowed else math.nextafter(each.least, math.inf)
    return least, sys.float_info.max if each.most is None else each.most


def _unit(each: Input, before: str) -> str:
    return "" if each.unit in _SHOWN_AS_NOTHING else f"{before}{each.unit}"


def _taken(table: Table, rows: NDArray[np.intp]) -> Table:
    from predictor.estimate import Texts

    return Table(
        len(rows),
        {name: values[rows] for name, values in table.numbers.items()},
        {name: Texts(texts.values, texts.indexes[rows]) for name, texts in table.texts.items()},
    )
