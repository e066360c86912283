"""Every artifact that ships answers a column of points as it answers each of them."""

import itertools
import math
from pathlib import Path

import numpy as np
import pytest

from predictor.artifact import PACKAGED
from predictor.estimate import Estimate, Estimates, Input, InvalidFeature, Quantity, Table, Texts
from predictor.lasso_model import LassoModel, load_model

SHIPPED = sorted(PACKAGED.glob("*.json"))
QUANTITIES = ("power_watts", "joules_per_sample", "joules_per_output_token", "kilowatt_hours_per_day")


def numbers_of(each: Input) -> tuple[float, float]:
    """Two values within what was trained on, or 0 and 1 where nothing says how far that went."""
    low, high = each.lowest or 0.0, each.highest or 1.0
    return low + 0.25 * (high - low), low + 0.75 * (high - low)


def answered(model: LassoModel, asked: tuple[Input, ...], row: int) -> Estimate | None:
    """The point in this row; None if nobody could answer it."""
    numbers = {each.name: numbers_of(each)[row] for each in asked if not each.values}
    texts = {each.name: each.values[row % len(each.values)] for each in asked if each.values}
    try:
        return model.estimate(numbers, texts)
    except InvalidFeature:
        return None


def in_a_table(model: LassoModel, asked: tuple[Input, ...]) -> Estimates | None:
    """Both points at once."""
    numbers = {each.name: np.array(numbers_of(each)) for each in asked if not each.values}
    texts = {
        each.name: Texts(each.values, np.array([row % len(each.values) for row in (0, 1)]))
        for each in asked
        if each.values
    }
    try:
        return model.estimate_table(Table(2, numbers, texts))
    except InvalidFeature:
        return None


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_column_is_answered_as_its_points(path: Path) -> None:
    """With the inputs that a model needs and any three others: the same numbers, domain included."""
    model = load_model(path)
    inputs = [each for each in model.description.inputs if each.values or each.highest is not None or each.required]
    needed = tuple(each for each in inputs if each.required)
    compared = 0
    for others in itertools.chain.from_iterable(
        itertools.combinations([each for each in inputs if not each.required], count) for count in range(4)
    ):
        asked = (*needed, *others)
        points = [answered(model, asked, row) for row in (0, 1)]
        table = in_a_table(model, asked)
        if table is None or None in points:
            continue
        for row, point in enumerate(points):
            assert point is not None
            assert bool(table.in_domain[row]) == (not point.departures), [each.name for each in asked]
            for name in QUANTITIES:
                expected: Quantity | None = getattr(point, name)
                column = getattr(table, name)
                assert (column is None) == (expected is None), (name, [each.name for each in asked])
                if expected is not None:
                    found = (column.value[row], column.p10[row], column.p90[row])
                    assert all(map(math.isclose, found, (expected.value, expected.p10, expected.p90)))
                    compared += 1
    assert compared
