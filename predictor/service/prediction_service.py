"""The prediction service: each method reads its request, asks the model, and answers."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import wraps
from math import inf
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message

from joulecast.errors import JoulecastError
from joulecast.serving.answering import Guard, MalformedRequest
from joulecast.v1 import prediction_pb2 as pb
from predictor.estimate import Estimate, Question
from predictor.service.artifacts import Artifacts
from predictor.service.batches import answer_batch, beyond_numbers, read_table
from predictor.service.figures import Figures
from predictor.service.messages import QUESTIONS, model_message, predict_response

_SERVICE = pb.DESCRIPTOR.services_by_name["PredictionService"]
SERVICE = _SERVICE.full_name
LARGE_ROWS = 50_000
MAX_LARGE = 4  # large batches under way: a million rows take a few hundred megabytes

ListHardware = Callable[[str, str], Iterable[pb.Hardware]]
Handler = TypeVar("Handler", bound=Callable[..., Any])


class TooManyBatches(JoulecastError):
    """As many large batches are under way as the memory is meant for."""


# What a caller can act on is about the request: there is no other state that a call could be at odds with.
_GUARD = Guard(
    {
        JoulecastError: grpc.StatusCode.INVALID_ARGUMENT,
        TooManyBatches: grpc.StatusCode.RESOURCE_EXHAUSTED,
    }
)


def _answering(handler: Handler) -> Handler:
    """Count a call and its time, and answer each of its errors by the table."""
    method = handler.__name__
    clock = time.perf_counter

    @wraps(handler)
    def answer(service: Any, request: Any, context: grpc.ServicerContext) -> Any:
        began = clock()
        try:
            response = handler(service, request, context)
        except Exception as error:  # whatever it is, the caller gets a status and never a traceback
            refused = error
        else:
            service.figures.answered(method, "OK", clock() - began)
            return response
        status, message = _GUARD.describe(refused)
        service.figures.answered(method, status.name, clock() - began)
        return context.abort(status, message)

    return answer  # type: ignore[return-value]


class PredictionService:
    """Implements `joulecast.v1.PredictionService`.

    `hardware` lists devices of a kind ("" for all) whose name or an alias contains a text.
    """

    def __init__(self, artifacts: Artifacts, hardware: ListHardware, figures: Figures) -> None:
        self._artifacts = artifacts
        self._hardware = hardware
        self._large = threading.BoundedSemaphore(MAX_LARGE)
        self.figures = figures

    def handlers(self, thread_held: Callable[[], AbstractContextManager[None]] = nullcontext) -> dict[str, Any]:
        """What a gRPC server calls for each of the methods; `thread_held` is entered while one takes its time."""

        def unhurried(request: Any, context: grpc.ServicerContext) -> Any:
            with thread_held():
                return self.PredictBatch(request, context)

        own = {"PredictBatch": unhurried}
        return {
            method.name: grpc.unary_unary_rpc_method_handler(
                own.get(method.name) or getattr(self, method.name),
                request_deserializer=getattr(pb, method.input_type.name).FromString,
                response_serializer=_serialized,
            )
            for method in _SERVICE.methods
        }

    @_answering
    def Predict(self, request: pb.PredictRequest, context: grpc.ServicerContext) -> bytes:
        """One operating point; the answer is a PredictResponse, serialized."""
        number = request.question
        served = self._artifacts.current.find(request.model, _question(number) if number else None)
        numbers, texts = dict(request.features), dict(request.names)
        served.checks.point(numbers, texts)
        try:
            estimate = served.model.estimate(numbers, texts, contributions=not request.omit_contributions)
        except (ArithmeticError, ValueError) as error:  # an overflow; the logarithm of what vanished
            raise beyond_numbers() from error
        if not _is_possible(estimate):
            raise beyond_numbers()
        self.figures.estimated(served.description.name, in_domain=not estimate.departures)
        return predict_response(estimate, served)

    @_answering
    def PredictBatch(self, request: pb.PredictBatchRequest, context: grpc.ServicerContext) -> pb.PredictBatchResponse:
        """Many points, in columns."""
        served = self._artifacts.current.find(request.model, _question(request.question))
        with self._room_for(request.rows):
            response, inside, outside = answer_batch(served, read_table(request))
        for points, in_domain in ((inside, True), (outside, False)):
            if points:
                self.figures.estimated(served.description.name, in_domain=in_domain, points=points)
        return response

    @_answering
    def DescribeModel(
        self, request: pb.DescribeModelRequest, context: grpc.ServicerContext
    ) -> pb.DescribeModelResponse:
        """The models served: all, those of one question, or the one of a name."""
        registry, question = self._artifacts.current, _question(request.question)
        found = [registry.find(request.model, question)] if request.model else registry.by_name.values()
        return pb.DescribeModelResponse(
            models=[
                model_message(each, answers_by_default=registry.answers_by_default(each))
                for each in found
                if question in (None, each.description.question)
            ]
        )

    @_answering
    def ListHardware(self, request: pb.ListHardwareRequest, context: grpc.ServicerContext) -> pb.ListHardwareResponse:
        """The devices known by name."""
        return pb.ListHardwareResponse(hardware=self._hardware(request.kind, request.matching))

    @contextmanager
    def _room_for(self, rows: int) -> Iterator[None]:
        """Hold one of few places as long as a large batch is under way. Raises TooManyBatches."""
        if rows < LARGE_ROWS:
            yield
            return
        if not self._large.acquire(blocking=False):
            raise TooManyBatches(
                f"{MAX_LARGE} batches of {LARGE_ROWS} rows or more are under way",
                "send this one again when they are over, or in smaller parts",
            )
        try:
            yield
        finally:
            self._large.release()


def _serialized(answer: Message | bytes) -> bytes:
    return answer if isinstance(answer, bytes) else answer.SerializeToString()


def _question(number: int) -> Question | None:
    if not number:
        return None
    question = QUESTIONS.get(number)
    if question is None:
        raise MalformedRequest(f"question {number} is unknown", f"there are 1 to {max(QUESTIONS)}; see DescribeModel")
    return question


def _is_possible(estimate: Estimate) -> bool:
    watts, sample, token = estimate.power_watts, estimate.joules_per_sample, estimate.joules_per_output_token
    return (
        (watts is None or 0.0 < watts.p10 <= watts.p90 < inf)
        and (sample is None or 0.0 < sample.p10 <= sample.p90 < inf)
        and (token is None or 0.0 < token.p10 <= token.p90 < inf)
    )
