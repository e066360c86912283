"""Measured points in columns, a Lasso fitted on them, and how far off it is about what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from predictor.estimate import Evaluation, Input
from predictor.form import Band, Form
from predictor.training.fitting import fit, raw_features
from predictor.training.recipe import FormRecipe
from predictor.training.verification import verify

Floats = NDArray[np.float64]
_FOLDS = 10


@dataclass(frozen=True)
class Columns:
    """Points as columns of quantities (NaN: unknown) and of names; `truth` in watts, `groups` by what is left out."""

    known: Mapping[str, Floats]
    names: Mapping[str, NDArray[np.str_]]
    truth: Floats
    groups: Mapping[str, Sequence[str]]

    @property
    def rows(self) -> int:
        """How many points there are."""
        return len(self.truth)


def fitted(recipe: FormRecipe, columns: Columns, kept_apart: str) -> Form:
    """A Lasso on every point; its alpha is chosen with these groups kept apart. What is kept is held against it."""
    raw = raw_features(recipe, columns.known, columns.names, columns.rows)
    with threadpool_limits(1):
        made, form = fit(recipe, raw, columns.truth, columns.known[recipe.reference], list(columns.groups[kept_apart]))
    verify(form, made, raw)
    return form


def left_out(recipe: FormRecipe, columns: Columns, split: str, kept_apart: str, jobs: int = -1) -> Floats:
    """Watts of every point, estimated by a Lasso that saw nothing of its group."""
    raw = raw_features(recipe, columns.known, columns.names, columns.rows)
    groups = list(columns.groups[split])
    parts = list(GroupKFold(min(_FOLDS, len(set(groups)))).split(raw, groups=groups))
    done = Parallel(n_jobs=jobs)(delayed(_without)(recipe, columns, raw, part, kept_apart) for part in parts)
    found = np.empty(columns.rows)
    for (_, test), each in zip(parts, done, strict=True):
        found[test] = each
    return found


def _without(
    recipe: FormRecipe,
    columns: Columns,
    raw: Floats,
    part: tuple[NDArray[np.intp], NDArray[np.intp]],
    kept_apart: str,
) -> Floats:
    train, test = part
    reference, groups = columns.known[recipe.reference], columns.groups[kept_apart]
    with threadpool_limits(1):  # sums in the same order everywhere
        made, form = fit(recipe, raw[train], columns.truth[train], reference[train], [groups[row] for row in train])
    y = np.clip(made.predict(raw[test]), form.lowest, form.highest)
    return np.asarray(reference[test] * np.exp(y))


def evaluation(split: str, truth: Floats, value: Floats, band: Band | None = None) -> Evaluation:
    """The error table's row of these estimates; `band` for how many truths it held."""
    errors = np.abs(value / truth - 1.0)
    # An estimate of zero is a factor of infinity.
    ratio = np.log(truth / np.maximum(value, 1e-9))
    spread = float(np.square(np.log(truth) - np.log(truth).mean()).sum())
    return Evaluation(
        split,
        len(truth),
        mape=float(errors.mean()),
        median_ape=float(np.median(errors)),
        r2_log=float(1.0 - np.square(ratio).sum() / spread) if (value > 0).all() and spread > 0 else None,
        within_factor_two=float((np.abs(ratio) <= np.log(2.0)).mean()),
        band_coverage=None if band is None else float(((ratio >= band.p10) & (ratio <= band.p90)).mean()),
    )


def band_of(truth: Floats, value: Floats) -> Band:
    """The P10 and P90 of ln(truth / estimate)."""
    low, high = np.quantile(np.log(truth / value), (0.1, 0.9))
    return Band(float(low), float(high))


def wider(one: Band, other: Band) -> Band:
    """The band of two independent errors."""
    return Band(-float(np.hypot(one.p10, other.p10)), float(np.hypot(one.p90, other.p90)))


def seen(each: Input, columns: Columns) -> Input:
    """An input with what training saw of it."""
    if each.is_text:
        values = columns.names.get(each.name)
        return each if values is None else replace(each, values=tuple(sorted(set(values.tolist()))))
    column = columns.known.get(each.name)
    if column is None or not np.isfinite(column).any():
        return each
    finite = column[np.isfinite(column)]
    return replace(each, lowest=float(finite.min()), highest=float(finite.max()))
