"""Folds run elsewhere by one flag, and come back the same."""

import numpy as np
import pytest
from doubles.serving_records import RECIPE, serving_records

from joulecast.errors import JoulecastError
from predictor.training.backend import backend
from predictor.training.cross_validation import cross_validate
from predictor.training.train import records_for


def test_a_dask_cluster_gives_the_same_answers_as_this_process() -> None:
    """Two workers of a real local cluster."""
    records = records_for(RECIPE, serving_records(models=4, each=10))
    here = cross_validate(RECIPE, records, "leave-family-out", jobs=1)["joules_per_sample"]
    with backend("dask"):
        there = cross_validate(RECIPE, records, "leave-family-out", jobs=2)["joules_per_sample"]
    np.testing.assert_array_equal(here.answers.value, there.answers.value)


def test_a_scheduler_that_does_not_answer_is_told() -> None:
    """One line, and how to start one."""
    with (
        pytest.raises(JoulecastError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        backend("dask", "tcp://127.0.0.1:9", connect_seconds=0.5),
    ):
        pass


def test_a_backend_that_is_not_installed_is_told() -> None:
    """With the command that installs it."""
    with pytest.raises(JoulecastError, match="pip install ray"), backend("ray"):
        pass
