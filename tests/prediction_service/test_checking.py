"""What no measurement could have been is refused before a model sees it: one point, or the rows of a table."""

import math

import numpy as np
import pytest

from predictor.checking import Checks, check_point, check_table
from predictor.estimate import Description, Input, InvalidFeature, Question, Table, Texts

DESCRIPTION = Description(
    "m",
    "1",
    Question.DISCRIMINATIVE,
    "gpu",
    (
        Input("macs", "1", least=1e6, least_is_allowed=True),
        Input("parameters", "1"),
        Input("parameters_active", "1"),
        Input("batch_size", "1", "samples at once", required=True),
        Input("gpu_utilization", "ratio", least_is_allowed=True, most=1.0),
        Input("power_limit", "W", least=10.0),
        Input("precision", is_text=True, values=("fp16",)),
    ),
)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("batch_size", 0.0, "batch_size is 0: it must be positive"),
        ("batch_size", -0.0, "batch_size is -0: it must be positive"),
        ("batch_size", math.inf, "batch_size is inf: give a finite number, or leave it out"),
        ("gpu_utilization", 55.0, "gpu_utilization is 55, more than can be: give at most 1, 50 % is 0.5"),
        ("gpu_utilization", -0.1, "gpu_utilization is -0.1: it must not be negative"),
        ("gpu_utilization", math.nan, "gpu_utilization is nan: give a finite number, or leave it out"),
        ("macs", 37.5, "macs is 37.5, less than can be: give at least 1e+06, 37.5 billion is 37.5e9, not 37.5"),
        ("power_limit", 10.0, "power_limit is 10 W, less than can be: give more than 10"),
    ],
)
def test_a_number_that_cannot_be_is_told_with_what_could(name: str, value: float, told: str) -> None:
    """Its name, its value in its unit, and the bound; the same words for a point and for a row."""
    with pytest.raises(InvalidFeature) as refused:
        check_point(DESCRIPTION, {"batch_size": 1.0, name: value}, {})
    assert str(refused.value) == told
    assert refused.value.feature == name
    numbers = {"batch_size": np.array([1.0, 2.0]), name: np.array([1.0 if name != "macs" else 1e9, value])}
    if name == "power_limit":
        numbers[name][0] = 11.0
    (error,) = check_table(DESCRIPTION, Table(2, numbers, {})).errors
    assert (error.row, error.field, error.message) == (1, name, told)


@pytest.mark.parametrize("text", ["", "  ", "x" * 201])
def test_a_name_that_says_nothing_is_refused(text: str) -> None:
    """Empty, blank, or of a length that no name has."""
    with pytest.raises(InvalidFeature, match="give a name, as fp16"):
        check_point(DESCRIPTION, {"batch_size": 1.0}, {"precision": text})
    texts = {"precision": Texts(["fp16", text], np.array([0, 1]))}
    checked = check_table(DESCRIPTION, Table(2, {"batch_size": np.array([1.0, 1.0])}, texts))
    assert [error.row for error in checked.errors] == [1]


def test_bounds_themselves_may_be() -> None:
    """Where the least is allowed, and up to the most."""
    check_point(DESCRIPTION, {"batch_size": 1.0, "gpu_utilization": 0.0, "macs": 1e6}, {"precision": "int3"})
    check_point(DESCRIPTION, {"batch_size": 5e-324, "gpu_utilization": 1.0}, {})


def test_a_part_is_no_more_than_its_whole() -> None:
    """A mixture of experts uses some of its parameters, never more; without the whole there is nothing to say."""
    point = {"batch_size": 1.0, "parameters": 7e9, "parameters_active": 8e9}
    told = "parameters_active is 8e+09, more than the 7e+09 of parameters: give at most parameters"
    with pytest.raises(InvalidFeature) as refused:
        check_point(DESCRIPTION, point, {})
    assert str(refused.value) == told
    check_point(DESCRIPTION, {**point, "parameters_active": 7e9}, {})
    check_point(DESCRIPTION, {"batch_size": 1.0, "parameters_active": 8e9}, {})
    numbers = {"batch_size": np.ones(3), "parameters": np.full(3, 7e9), "parameters_active": np.array([1e9, 8e9, -1.0])}
    errors = check_table(DESCRIPTION, Table(3, numbers, {})).errors
    assert [(error.row, error.message) for error in errors] == [
        (1, told),
        (2, "parameters_active is -1: it must be positive"),
    ]


def test_good_rows_are_kept_together_with_where_they_were() -> None:
    """A row with two faults is one error; without faults nothing is copied."""
    batch = np.array([1.0, 0.0, 3.0, math.nan, 5.0])
    usage = np.array([0.1, 7.0, 0.3, 0.4, 7.0])
    texts = {"precision": Texts(["a", "b"], np.array([0, 1, 0, 1, 0]))}
    table = Table(5, {"batch_size": batch, "gpu_utilization": usage}, texts)
    checked = Checks(DESCRIPTION).table(table)
    assert checked.rows is not None
    assert checked.rows.tolist() == [0, 2]
    assert checked.table.numbers["batch_size"].tolist() == [1.0, 3.0]
    assert checked.table.texts["precision"].indexes.tolist() == [0, 0]
    assert [(error.row, error.field) for error in checked.errors] == [
        (1, "batch_size"),
        (3, "batch_size"),
        (4, "gpu_utilization"),
    ]
    good = Table(1, {"batch_size": batch[:1]}, {})
    assert Checks(DESCRIPTION).table(good).table is good


def test_of_many_bad_rows_the_first_are_listed_and_all_counted() -> None:
    """A column in the wrong unit must not become a million messages."""
    table = Table(5000, {"batch_size": np.full(5000, -1.0)}, {})
    checked = Checks(DESCRIPTION).table(table, most_errors=10)
    assert [error.row for error in checked.errors] == list(range(10))
    assert (checked.refused, checked.table.rows) == (5000, 0)
