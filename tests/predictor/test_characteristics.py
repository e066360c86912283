"""Characteristics that a person states are held against what can be."""

import math

import pytest

from joulecast.errors import JoulecastError
from predictor.characteristics import given


def test_what_is_given_is_taken() -> None:
    """Sizes follow from it."""
    found = given(parameters=46.7e9, active_parameters=12.9e9, bytes_per_parameter=1.0, macs=13e9)
    assert (found.size_bytes, found.architecture, found.macs) == (46_700_000_000, "moe", 13_000_000_000)


@pytest.mark.parametrize(
    ("numbers", "told"),
    [
        ({"parameters": 7}, "give single parameters: 7 billion is 7e9"),
        ({"parameters": -7e9}, "parameters is -7e+09"),
        ({"parameters": math.nan}, "parameters is nan"),
        ({"parameters": 7e9, "macs": math.inf}, "macs is inf"),
        ({"parameters": 7e9, "macs": 0}, "macs is 0"),
        ({"parameters": 7e9, "active_parameters": 8e9}, "more than all 7e+09"),
        ({"parameters": 7e9, "bytes_per_parameter": 0}, "bytes_per_parameter is 0"),
    ],
)
def test_what_cannot_be_is_refused_by_name(numbers: dict[str, float], told: str) -> None:
    """A 7 that should be 7e9 is the commonest of them."""
    with pytest.raises(JoulecastError) as refused:
        given(**numbers)  # type: ignore[arg-type]
    assert told in str(refused.value)
