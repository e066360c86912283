"""A recipe judged on records it was not trained on: each fold trains an artifact and asks it, as its users will."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from joulecast.errors import JoulecastError
from predictor.form import Band
from predictor.lasso_model import LassoModel
from predictor.record import Record
from predictor.scoring.answers import Answers, answers
from predictor.training.folds import Fold, folds
from predictor.training.recipe import Recipe
from predictor.training.train import can_answer, train

Tick = Callable[[int, int], None]

_SHARES = (0.10, 0.90)


@dataclass(frozen=True)
class CrossValidated:
    """Answers of models that did not know the record, and the fold each came from."""

    split: str
    answers: Answers
    fold: NDArray[np.intp]


def cross_validate(
    recipe: Recipe,
    records: Sequence[Record],
    split: str,
    jobs: int = -1,
    targets: Sequence[str] = (),
    *,
    tick: Tick | None = None,
) -> dict[str, CrossValidated]:
    """Answers to every record by a model trained without it, for each target; empty where nothing can be left out.

    Records that no variant could answer take no part: folds are made of the others. Targets are the one the recipe is
    scored by, unless named. The folds run where joblib's backend says; one fold is one thread, so that sums are added
    up in the same order everywhere. `tick` learns of each fold that is done, and of how many there are.
    """
    asked = np.flatnonzero([can_answer(recipe, each) for each in records])
    parts = [
        Fold(asked[part.train], asked[part.test]) for part in folds([records[row] for row in asked.tolist()], split)
    ]
    if not parts:
        return {}
    wanted = tuple(targets) or (recipe.scored,)
    work = [delayed(_fold)(recipe, records, part, wanted) for part in parts]
    found = gathered(split, parts, in_turn(work, jobs, tick), wanted, len(records))
    return {target: with_bands(each) for target, each in found.items()}


def in_turn(work: Sequence[Any], jobs: int, tick: Tick | None) -> list[list[Answers]]:
    """What each fold answers, target by target, in their order; `tick` learns of each that is done."""
    if tick is None:
        return list(Parallel(n_jobs=jobs)(work))
    done = []
    for each in Parallel(n_jobs=jobs, return_as="generator")(work):
        done.append(each)
        tick(len(done), len(work))
    return done


def gathered(
    split: str, parts: Sequence[Fold], done: Sequence[list[Answers]], targets: Sequence[str], rows: int
) -> dict[str, CrossValidated]:
    """The folds' answers, each in the places of the records it was asked about."""
    fold = np.full(rows, -1, dtype=np.intp)
    found = {target: Answers.empty(rows) for target in targets}
    for number, (part, by_target) in enumerate(zip(parts, done, strict=True)):
        fold[part.test] = number
        for target, each in zip(targets, by_target, strict=True):
            found[target].put(part.test, each)
    return {target: CrossValidated(split, each, fold) for target, each in found.items()}


def _fold(recipe: Recipe, records: Sequence[Record], fold: Fold, targets: Sequence[str]) -> list[Answers]:
    test = [records[row] for row in fold.test]
    with threadpool_limits(1):
        try:
            model = LassoModel(train(recipe, [records[row] for row in fold.train]).artifact)
        except JoulecastError:
            # What is left is of one model: nothing to choose by. These stay unanswered, and are counted.
            return [Answers.empty(len(test)) for _ in targets]
        return [answers(model, test, target) for target in targets]


def band_of(residuals: NDArray[np.float64]) -> Band:
    """The P10 and P90 of ln(truth / estimate). Raises JoulecastError where there are too few to say."""
    if residuals.size < 10:
        raise JoulecastError(f"{residuals.size} left-out records are too few for a P10-P90 band", "give more records")
    low, high = np.quantile(residuals, _SHARES)
    return Band(float(low), float(high))


def with_bands(found: CrossValidated) -> CrossValidated:
    """The same answers with a band around each, taken from the residuals of the other folds only."""
    it = found.answers
    p10, p90 = np.full(len(it.truth), np.nan), np.full(len(it.truth), np.nan)
    for number in sorted(set(found.fold.tolist())):
        mine = found.fold == number
        others = it.residuals[~mine & it.answered]
        if others.size < 10:
            continue
        low, high = np.quantile(others, _SHARES)
        p10[mine], p90[mine] = it.value[mine] * np.exp(low), it.value[mine] * np.exp(high)
    return replace(found, answers=replace(it, p10=p10, p90=p90))
