"""A form is what its pipeline is, or it is not written: both are asked the same random questions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from joulecast.errors import JoulecastError
from predictor.columns import ColumnForm
from predictor.estimate import Texts
from predictor.form import Form, Transform

QUESTIONS = 10_000
AGREEMENT = 1e-9
_SEED = 0


def verify(form: Form, made: Pipeline, raw: NDArray[np.float64]) -> float:
    """The largest difference in y over random inputs, some far outside training. Raises JoulecastError above 1e-9.

    `raw` are the features the pipeline was fitted on: they say where inputs lie.
    """
    rng = np.random.default_rng(_SEED)
    low, high = np.nanmin(raw, axis=0), np.nanmax(raw, axis=0)
    reach = np.maximum(high - low, 0.1)
    drawn = rng.uniform(low - 0.5 * reach, high + 0.5 * reach, size=(QUESTIONS, raw.shape[1]))
    known: dict[str, NDArray[np.float64]] = {}
    names: dict[str, Texts] = {}
    for place, feature in enumerate(form.features):
        if feature.transform is Transform.IS:
            if feature.quantity not in names:
                values = [each.value for each in form.features if each.quantity == feature.quantity] + [
                    "something else"
                ]
                names[feature.quantity] = Texts(values, rng.integers(len(values), size=QUESTIONS))
            column = names[feature.quantity]
            drawn[:, place] = np.array([each == feature.value for each in column.values])[column.indexes]
            continue
        if feature.quantity not in known:
            known[feature.quantity] = (
                np.exp(drawn[:, place]) - feature.offset if feature.transform is Transform.LOG else drawn[:, place]
            )
        quantity = known[feature.quantity]
        drawn[:, place] = np.log(quantity + feature.offset) if feature.transform is Transform.LOG else quantity
    columns = ColumnForm(form)
    ours = columns.linear(columns.features(QUESTIONS, known, names))
    difference = float(np.abs(ours - made.predict(drawn)).max())
    if not difference <= AGREEMENT:
        raise JoulecastError(
            f"the artifact for {form.target} differs from its pipeline by {difference:.2g}",
            "this is a defect of Joulecast: please report it with the command you ran",
        )
    return difference
