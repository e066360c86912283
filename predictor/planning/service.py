"""A prediction service elsewhere, asked as if its model were here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from joulecast.client.address import parse_address
from joulecast.client.channel import open_channel
from joulecast.client.credentials import credentials_from
from joulecast.errors import JoulecastError
from predictor.estimate import Contribution, Departure, Description, Estimate, Evaluation, Input, Quantity, Question

if TYPE_CHECKING:
    from joulecast.v1 import prediction_pb2 as pb

_TIMEOUT_SECONDS = 10.0


class ServiceSource:
    """One model of a service. Numbers and names are checked there."""

    def __init__(self, stub: Any, metadata: Sequence[tuple[str, str]], address: str, model: pb.Model) -> None:
        self._stub = stub
        self._metadata = metadata
        self._address = address
        self._question = model.question
        self.description = _description(model)

    def ask(self, numbers: Mapping[str, float], texts: Mapping[str, str]) -> Estimate:
        """Answer one point. Raises JoulecastError with what the service says."""
        from joulecast.v1 import prediction_pb2 as pb

        request = pb.PredictRequest(question=self._question, model=self.description.name, features=numbers, names=texts)
        return _estimate(_called(self._stub.Predict, request, self._metadata, self._address))


def service_source(address: str, question: Question, model: str = "") -> ServiceSource:
    """The model of this name, else the one that answers the question there. Raises JoulecastError."""
    from joulecast.v1 import prediction_pb2 as pb
    from joulecast.v1.prediction_pb2_grpc import PredictionServiceStub

    place = parse_address(address)
    credentials = credentials_from(os.environ, place)
    metadata = (("authorization", f"Bearer {credentials.token}"),) if credentials.token else ()
    stub = PredictionServiceStub(open_channel(place, credentials))  # type: ignore[no-untyped-call]
    wanted = pb.DescribeModelRequest(question=f"QUESTION_{question.name}", model=model)
    models = _called(stub.DescribeModel, wanted, metadata, address).models
    chosen = next((each for each in models if each.answers_by_default), next(iter(models), None))
    if chosen is None:
        raise JoulecastError(
            f"no model at {address} answers {question.value.replace('_', ' ')}", "give it one with its --artifacts"
        )
    return ServiceSource(stub, metadata, address, chosen)


def _called(method: Any, request: Any, metadata: Sequence[tuple[str, str]], address: str) -> Any:
    import grpc

    try:
        return method(request, timeout=_TIMEOUT_SECONDS, metadata=metadata)
    except grpc.RpcError as error:
        raise _problem(error, address) from None


def _problem(error: Any, address: str) -> JoulecastError:
    """What the service says, or what to do where none answers."""
    import grpc

    code, details = error.code(), error.details() or ""
    if code is grpc.StatusCode.UNAVAILABLE:
        return JoulecastError(f"no prediction service answers at {address}", "start one with `joulecast predictor`")
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return JoulecastError(f"the prediction service at {address} did not answer in time", "see its log and its load")
    if code in {grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED}:
        return JoulecastError(
            f"the prediction service at {address} refuses this client ({details})",
            "set JOULECAST_TOKEN (or JOULECAST_TOKEN_FILE, JOULECAST_TLS_CERT) to what it accepts",
        )
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return JoulecastError(
            f"what answers at {address} predicts nothing", "give the address of a `joulecast predictor`"
        )
    return JoulecastError(details or f"the prediction service at {address} answered {code.name}")


def _description(model: pb.Model) -> Description:
    from joulecast.v1 import prediction_pb2 as pb

    return Description(
        name=model.name,
        version=model.version,
        question=Question[pb.Question.Name(model.question).removeprefix("QUESTION_")],
        scope=model.scope,
        inputs=tuple(_input(each) for each in model.features),
        evaluations=tuple(
            Evaluation(
                split=each.split,
                records=each.records,
                mape=each.mean_absolute_percentage_error_ratio,
                median_ape=each.median_absolute_percentage_error_ratio,
                r2_log=_optional(each, "r2_log"),
                within_factor_two=_optional(each, "within_factor_two_ratio"),
                band_coverage=_optional(each, "band_coverage_ratio"),
            )
            for each in model.evaluations
        ),
        provenance=json.loads(model.provenance or "{}"),
    )


def _input(each: pb.Feature) -> Input:
    return Input(
        name=each.name,
        unit=each.unit,
        meaning=each.meaning,
        required=each.required,
        is_text=bool(each.values),
        lowest=_optional(each, "lowest"),
        highest=_optional(each, "highest"),
        values=tuple(each.values),
    )


def _estimate(response: pb.PredictResponse) -> Estimate:
    return Estimate(
        power_watts=_quantity(response, "power_watts"),
        joules_per_sample=_quantity(response, "joules_per_sample"),
        joules_per_output_token=_quantity(response, "joules_per_output_token"),
        kilowatt_hours_per_day=_quantity(response, "kilowatt_hours_per_day"),
        departures=tuple(
            Departure(
                each.feature, _optional(each, "value"), each.text, _optional(each, "lowest"), _optional(each, "highest")
            )
            for each in response.departures
        ),
        contributions=tuple(Contribution(each.feature, each.log_ratio) for each in response.contributions),
        notes=tuple(response.notes),
        scope=response.scope,
    )


def _quantity(response: pb.PredictResponse, name: str) -> Quantity | None:
    if not response.HasField(name):
        return None
    it = getattr(response, name)
    return Quantity(it.value, it.p10, it.p90)


def _optional(message: Any, name: str) -> float | None:
    return getattr(message, name) if message.HasField(name) else None
