"""Estimates, descriptions and errors as messages of `joulecast.v1`."""

import json
import struct
from collections.abc import Mapping
from functools import lru_cache

from joulecast.v1 import prediction_pb2 as pb
from predictor.estimate import Departure, Estimate, Evaluation, Input, Quantity, Question
from predictor.service.artifacts import Served
from predictor.service.shares import Shares
from predictor.service.wire import FIXED_64, header, tag

QUESTIONS: Mapping[int, Question] = {pb.Question.Value(f"QUESTION_{each.name}"): each for each in Question}
"""The wire's numbers and what they mean."""

_VALUE, _P10, _P90 = (
    tag(pb.Quantity.DESCRIPTOR.fields_by_name[name].number, FIXED_64) for name in ("value", "p10", "p90")
)
_PACK_QUANTITY = struct.Struct("<3sdcdcd").pack
# Tag and length of a quantity, 27 bytes, and the tag of its value.
_POWER, _SAMPLE, _TOKEN, _DAY = (
    header(pb.PredictResponse.DESCRIPTOR.fields_by_name[name].number, 27) + _VALUE
    for name in ("power_watts", "joules_per_sample", "joules_per_output_token", "kilowatt_hours_per_day")
)
_IN_DOMAIN = pb.PredictResponse(in_domain=True).SerializeToString()


def predict_response(estimate: Estimate, served: Served) -> bytes:
    """One estimate as a serialized PredictResponse: written as such, it takes a sixth of the time of a message."""
    description, shares = served.description, estimate.contributions
    scope = estimate.scope or description.scope
    parts = [_constant(scope, description.name, description.version, tuple(estimate.notes))]
    add = parts.append
    if estimate.power_watts is not None:
        add(_quantity(_POWER, estimate.power_watts))
    if estimate.joules_per_sample is not None:
        add(_quantity(_SAMPLE, estimate.joules_per_sample))
    if estimate.joules_per_output_token is not None:
        add(_quantity(_TOKEN, estimate.joules_per_output_token))
    if estimate.kilowatt_hours_per_day is not None:
        add(_quantity(_DAY, estimate.kilowatt_hours_per_day))
    if estimate.departures:
        add(pb.PredictResponse(departures=map(_departure, estimate.departures)).SerializeToString())
    else:
        add(_IN_DOMAIN)
    if isinstance(shares, Shares):
        add(shares.packed())
    elif shares:
        listed = [pb.Contribution(feature=each.feature, log_ratio=each.log_ratio) for each in shares]
        add(pb.PredictResponse(contributions=listed).SerializeToString())
    return b"".join(parts)


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


def _quantity(head: bytes, quantity: Quantity) -> bytes:
    return _PACK_QUANTITY(head, quantity.value, _P10, quantity.p10, _P90, quantity.p90)


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
