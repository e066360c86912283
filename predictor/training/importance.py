"""A Lasso on the paper's metrics alone, and how much each of them weighs in it."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from joulecast.errors import JoulecastError
from predictor.form import Transform
from predictor.known import figures_of_names
from predictor.points import NUMBERS, point_of, truth_of
from predictor.record import Record, by_scope
from predictor.training.importance_metrics import STUDIES, Metric, Study
from predictor.training.pipeline import pipeline
from predictor.ways import plan

Floats = NDArray[np.float64]

_BOUND = 10.0  # standard deviations: nothing is held back, as in the paper
_FOLDS = 10
NO_RECORD = "no record has it"
_SAME = "the same in all records"
_INPUTS = (*NUMBERS.values(), "device", "precision")


@dataclass(frozen=True, slots=True)
class Importance:
    """A metric's share of the sum of absolute standardised coefficients; None and a reason where it has none.

    `raises` says whether more of it means more energy.
    """

    metric: str
    share: float | None
    raises: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Importances:
    """All metrics in the paper's order, learnt from the records of one kind and one energy scope.

    `combined` is the share of those the paper names, to be held against `study.combined`; `mape` the error on models
    left out, with these metrics alone.
    """

    study: Study
    scope: str
    records: int
    models: int
    mape: float | None
    metrics: tuple[Importance, ...]
    combined: float


def importances(records: Sequence[Record]) -> list[Importances]:
    """One for each kind the paper studied and each energy scope. Raises JoulecastError where there is nothing to learn.

    Energies of several scopes are never one target: each has its own Lasso.
    """
    found = list(_all(records))
    if not found:
        raise JoulecastError(
            "no importances: nowhere are there two classifiers or two language models with the energy of a sample",
            "give such records",
        )
    return found


def _all(records: Sequence[Record]) -> Iterator[Importances]:
    for kind, study in STUDIES.items():
        fit = [each for each in records if each.kind == kind and "joules_per_sample" in truth_of(each)]
        for scope, mine in sorted(by_scope(fit).items()):
            if len({each.model_id for each in mine}) > 1:
                with threadpool_limits(1), warnings.catch_warnings():
                    warnings.simplefilter("ignore", ConvergenceWarning)  # at the smallest alphas, seldom chosen
                    yield _importances(study, scope, sorted(mine, key=lambda each: each.record_id))


def _importances(study: Study, scope: str, records: Sequence[Record]) -> Importances:
    raw = np.array([_row(study, each) for each in records])
    reasons = [_reason(raw[:, place]) for place in range(raw.shape[1])]
    used = [place for place, reason in enumerate(reasons) if not reason]
    y = np.log([truth_of(each)["joules_per_sample"] for each in records])
    groups = [each.model_id for each in records]
    weights = np.zeros(len(reasons))
    if used:
        made = pipeline(_BOUND, [False] * len(used), [(place,) for place in range(len(used))])
        made.fit(raw[:, used], y, lasso__groups=groups)
        weights[used] = made.named_steps["lasso"].coef_
    total = np.abs(weights).sum()
    shares = np.abs(weights) / total if total > 0 else weights
    return Importances(
        study,
        scope,
        len(records),
        len(set(groups)),
        _left_out(raw[:, used], y, groups) if used else None,
        tuple(
            Importance(metric.name, None if reason else float(share), bool(weight > 0), reason)
            for metric, share, weight, reason in zip(study.metrics, shares, weights, reasons, strict=True)
        ),
        float(shares[: study.listed].sum()),
    )


def _row(study: Study, record: Record) -> list[float]:
    """Every metric of one record, transformed; NaN for what it does not tell."""
    numbers, texts = point_of(record, _INPUTS)
    with suppress(JoulecastError):  # a device nobody knows: the record's own figures have to do
        numbers, _ = figures_of_names(numbers, texts)
    wanted = tuple(metric.quantity for metric in study.metrics)
    plan(frozenset(numbers), (*wanted, "parameters_active")).complete(numbers)
    numbers |= _of_the_paper(numbers, record)
    return [_transformed(metric, numbers.get(metric.quantity)) for metric in study.metrics]


def _of_the_paper(numbers: dict[str, float], record: Record) -> dict[str, float]:
    """Two that no model uses: FLOPs of a token, and accuracy x work done / utilisation."""
    found = {}
    each = numbers.get("macs", numbers.get("parameters_active"))
    if each is not None:
        found["flops"] = 2.0 * each
    work, busy = numbers.get("work_done"), numbers.get("gpu_utilization_ratio")
    if record.accuracy_ratio and work is not None and busy:
        found["overall_efficiency"] = record.accuracy_ratio * work / busy
    return found


def _transformed(metric: Metric, value: float | None) -> float:
    if value is None:
        return float("nan")
    return float(np.log(value)) if metric.transform is Transform.LOG else value


def _reason(column: Floats) -> str:
    """Why nothing can be learnt from this metric; "" where something can."""
    known = column[np.isfinite(column)]
    if not known.size:
        return NO_RECORD
    return _SAME if known.max() - known.min() < 1e-9 else ""


def _left_out(raw: Floats, y: Floats, groups: Sequence[str]) -> float | None:
    """The error on models that were left out."""
    found = np.full(len(y), np.nan)
    for train, test in GroupKFold(min(_FOLDS, len(set(groups)))).split(raw, y, groups):
        kept = [groups[row] for row in train]
        if len(set(kept)) < 2 or not np.isfinite(raw[train]).any(axis=0).all():
            continue
        made = pipeline(_BOUND, [False] * raw.shape[1], [(place,) for place in range(raw.shape[1])])
        made.fit(raw[train], y[train], lasso__groups=kept)
        found[test] = made.predict(raw[test])
    answered = np.isfinite(found)
    return float(np.abs(np.exp(found[answered] - y[answered]) - 1.0).mean()) if answered.any() else None
