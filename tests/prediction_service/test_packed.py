"""Columns come off the wire and go onto it as protobuf itself would do it."""

import numpy as np
import pytest

from joulecast.v1 import prediction_pb2 as pb
from predictor.service.packed import indexes_of, numbers_of, put_doubles, put_flags


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 2047, 2048, 100_000])
def test_numbers_and_flags_of_any_count_are_the_same_both_ways(count: int) -> None:
    """Across the sizes at which the length takes another byte, with infinities and NaN."""
    values = np.random.default_rng(count).normal(size=count)
    if count > 2:
        values[:3] = np.nan, np.inf, -0.0
    column = pb.Numbers()
    put_doubles(column, {1: values})
    assert np.array_equal(column.values, values, equal_nan=True)
    assert np.array_equal(numbers_of(column), values, equal_nan=True)
    quantity = pb.QuantityColumn()
    put_doubles(quantity, {1: values, 2: values * 2, 3: values[:0]})
    assert np.array_equal(quantity.p10, values * 2, equal_nan=True)
    assert not quantity.p90
    answer = pb.PredictBatchResponse()
    put_flags(answer, answer.DESCRIPTOR.fields_by_name["in_domain"].number, values > 0)
    assert list(answer.in_domain) == (values > 0).tolist()


def test_numbers_with_something_unknown_beside_them_are_read_all_the_same() -> None:
    """A newer client may send more than this server knows."""
    wire = pb.Numbers(values=[1.0, 2.0]).SerializeToString() + b"\x7a\x03abc"
    assert numbers_of(pb.Numbers.FromString(wire)).tolist() == [1.0, 2.0]
    texts = pb.Texts(values=["a"], indexes=[0, 0]).SerializeToString() + b"\x7a\x03abc"
    assert indexes_of(pb.Texts.FromString(texts)).tolist() == [0, 0]


@pytest.mark.parametrize("names", [1, 2, 127, 128, 129, 1000])
@pytest.mark.parametrize("count", [0, 1, 127, 128, 5000])
def test_indexes_are_read_whatever_the_size_of_the_dictionary(names: int, count: int) -> None:
    """Also those that point beyond it, which take more bytes than its own."""
    indexes = np.random.default_rng(names).integers(0, names, count).tolist()
    for extra in ([], [128], [300, 2**32 - 1]):
        texts = pb.Texts(values=[f"name {number}" for number in range(names)], indexes=[*indexes, *extra])
        assert indexes_of(texts).tolist() == [*indexes, *extra]
