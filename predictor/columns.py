"""A form over many points at once, in numpy: the same numbers as one by one, to rounding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from predictor.estimate import Texts
from predictor.form import Feature, Form, Transform

Floats = NDArray[np.float64]

_BLOCK = 8192  # rows whose features stay in the caches


class ColumnForm:
    """A form arranged for matrices: linear and product terms each in one multiplication."""

    def __init__(self, form: Form) -> None:
        self._form = form
        count = len(form.features)
        self._linear = np.zeros(count)
        self._pairs = np.zeros((count, count))
        self._triples = []
        for term in form.terms:
            places = term.features
            if len(places) == 1:
                self._linear[places[0]] += term.coefficient
            elif len(places) == 2:
                self._pairs[min(places), max(places)] += term.coefficient
            else:
                self._triples.append((term.coefficient, list(places)))
        # Only the rows and columns of the product matrix that hold anything.
        self._left = np.flatnonzero(self._pairs.any(axis=1))
        self._right = np.flatnonzero(self._pairs.any(axis=0))
        self._pairs = np.ascontiguousarray(self._pairs[np.ix_(self._left, self._right)])

    def features(self, rows: int, known: Mapping[str, Floats | float], names: Mapping[str, Texts]) -> Floats:
        """Standardised features, shape (features, rows)."""
        table = np.empty((len(self._form.features), rows))
        logs: dict[tuple[str, float], Floats] = {}
        for each, row in zip(self._form.features, table, strict=True):
            _fill(row, each, known, names, logs)
        return table

    def linear(self, features: Floats) -> Floats:
        """Y before its bounds, shape (rows,), of features of shape (features, rows)."""
        rows = features.shape[1]
        y = np.empty(rows)
        for start in range(0, rows, _BLOCK):
            block = features[:, start : start + _BLOCK]
            part = self._linear @ block
            if self._pairs.size:
                part += np.einsum("ij,ij->j", self._pairs.T @ block[self._left], block[self._right])
            for coefficient, places in self._triples:
                part += coefficient * block[places].prod(axis=0)
            y[start : start + _BLOCK] = part
        return y + self._form.intercept

    def bounded(self, y: Floats) -> Floats:
        """Y within what training saw."""
        return np.clip(y, self._form.lowest, self._form.highest)


def _fill(
    row: Floats,
    feature: Feature,
    known: Mapping[str, Floats | float],
    names: Mapping[str, Texts],
    logs: dict[tuple[str, float], Floats],
) -> None:
    """One feature of all rows."""
    if feature.transform is Transform.IS:
        column = names.get(feature.quantity)
        if column is None:
            row[:] = 0.0
        else:
            is_it = np.fromiter((value == feature.value for value in column.values), float, len(column.values))
            np.take(is_it, column.indexes, out=row)
    else:
        found = known.get(feature.quantity)
        if found is None:
            row[:] = 0.0
            return
        if feature.transform is Transform.LOG:
            key = (feature.quantity, feature.offset)
            if key not in logs:
                logs[key] = np.log(found + feature.offset if feature.offset else found)
            found = logs[key]
        row[:] = found
    row -= feature.mean
    row /= feature.scale
    np.clip(row, feature.low, feature.high, out=row)
    if feature.optional:
        np.nan_to_num(row, copy=False, nan=0.0)
