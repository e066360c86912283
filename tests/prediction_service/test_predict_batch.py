"""Columns of operating points: the same answers as one by one, and a bad row spoils no other."""

import math
from typing import Any

import grpc
import pytest

from joulecast.v1 import prediction_pb2 as pb


def numbers(name: str, *values: float) -> pb.Column:
    """A column of numbers."""
    return pb.Column(name=name, numbers=pb.Numbers(values=values))


def texts(name: str, *values: str, indexes: tuple[int, ...] = ()) -> pb.Column:
    """A column of names."""
    return pb.Column(name=name, texts=pb.Texts(values=values, indexes=indexes))


def asked(rows: int, *columns: pb.Column) -> pb.PredictBatchRequest:
    """A batch of the one question."""
    return pb.PredictBatchRequest(question=pb.QUESTION_GENERATIVE_KNOWN_RUNTIME, rows=rows, columns=columns)


@pytest.mark.parametrize(
    "devices",
    [texts("device", "H100", "A100", "H100"), texts("device", "A100", "H100", indexes=(1, 0, 1))],
    ids=["one per row", "a dictionary"],
)
def test_columns_are_answered_as_single_points_are(predictor: Any, devices: pb.Column) -> None:
    """Row by row the same numbers, however names are sent."""
    rates, names = (10.0, 20.0, 80.0), ("H100", "A100", "H100")
    found = predictor.stub.PredictBatch(asked(3, numbers("request_rate", *rates), devices), timeout=10)
    for row, (rate, name) in enumerate(zip(rates, names, strict=True)):
        request = pb.PredictRequest(model="share", features={"request_rate": rate}, names={"device": name})
        single = predictor.stub.Predict(request, timeout=10)
        for column in ("power_watts", "joules_per_sample"):
            quantity = getattr(found, column)
            assert (quantity.values[row], quantity.p10[row], quantity.p90[row]) == (
                getattr(single, column).value, getattr(single, column).p10, getattr(single, column).p90,
            )  # fmt: skip
        assert found.in_domain[row] is single.in_domain
    assert not found.HasField("joules_per_output_token")
    assert not found.errors


def test_a_single_value_stands_for_all_rows(predictor: Any) -> None:
    """What is the same everywhere is sent once."""
    batch = asked(2, numbers("request_rate", 10.0), texts("device", "H100"))
    assert list(predictor.stub.PredictBatch(batch, timeout=10).joules_per_sample.values) == [35.0, 35.0]


def test_a_bad_row_is_listed_and_the_others_are_answered(predictor: Any) -> None:
    """Row, field and reason, whether the number or the name is wrong."""
    batch = asked(
        6,
        numbers("request_rate", 10.0, math.nan, 0.0, -1.0, math.inf, 20.0),
        texts("device", "H100", "H100", "H100", "H100", "H100", "Z80"),
    )
    found = predictor.stub.PredictBatch(batch, timeout=10)
    assert [(error.row, error.field) for error in found.errors] == [
        (1, "request_rate"), (2, "request_rate"), (3, "request_rate"), (4, "request_rate"), (5, "device"),
    ]  # fmt: skip
    assert found.errors[1].message == "request_rate is 0 1/s: it must be positive"
    assert found.joules_per_sample.values[0] == 35.0
    assert all(math.isnan(value) for value in found.joules_per_sample.values[1:])
    assert list(found.in_domain) == [True, False, False, False, False, False]
    value = predictor.figures.registry.get_sample_value
    assert value("joulecast_predictor_estimates_total", {"model": "share", "in_domain": "true"}) == 1
    assert value("joulecast_predictor_estimates_total", {"model": "share", "in_domain": "false"}) is None


def test_features_that_lead_to_no_number_are_an_error_of_their_row(predictor: Any) -> None:
    """Each of them is possible; together they are not. The same for a single point."""
    rates = numbers("request_rate", math.nan, 5e-324, 10.0, 1e308)
    found = predictor.stub.PredictBatch(asked(4, rates, texts("device", "H100")), timeout=10)
    assert [(error.row, error.field) for error in found.errors] == [(0, "request_rate"), (1, "")]
    assert "check their units" in found.errors[1].message
    assert math.isnan(found.power_watts.values[1])
    assert found.power_watts.values[2] == 350.0
    with pytest.raises(grpc.RpcError) as refused:
        predictor.stub.Predict(
            pb.PredictRequest(model="share", features={"request_rate": 5e-324}, names={"device": "H100"}), timeout=10
        )
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "check their units" in refused.value.details()


def test_a_large_batch_is_answered_row_by_row_as_in_pieces(predictor: Any) -> None:
    """More rows than a piece holds, a bad one in each of several pieces, names in a dictionary."""
    rows = 50_000
    rates = [1.0 + row for row in range(rows)]
    bad = [7, 20_000, 49_999]
    for row in bad[:2]:
        rates[row] = -1.0
    indexes = tuple(2 if row == bad[2] else row % 2 for row in range(rows))
    batch = asked(rows, numbers("request_rate", *rates), texts("device", "H100", "A100", "Z80", indexes=indexes))
    found = predictor.stub.PredictBatch(batch, timeout=60)
    assert [error.row for error in found.errors] == bad
    for row in range(rows):
        joules = found.joules_per_sample.values[row]
        if row in bad:
            assert math.isnan(joules)
        else:
            assert joules == (350.0, 200.0)[row % 2] / rates[row]


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        (asked(0), "rows is 0"),
        (asked(2_000_000), "rows is 2000000: send 1 to 1000000"),
        (
            asked(3, numbers("request_rate", 1.0, 2.0), texts("device", "H100")),
            "'request_rate' has 2 values for 3 rows",
        ),
        (asked(3, numbers("request_rate", 1.0), texts("device", "H100", "A100")), "'device' has 2 values for 3 rows"),
        (asked(2, numbers("request_rate", 1.0), texts("device", "H100", indexes=(0, 1))), "has index 1 but 1 values"),
        (asked(2, numbers("request_rate", 1.0), texts("device", "H100", indexes=(0,))), "'device' has 1 values"),
        (asked(1500, numbers("request_rate", 1.0), texts("device", *map(str, range(1500)))), "1500 different names"),
        (asked(1, numbers("rate", 1.0), texts("device", "H100")), "share takes no 'rate'"),
        (asked(1, numbers("request_rate", 1.0)), "share needs device"),
        (asked(1, pb.Column(name="request_rate"), texts("device", "H100")), "'request_rate' has no values"),
        (asked(1, numbers("request_rate", 1.0), numbers("request_rate", 1.0)), "'request_rate' is there twice"),
        (asked(1, texts("request_rate", "1"), texts("device", "H100")), "request_rate is a number, not a name"),
    ],
)
def test_a_batch_that_is_wrong_as_a_whole_is_an_invalid_argument(
    predictor: Any, batch: pb.PredictBatchRequest, told: str
) -> None:
    """Columns that do not fit together have no rows to answer."""
    with pytest.raises(grpc.RpcError) as refused:
        predictor.stub.PredictBatch(batch, timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert told in refused.value.details()
