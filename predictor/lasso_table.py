"""An artifact over columns of points: block by block, so that what is in hand stays in the caches."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from predictor.answerable import Answerable
from predictor.answers import CACHE_NOTE, KWH_PER_DAY, cache_factor, follow
from predictor.columns import ColumnForm, Floats
from predictor.domain import bounded_features, reach
from predictor.estimate import Estimates, InvalidFeature, QuantityColumn, RowError, Table, Texts
from predictor.form import Form
from predictor.known import DEVICE_FIGURES, figures_of_names
from predictor.ways import Plan

_BLOCK = 8192


class TableModel:
    """What a model needs to answer tables, prepared once."""

    def __init__(self, model: Answerable) -> None:
        self._model = model
        self._forms = {id(form): ColumnForm(form) for each in model.artifact.variants for form in each.forms}

    def estimate(self, table: Table) -> Estimates:
        """The same numbers as one by one. A row whose device says too little is NaN, and an error of its own."""
        known, names, errors = self._said_by_names(table)
        variant, way = self._model.way(frozenset(known))
        inside = ~self._foreign(table.rows, names)
        names = {kind: self._trained(kind, each) for kind, each in names.items()}
        columns: dict[str, QuantityColumn] = {}
        for start in range(0, table.rows, _BLOCK):
            rows = slice(start, min(start + _BLOCK, table.rows))
            block = {name: column[rows] for name, column in known.items()}
            block_names = {kind: Texts(each.values, each.indexes[rows]) for kind, each in names.items()}
            found = self._block(variant.forms, way, block, block_names, inside[rows])
            for target, band in found.items():
                if target not in columns:
                    columns[target] = QuantityColumn(*(np.empty(table.rows) for _ in range(3)))
                for whole, part in zip(_parts(columns[target]), _parts(band), strict=True):
                    whole[rows] = part
        errors += self._unanswered(columns, errors)
        inside[[each.row for each in errors]] = False
        cached = (CACHE_NOTE,) if _is_cached(known) and "joules_per_output_token" in columns else ()
        return Estimates(
            in_domain=inside,
            power_watts=columns.get("power_watts"),
            joules_per_sample=columns.get("joules_per_sample"),
            joules_per_output_token=columns.get("joules_per_output_token"),
            kilowatt_hours_per_day=columns["power_watts"].times(KWH_PER_DAY) if "power_watts" in columns else None,
            errors=errors,
            notes=(*self._model.artifact.notes, *(f"assumed: {each}" for each in way.assumptions), *cached),
        )

    def _block(
        self,
        forms: tuple[Form, ...],
        way: Plan,
        known: dict[str, Floats],
        names: Mapping[str, Texts],
        inside: NDArray[np.bool_],
    ) -> dict[str, QuantityColumn]:
        """One block's answers; `inside` is narrowed to the rows within training."""
        rows = len(inside)
        way.complete(known)
        for each in bounded_features(forms):
            if each.quantity in known:
                low, high = reach(each)
                value = known[each.quantity]
                # Unknown is not outside.
                inside &= np.logical_not((value < low) | (value > high))
        found: dict[str, QuantityColumn] = {}
        for form in forms:
            columns = self._forms[id(form)]
            y = columns.bounded(columns.linear(columns.features(rows, known, names)))
            value = known[form.reference] * np.exp(y)
            if not isinstance(value, np.ndarray):
                value = np.full(rows, value)
            p10 = np.where(inside, np.exp(form.band.p10), np.exp(form.outer_band.p10))
            p90 = np.where(inside, np.exp(form.band.p90), np.exp(form.outer_band.p90))
            found[form.target] = QuantityColumn(value, value * p10, value * p90)
        cached = cache_factor(known)
        if cached is not None and "joules_per_output_token" in found:
            found["joules_per_output_token"] = found["joules_per_output_token"].times(cached)
        follow(found, known, QuantityColumn.times)
        return found

    def _said_by_names(self, table: Table) -> tuple[dict[str, Floats], dict[str, Texts], list[RowError]]:
        """Numbers and names with all that the names say; rows whose names say nothing are errors."""
        known = dict(table.numbers)
        names = dict(table.texts)
        errors: list[RowError] = []
        given = {"device_tdp_watts": 1.0} if "device_tdp_watts" in known else {}
        for kind in ("device", "precision"):
            if kind not in names:
                continue
            column = names[kind]
            figures: list[Mapping[str, float]] = []
            values: list[str] = []
            for place, name in enumerate(column.values):
                try:
                    said, called = figures_of_names(given, {kind: name})
                except InvalidFeature as problem:
                    errors += [
                        RowError(int(row), kind, str(problem)) for row in np.flatnonzero(column.indexes == place)
                    ]
                    said, called = {}, {kind: name}
                figures.append(said)
                values.append(called[kind])
            names[kind] = Texts(values, column.indexes)
            for feature in (*DEVICE_FIGURES, "bytes_per_parameter"):
                if feature not in known and any(feature in said for said in figures):
                    each = np.array([said.get(feature, np.nan) for said in figures])
                    known[feature] = each[column.indexes]
        return known, names, errors

    def _trained(self, kind: str, column: Texts) -> Texts:
        return Texts([self._model.trained_name(kind, value) for value in column.values], column.indexes)

    def _foreign(self, rows: int, names: Mapping[str, Texts]) -> NDArray[np.bool_]:
        """Rows with a name that was not in training, or a device without one."""
        foreign = np.zeros(rows, dtype=bool)
        if "device" not in names and self._model.foreign({}):
            foreign[:] = True
        for kind, column in names.items():
            unknown = np.array([any(left.feature == kind for left in self._model.foreign({kind: value}))
                                for value in column.values])  # fmt: skip
            foreign |= unknown[column.indexes]
        return foreign

    def _unanswered(self, columns: Mapping[str, QuantityColumn], errors: list[RowError]) -> list[RowError]:
        """Rows that came out as no number, beside those already known to be wrong."""
        if not columns:
            return []
        told = {each.row for each in errors}
        rows = np.flatnonzero(~np.isfinite(next(iter(columns.values())).value))
        return [
            RowError(int(row), "device", "the catalogue knows too little of this device: give its figures")
            for row in rows
            if int(row) not in told
        ]


def _parts(column: QuantityColumn) -> tuple[Floats, Floats, Floats]:
    return column.value, column.p10, column.p90


def _is_cached(known: Mapping[str, Floats]) -> bool:
    return {"cache_hit_rate", "average_input_tokens"} <= known.keys()
