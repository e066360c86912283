"""One estimate over the wire, and every way of asking for one wrongly."""

import math
from typing import Any

import grpc
import pytest

from joulecast.v1 import prediction_pb2 as pb


def asked(**changes: Any) -> pb.PredictRequest:
    """A request that can be answered, but for the changes."""
    fields = {
        "question": pb.QUESTION_GENERATIVE_KNOWN_RUNTIME,
        "features": {"request_rate": 10.0},
        "names": {"device": "H100"},
    }
    return pb.PredictRequest(**{**fields, **changes})


def test_an_estimate_says_joules_watts_band_scope_and_why(predictor: Any) -> None:
    """Everything a reader needs to judge it."""
    found = predictor.stub.Predict(asked(), timeout=10)
    assert (found.power_watts.value, found.power_watts.p10, found.power_watts.p90) == (350.0, 315.0, 420.0)
    assert found.joules_per_sample.value == 35.0
    assert found.kilowatt_hours_per_day.value == pytest.approx(8.4)
    assert not found.HasField("joules_per_output_token")
    assert found.in_domain
    assert [(each.feature, each.log_ratio) for each in found.contributions] == [("device", 0.25)]
    assert (found.scope, found.model, found.version, list(found.notes)) == ("gpu", "share", "1", ["half of nothing"])


def test_contributions_can_be_left_out(predictor: Any) -> None:
    """For callers that want the number only."""
    assert not predictor.stub.Predict(asked(omit_contributions=True), timeout=10).contributions


def test_a_rate_outside_training_is_said_with_its_bounds(predictor: Any) -> None:
    """Which feature left the domain, and where the domain ends."""
    found = predictor.stub.Predict(asked(features={"request_rate": 100.0}), timeout=10)
    assert not found.in_domain
    (departure,) = found.departures
    assert (departure.feature, departure.value, departure.highest) == ("request_rate", 100.0, 40.0)
    assert not departure.HasField("lowest")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"features": {"request_rate": math.nan}}, "request_rate is nan"),
        ({"features": {"request_rate": math.inf}}, "request_rate is inf"),
        ({"features": {"request_rate": 0.0}}, "request_rate is 0 1/s: it must be positive"),
        ({"features": {"request_rate": -3.0}}, "request_rate is -3 1/s: it must be positive"),
        (
            {"features": {"request_rate": 1.0, "cache_hit_rate": 50.0}},
            "cache_hit_rate is 50, more than can be: give at most 1, 50 % is 0.5",
        ),
        ({"features": {"request_rate": 1.0, "parameters": 7.0}}, "7 billion is 7e9, not 7"),
        ({"features": {"request_rates": 1.0}}, "share takes no 'request_rates': did you mean request_rate?"),
        ({"features": {"device": 1.0}}, "device is a name, not a number"),
        ({"features": {}}, "share needs request_rate in 1/s: requests completed per second"),
        ({"names": {}}, "share needs device: the GPU's name"),
        ({"names": {"device": "H10"}}, "unknown device 'H10': did you mean H100?"),
        ({"names": {"device": "H100", "colour": "red"}}, "share takes no 'colour'"),
        ({"question": pb.QUESTION_UNSPECIFIED}, "neither question nor model is given"),
        ({"question": pb.QUESTION_DIFFUSION}, "no model here answers diffusion: there are generative_known_runtime"),
        ({"question": 99}, "question 99 is unknown"),
        ({"model": "shore"}, "no model 'shore' here: did you mean share?"),
        ({"model": "share", "question": pb.QUESTION_DIFFUSION}, "share answers generative_known_runtime"),
    ],
)
def test_what_cannot_be_answered_is_an_invalid_argument_that_names_it(
    predictor: Any, changes: dict[str, Any], told: str
) -> None:
    """The field, and where there is one the nearest known name."""
    with pytest.raises(grpc.RpcError) as refused:
        predictor.stub.Predict(asked(**changes), timeout=10)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert told in refused.value.details()


def test_zero_is_refused_only_where_it_cannot_be(predictor: Any) -> None:
    """A cache that never hits is a measurement, not an absence."""
    predictor.stub.Predict(asked(features={"request_rate": 1.0, "cache_hit_rate": 0.0}), timeout=10)
    predictor.stub.Predict(asked(features={"request_rate": 1.0, "cache_hit_rate": 1.0}), timeout=10)


def test_the_service_answers_on_after_refusals_and_counts_them(predictor: Any) -> None:
    """A bad call is its caller's problem alone."""
    for _ in range(3):
        with pytest.raises(grpc.RpcError):
            predictor.stub.Predict(asked(features={}), timeout=10)
    predictor.stub.Predict(asked(), timeout=10)
    predictor.stub.Predict(asked(features={"request_rate": 100.0}), timeout=10)
    value = predictor.figures.registry.get_sample_value
    assert value("joulecast_predictor_requests_total", {"method": "Predict", "code": "INVALID_ARGUMENT"}) == 3
    assert value("joulecast_predictor_requests_total", {"method": "Predict", "code": "OK"}) == 2
    assert value("joulecast_predictor_request_seconds_count", {"method": "Predict"}) == 5
    assert value("joulecast_predictor_estimates_total", {"model": "share", "in_domain": "true"}) == 1
    assert value("joulecast_predictor_estimates_total", {"model": "share", "in_domain": "false"}) == 1
    info = {"model": "share", "version": "1", "question": "generative_known_runtime", "answers_by_default": "true"}
    assert value("joulecast_predictor_artifact_info", info) == 1


def test_a_model_is_described(predictor: Any) -> None:
    """What it takes, in which units, and what it was trained on."""
    (model,) = predictor.stub.DescribeModel(pb.DescribeModelRequest(), timeout=10).models
    assert (model.name, model.version, model.question, model.answers_by_default) == (
        "share", "1", pb.QUESTION_GENERATIVE_KNOWN_RUNTIME, True,
    )  # fmt: skip
    rate, _, _, device = model.features
    assert (rate.name, rate.unit, rate.required, rate.highest) == ("request_rate", "1/s", True, 40.0)
    assert not rate.HasField("lowest")
    assert list(device.values) == ["H100", "A100"]
    assert model.provenance == '{"trained_on": "nothing"}'
    none = predictor.stub.DescribeModel(pb.DescribeModelRequest(question=pb.QUESTION_DIFFUSION), timeout=10)
    assert not none.models


def test_hardware_is_listed_by_kind_and_part_of_a_name(predictor: Any) -> None:
    """What a caller may name as device."""
    (found,) = predictor.stub.ListHardware(pb.ListHardwareRequest(matching="h1"), timeout=10).hardware
    assert (found.name, found.tdp_watts) == ("H100", 700.0)
    assert not found.HasField("idle_watts")
    assert not predictor.stub.ListHardware(pb.ListHardwareRequest(kind="cpu"), timeout=10).hardware
