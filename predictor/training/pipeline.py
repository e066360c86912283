"""The scikit-learn pipeline behind a form: standardise and bound, multiply, standardise again, Lasso."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, RegressorMixin, TransformerMixin
from sklearn.linear_model import Lasso, lasso_path
from sklearn.model_selection import GroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

Floats = NDArray[np.float64]

_ALPHAS = 80
_SMALLEST = 1e-4  # of the alpha at which every coefficient is zero
_INNER_FOLDS = 5
_PATH_STEPS = 400  # the smallest alphas, seldom chosen, would take thousands to settle
_SHIFTS = np.linspace(-0.05, 0.10, 61)


class Bounded(TransformerMixin, BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """Standardises columns, holds the numeric ones within `bound` standard deviations, and reads NaN as the mean."""

    def __init__(self, bound: float, indicators: Sequence[bool]) -> None:
        self.bound = bound
        self.indicators = indicators

    def fit(self, x: Floats, _y: Any = None) -> Bounded:
        """Learn means and scales. A column that never varies, or is never known, says nothing: it is held at 0."""
        seen = np.where(np.isfinite(x).any(axis=0), x, 0.0)
        self.mean_ = np.nanmean(seen, axis=0)
        scale = np.nanstd(seen, axis=0)
        varies = scale > 1e-9
        self.scale_ = np.where(varies, scale, 1.0)
        self.high_ = np.where(varies, np.where(self.indicators, np.inf, self.bound), 0.0)
        return self

    def transform(self, x: Floats) -> Floats:
        """Shape (rows, features), without NaN."""
        z = np.clip((x - self.mean_) / self.scale_, -self.high_, self.high_)
        return np.asarray(np.nan_to_num(z, nan=0.0))


class Products(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Appends products of features: `terms` holds the places each multiplies, single features included."""

    def __init__(self, terms: Sequence[tuple[int, ...]]) -> None:
        self.terms = terms

    def fit(self, _x: Floats, _y: Any = None) -> Products:
        """Nothing to learn."""
        return self

    def transform(self, z: Floats) -> Floats:
        """Shape (rows, terms)."""
        return np.column_stack([z[:, list(places)].prod(axis=1) for places in self.terms])


class GroupedLasso(RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """A Lasso whose alpha is chosen by the absolute error on groups left out of each inner fold.

    Its intercept is then moved so that the mean absolute percentage error of exp(y) on those groups is least: what is
    added to a logarithm is a factor, and a percentage forgives too little more than too much.
    """

    def fit(self, x: Floats, y: Floats, groups: Any = None, weights: Floats | None = None) -> GroupedLasso:
        """Fit on standardised terms. Deterministic. Fewer than two groups: each row is one. Rows weigh alike or so."""
        weigh = np.ones(len(y)) if weights is None else weights / weights.mean()
        names = np.arange(len(y)) if groups is None or len(set(groups)) < 2 else np.asarray(groups)
        used = np.flatnonzero(x.std(axis=0) > 1e-9)
        columns = np.asfortranarray(x[:, used])
        # Where y never varies the mean says all, whatever alpha is.
        top = max(float(np.abs(columns.T @ (y - y.mean())).max(initial=0.0)) / len(y), 1e-12)
        alphas = np.geomspace(top, top * _SMALLEST, _ALPHAS)
        left_out = _left_out(columns, y, weigh, names, alphas)
        errors = left_out - y[:, None]
        best = int(np.argmin(weigh @ np.abs(errors)))
        lasso = Lasso(alpha=alphas[best], max_iter=20_000, tol=1e-4)
        lasso.fit(columns, y, sample_weight=None if weights is None else weigh)
        percentage = [weigh @ np.abs(np.exp(errors[:, best] - shift) - 1.0) for shift in _SHIFTS]
        self.alpha_ = float(alphas[best])
        self.coef_ = np.zeros(x.shape[1])
        self.coef_[used] = lasso.coef_
        self.intercept_ = float(lasso.intercept_ - _SHIFTS[int(np.argmin(percentage))])
        return self

    def predict(self, x: Floats) -> Floats:
        """y, shape (rows,)."""
        return np.asarray(x @ self.coef_ + self.intercept_)


def pipeline(bound: float, indicators: Sequence[bool], terms: Sequence[tuple[int, ...]]) -> Pipeline:
    """The whole way from raw features to y."""
    return Pipeline(
        [
            ("bounded", Bounded(bound, indicators)),
            ("products", Products(terms)),
            ("scale", StandardScaler()),
            ("lasso", GroupedLasso()),
        ]
    )


def _left_out(x: Floats, y: Floats, weights: Floats, groups: Any, alphas: Floats) -> Floats:
    """What each alpha says of every row when its group is left out, within the y that were seen: (rows, alphas)."""
    found = np.empty((len(y), len(alphas)))
    folds = GroupKFold(min(_INNER_FOLDS, len(set(groups))))
    for train, test in folds.split(x, y, groups):
        weigh = weights[train]
        centre, level = np.average(x[train], axis=0, weights=weigh), np.average(y[train], weights=weigh)
        root = np.sqrt(weigh)
        _, coefficients, _ = lasso_path(
            np.asfortranarray((x[train] - centre) * root[:, None]),
            (y[train] - level) * root,
            alphas=alphas,
            max_iter=_PATH_STEPS,
            tol=1e-3,
        )
        found[test] = (x[test] - centre) @ coefficients + level
    return np.clip(found, y.min(), y.max())
