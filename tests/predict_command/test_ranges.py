"""A number or many, as they are written on the command line."""

from itertools import pairwise

import pytest

from joulecast.errors import JoulecastError
from predictor.planning.ranges import read_range


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("8e9", (8e9,)),
        ("1,8,64", (1.0, 8.0, 64.0)),
        ("1:3", (1.0, 2.0, 3.0)),
        ("1:10:4", (1.0, 5.0, 9.0)),
        ("0.1:0.3:0.1", (0.1, 0.2, 0.3)),
        ("0:1:0.5", (0.0, 0.5, 1.0)),
    ],
)
def test_numbers_lists_and_ranges(text: str, values: tuple[float, ...]) -> None:
    """A number stands for itself, a list for its values, a range for its steps, without the noise of sums."""
    assert read_range(text) == values


@pytest.mark.parametrize(("text", "count"), [("1:40", 40), ("1:1000", 21), ("1e9:70e9", 36), ("0.1:0.9", 17)])
def test_a_range_without_a_step_is_short_and_holds_both_ends(text: str, count: int) -> None:
    """Whatever it spans, a range that names no step has at most forty values, its ends among them."""
    values = read_range(text)
    ends = [float(end) for end in text.split(":")]

    assert (len(values), values[0], values[-1]) == (count, *ends)
    assert all(one < following for one, following in pairwise(values))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("many", "no number"),
        ("1:2:3:4", "no number"),
        ("8:1", "does not go up"),
        ("1:8:0", "no step forward"),
        ("1:8:-1", "no step forward"),
        ("1:1e9:1", "take a larger step"),
        ("nan", "not finite"),
        ("1,inf", "not finite"),
        ("2,2", "twice"),
        ("", "no number"),
    ],
)
def test_what_is_no_range_is_refused(text: str, says: str) -> None:
    """Each mistake is told with what to write instead."""
    with pytest.raises(JoulecastError, match=says) as refused:
        read_range(text)

    assert refused.value.remedy
