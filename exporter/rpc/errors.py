"""The one table from errors to gRPC statuses, and the guard that every handler answers through."""

import logging
import secrets
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from typing import Any, NoReturn, TypeVar

import grpc

from exporter.intervals.errors import IntervalConflict, InvalidTag, OutOfHistory, TooManyOpen, UnknownInterval
from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable
from exporter.sensors.nvml.gpu import UnknownGpuError
from joulecast.errors import JoulecastError
from joulecast.labels import LabelError


class MalformedRequest(JoulecastError):
    """A field that no interval could ever have; the message names it."""


class TooManyStreams(JoulecastError):
    """As many listings and watches are running as the exporter serves at once."""


# An error is answered by the entry of its nearest ancestor.
STATUSES: Mapping[type[Exception], grpc.StatusCode] = {
    MalformedRequest: grpc.StatusCode.INVALID_ARGUMENT,
    LabelError: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidTag: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownGpuError: grpc.StatusCode.INVALID_ARGUMENT,
    UnknownInterval: grpc.StatusCode.NOT_FOUND,
    DuplicateRequest: grpc.StatusCode.ALREADY_EXISTS,
    IntervalConflict: grpc.StatusCode.FAILED_PRECONDITION,
    OutOfHistory: grpc.StatusCode.OUT_OF_RANGE,
    TooManyOpen: grpc.StatusCode.RESOURCE_EXHAUSTED,
    TooManyStreams: grpc.StatusCode.RESOURCE_EXHAUSTED,
    LedgerUnavailable: grpc.StatusCode.UNAVAILABLE,
    JoulecastError: grpc.StatusCode.FAILED_PRECONDITION,
    Exception: grpc.StatusCode.INTERNAL,
}

Handler = TypeVar("Handler", bound=Callable[..., Any])

logger = logging.getLogger(__name__)


def status_of(error: Exception) -> grpc.StatusCode:
    """The status an error is answered with."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def describe(error: Exception) -> tuple[grpc.StatusCode, str]:
    """Status and message for the caller; a bug is logged whole and answered by a reference to that log line."""
    status = status_of(error)
    if status is not grpc.StatusCode.INTERNAL:
        return status, str(error)
    reference = secrets.token_hex(4)
    logger.error("internal error %s", reference, exc_info=error)
    return status, f"internal error {reference}: please report it with the exporter's log lines of that reference"


def answering(handler: Handler) -> Handler:
    """Make a unary handler answer each of its errors by the table."""

    @wraps(handler)
    def answer(service: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return handler(service, request, context)
        except Exception as error:  # whatever it is, the caller gets a status and never a traceback
            refused = error
        _abort(context, refused)

    return answer  # type: ignore[return-value]


def streaming(handler: Handler) -> Handler:
    """Make a streaming handler answer each of its errors by the table."""

    @wraps(handler)
    def stream(service: Any, request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            yield from handler(service, request, context)
        except Exception as error:  # as above
            refused = error
        else:
            return
        _abort(context, refused)

    return stream  # type: ignore[return-value]


def _abort(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    context.abort(*describe(error))
