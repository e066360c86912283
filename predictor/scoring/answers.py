"""A model's answers to records, beside what was measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from predictor.estimate import InvalidFeature, Model, Table, Texts
from predictor.points import alike, point_of, truth_of
from predictor.record import Record

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Answers:
    """Truth and estimate of one target, row by row of the records asked about; NaN where there is none."""

    truth: Floats
    value: Floats
    p10: Floats
    p90: Floats
    in_domain: NDArray[np.bool_]

    @classmethod
    def empty(cls, rows: int) -> Answers:
        """No answers yet."""
        truth, value, p10, p90 = (np.full(rows, np.nan) for _ in range(4))
        return cls(truth, value, p10, p90, np.zeros(rows, dtype=bool))

    @classmethod
    def joined(cls, parts: Sequence[Answers]) -> Answers:
        """One after another."""
        truth, value, p10, p90, in_domain = (
            np.concatenate(column) for column in zip(*(each.columns for each in parts), strict=True)
        )
        return cls(truth, value, p10, p90, in_domain)

    def put(self, rows: NDArray[np.intp], answers: Answers) -> None:
        """Fill in some rows."""
        for mine, theirs in zip(self.columns, answers.columns, strict=True):
            mine[rows] = theirs

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Answers:
        """Some rows."""
        return Answers(self.truth[rows], self.value[rows], self.p10[rows], self.p90[rows], self.in_domain[rows])

    @property
    def answered(self) -> NDArray[np.bool_]:
        """Rows with both a truth and an estimate."""
        return np.isfinite(self.truth) & np.isfinite(self.value)

    @property
    def residuals(self) -> Floats:
        """ln(truth / estimate)."""
        return np.log(self.truth / self.value)

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """Truth, estimate, P10, P90 and domain."""
        return self.truth, self.value, self.p10, self.p90, self.in_domain


def answers(model: Model, records: Sequence[Record], target: str) -> Answers:
    """Ask a model about every record, those that know the same features at once."""
    found = Answers.empty(len(records))
    found.truth[:] = [truth_of(each).get(target, np.nan) for each in records]
    for rows, table in tables(model, records):
        try:
            estimates = model.estimate_table(table)
        except InvalidFeature:
            continue  # these lack what every variant needs: unanswered, and counted so
        column = getattr(estimates, target)
        if column is None:
            continue
        found.value[rows], found.p10[rows], found.p90[rows] = column.value, column.p10, column.p90
        found.in_domain[rows] = estimates.in_domain
    return found


def tables(model: Model, records: Sequence[Record]) -> Iterator[tuple[NDArray[np.intp], Table]]:
    """Records as tables of what the model takes, those that know the same features in one, with their rows."""
    inputs = [each.name for each in model.description.inputs]
    points = [point_of(each, inputs) for each in records]
    for (numbers, texts), places in alike(points).items():
        yield (
            np.array(places),
            Table(
                len(places),
                {name: np.array([points[place][0][name] for place in places]) for name in sorted(numbers)},
                {name: _texts([points[place][1][name] for place in places]) for name in sorted(texts)},
            ),
        )


def _texts(names: Sequence[str]) -> Texts:
    values, indexes = np.unique(np.array(names), return_inverse=True)
    return Texts([str(each) for each in values], indexes.astype(np.intp))
