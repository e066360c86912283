"""Estimates, descriptions and errors as messages of `joulecast.v1`."""

import json
from collections.abc import Mapping
from functools import lru_cache

from joulecast.v1 import prediction_pb2 as pb
from predictor.estimate import Departure, Estimate, Evaluation, Input, Quantity, Question
from predictor.service.artifacts import Served
from predictor.service.shares import Shares

QUESTIONS: Mapping[int, Question] = {pb.Question.Value(f"QUESTION_{each.name}"): each for each in Question}
"""The wire's numbers and what they mean."""


def predict_response(estimate: Estimate, served: Served) -> pb.PredictResponse:
    """One estimate. This is written for speed: each field is set once, and only where there is something to say."""
    description = served.description
    response = pb.PredictResponse()
    shares = estimate.contributions
    constant = _constant(
        estimate.scope or description.scope, description.name, description.version, tuple(estimate.notes)
    )
    if isinstance(shares, Shares):
        response.MergeFromString(constant + shares.packed())
    else:
        response.MergeFromString(constant)
        response.contributions.extend(
            pb.Contribution(feature=each.feature, log_ratio=each.log_ratio) for each in shares
        )
    if estimate.power_watts is not None:
        _put(response.power_watts, estimate.power_watts)
    if estimate.joules_per_sample is not None:
        _put(response.joules_per_sample, estimate.joules_per_sample)
    if estimate.joules_per_output_token is not None:
        _put(response.joules_per_output_token, estimate.joules_per_output_token)
    if estimate.kilowatt_hours_per_day is not None:
        _put(response.kilowatt_hours_per_day, estimate.kilowatt_hours_per_day)
    if estimate.departures:
        response.departures.extend(map(_departure, estimate.departures))
    else:
        response.in_domain = True
    return response


@lru_cache(maxsize=1024)
def _constant(scope: str, model: str, version: str, notes: tuple[str, ...]) -> bytes:
    """What an answer has in common with most others of its model, as it goes over the wire."""
    return pb.PredictResponse(scope=scope, model=model, version=version, notes=notes).SerializeToString()


def model_message(served: Served, *, answers_by_default: bool) -> pb.Model:
    """What a model takes, what it was trained on, and how far off it is."""
    description = served.description
    return pb.Model(
        name=description.name,
        version=description.version,
        question=f"QUESTION_{description.question.name}",
        answers_by_default=answers_by_default,
        scope=description.scope,
        features=[_feature(each) for each in description.inputs],
        evaluations=[_evaluation(each) for each in description.evaluations],
        provenance=json.dumps(dict(description.provenance), ensure_ascii=False, default=str),
    )


def _put(message: pb.Quantity, quantity: Quantity) -> None:
    message.value = quantity.value
    message.p10 = quantity.p10
    message.p90 = quantity.p90


def _departure(departure: Departure) -> pb.Departure:
    return pb.Departure(
        feature=departure.feature,
        value=departure.value,
        text=departure.text,
        lowest=departure.lowest,
        highest=departure.highest,
    )


def _feature(each: Input) -> pb.Feature:
    return pb.Feature(
        name=each.name,
        unit=each.unit,
        meaning=each.meaning,
        required=each.required,
        lowest=each.lowest,
        highest=each.highest,
        values=each.values,
    )


def _evaluation(each: Evaluation) -> pb.Evaluation:
    return pb.Evaluation(
        split=each.split,
        records=each.records,
        mean_absolute_percentage_error_ratio=each.mape,
        median_absolute_percentage_error_ratio=each.median_ape,
        r2_log=each.r2_log,
        within_factor_two_ratio=each.within_factor_two,
        band_coverage_ratio=each.band_coverage,
    )
