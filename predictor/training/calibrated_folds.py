"""A recipe judged on devices it was not trained on, after a calibration by a few of their own records."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from joblib import delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from joulecast.errors import JoulecastError
from predictor.artifact import Artifact
from predictor.calibration import calibrated
from predictor.lasso_model import LassoModel
from predictor.points import truth_of
from predictor.record import Record
from predictor.scoring.answers import Answers, answers
from predictor.training.cross_validation import CrossValidated, Tick, gathered, in_turn
from predictor.training.folds import SEED, Fold, folds
from predictor.training.recipe import Recipe
from predictor.training.train import train

CALIBRATED = "calibrated-device-out"
"""The name of this split."""

POINTS = 3
_DRAWS = 20  # calibrations of one device, each by other points


def calibrate_and_validate(
    recipe: Recipe,
    records: Sequence[Record],
    jobs: int = -1,
    targets: Sequence[str] = (),
    *,
    tick: Tick | None = None,
) -> dict[str, CrossValidated]:
    """Answers to every record by a model trained without its device, calibrated by `POINTS` others of it.

    The points are drawn by chance among the device's records of the same scope, anew for each twentieth of them, and
    answer nothing themselves in that draw. Devices with too few records stay unanswered. The band is that of the
    calibration. Otherwise as `cross_validate`.
    """
    parts = folds(records, "leave-device-out")
    if not parts:
        return {}
    wanted = tuple(targets) or (recipe.scored,)
    work = [delayed(_device)(recipe, records, part, wanted) for part in parts]
    return gathered(CALIBRATED, parts, in_turn(work, jobs, tick), wanted, len(records))


def _device(recipe: Recipe, records: Sequence[Record], fold: Fold, targets: Sequence[str]) -> list[Answers]:
    mine = [records[row] for row in fold.test]
    found = [truths_alone(mine, target) for target in targets]
    with threadpool_limits(1):
        try:
            artifact = train(recipe, [records[row] for row in fold.train]).artifact
        except JoulecastError:
            return found
        for scope in sorted({each.energy_scope for each in mine}):
            rows = np.array([row for row, each in enumerate(mine) if each.energy_scope == scope])
            for asked, points in draws(rows):
                _ask(artifact, mine, asked, points, list(zip(targets, found, strict=True)))
    return found


def draws(rows: NDArray[np.intp]) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
    """Rows to ask about and rows to calibrate by; each row is asked about once, none where there are too few."""
    if len(rows) <= POINTS:
        return []
    chance = np.random.default_rng(SEED)
    parts = [part for part in np.array_split(chance.permutation(rows), min(_DRAWS, len(rows))) if part.size]
    drawn = []
    for part in parts:
        others = np.setdiff1d(rows, part)
        if len(others) >= POINTS:
            drawn.append((np.sort(part), np.sort(chance.choice(others, POINTS, replace=False))))
    return drawn


def truths_alone(records: Sequence[Record], target: str) -> Answers:
    """The truths alone."""
    found = Answers.empty(len(records))
    found.truth[:] = [truth_of(each).get(target, np.nan) for each in records]
    return found


def _ask(
    artifact: Artifact,
    records: Sequence[Record],
    asked: NDArray[np.intp],
    points: NDArray[np.intp],
    found: Sequence[tuple[str, Answers]],
) -> None:
    try:
        model = LassoModel(calibrated(artifact, [records[row] for row in points]))
    except JoulecastError:
        return  # what its points lack, its estimates would too: unanswered, and counted
    for target, into in found:
        into.put(asked, answers(model, [records[row] for row in asked], target))
