"""Devices that were left out of training, calibrated by a few of their own records."""

from dataclasses import replace

import numpy as np
from doubles.serving_records import RECIPE, serving_records

from predictor.scoring.scores import scores
from predictor.training.calibrated_folds import CALIBRATED, POINTS, draws
from predictor.training.splits import judge, splits_of


def test_each_record_is_asked_about_once_and_never_calibrates_its_own_answer() -> None:
    """The points of a draw are other records than those it answers for."""
    drawn = draws(np.arange(50))

    assert sorted(row for asked, _ in drawn for row in asked) == list(range(50))
    assert all(len(points) == POINTS and not set(points) & set(asked) for asked, points in drawn)


def test_too_few_records_are_not_drawn_from() -> None:
    """With no more than the points themselves nothing is left to ask about."""
    assert draws(np.arange(POINTS)) == []
    assert len(draws(np.arange(POINTS + 1))) == POINTS + 1


def test_three_points_mend_a_device_that_is_off_by_a_factor() -> None:
    """A machine whose meter reads a third more than all others is right again, and the same is drawn every time."""
    records = [
        replace(each, mean_power_watts=watts * 1.33, energy_joules_per_sample=joules * 1.33)
        if "A100" in each.device
        and (watts := each.mean_power_watts) is not None
        and (joules := each.energy_joules_per_sample) is not None
        else each
        for each in serving_records(models=8, each=10)
    ]
    splits = splits_of(f"leave-device-out,{CALIBRATED}")
    left_out, calibrated = judge([RECIPE], records, splits, 1)
    (again,) = judge([RECIPE], records, splits[1:], 1)

    assert left_out.answers is not None
    assert calibrated.answers is not None
    assert again.answers is not None
    before, after = scores(left_out.answers), scores(calibrated.answers)
    assert before.mape is not None
    assert after.mape is not None
    assert after.mape < 0.6 * before.mape
    assert calibrated.answers.in_domain.mean() > 0.9
    np.testing.assert_array_equal(calibrated.answers.value, again.answers.value)
