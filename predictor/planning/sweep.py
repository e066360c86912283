"""Many operating points: every combination of the values that were given, each answered or refused on its own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from joulecast.errors import JoulecastError
from predictor.planning.answer import Answer
from predictor.planning.ranges import Range

MOST_POINTS = 10_000

Ask = Callable[[Mapping[str, float]], Answer]


@dataclass(frozen=True, slots=True)
class Row:
    """One point of a sweep: its answer, or why there is none."""

    numbers: Mapping[str, float]
    answer: Answer | None
    problem: JoulecastError | None = None


def swept(numbers: Mapping[str, Range]) -> tuple[str, ...]:
    """The features that have more than one value."""
    return tuple(name for name, values in numbers.items() if len(values) > 1)


def points(numbers: Mapping[str, Range]) -> Iterator[dict[str, float]]:
    """Every combination, the last range fastest. Raises JoulecastError for more than anybody reads."""
    count = math.prod(len(values) for values in numbers.values())
    if count > MOST_POINTS:
        raise JoulecastError(f"the ranges make {count:,} points", f"take larger steps: {MOST_POINTS:,} points are most")
    for values in product(*numbers.values()):
        yield dict(zip(numbers, values, strict=True))


def sweep(numbers: Mapping[str, Range], ask: Ask) -> list[Row]:
    """Answer all points; one that cannot be leaves the others answered. Raises the first problem where none can be."""
    rows = [_row(point, ask) for point in points(numbers)]
    if not any(row.answer for row in rows) and rows[0].problem is not None:
        raise rows[0].problem
    return rows


def _row(point: Mapping[str, float], ask: Ask) -> Row:
    try:
        return Row(point, ask(point))
    except JoulecastError as problem:
        return Row(point, None, problem)
