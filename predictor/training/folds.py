"""How records are parted to judge a model: by chance, or with everything of a model, family or device left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import GroupKFold, KFold

from predictor.record import Record

_RANDOM_FOLDS = 5  # of 80:20 each
_MODEL_FOLDS = 10
SEED = 0

SPLITS = ("random", "leave-model-out", "leave-family-out", "leave-device-out")


class Fold(NamedTuple):
    """Places of the records to train on and of those to answer for."""

    train: NDArray[np.intp]
    test: NDArray[np.intp]


def folds(records: Sequence[Record], split: str) -> list[Fold]:
    """The folds of one of SPLITS; each record is in one test set. Empty where there is only one group to leave out.

    `leave-model-out` leaves a tenth of the models out at a time, the others one family or device.
    """
    rows = np.arange(len(records))
    if split == "random":
        if len(records) < 2 * _RANDOM_FOLDS:
            return []
        return [Fold(*each) for each in KFold(_RANDOM_FOLDS, shuffle=True, random_state=SEED).split(rows)]
    groups = np.array([group_of(each, split) for each in records])
    names = sorted(set(groups))
    if len(names) < 2:
        return []
    if split == "leave-model-out":
        parts = GroupKFold(min(_MODEL_FOLDS, len(names))).split(rows, groups=groups)
        return [Fold(*each) for each in parts]
    return [Fold(rows[groups != name], rows[groups == name]) for name in names]


def group_of(record: Record, split: str) -> str:
    """What of a record is left out as a whole."""
    return {
        "leave-model-out": record.model_id,
        "leave-family-out": record.model_family or record.model_id,
        "leave-device-out": record.device,
    }[split]
