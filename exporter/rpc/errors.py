"""The exporter's errors and the gRPC statuses they are answered with."""

from collections.abc import Mapping

import grpc

from exporter.intervals.errors import IntervalConflict, InvalidTag, OutOfHistory, TooManyOpen, UnknownInterval
from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable
from exporter.sensors.nvml.gpu import UnknownGpuError
from joulecast.errors import JoulecastError
from joulecast.labels import LabelError
from joulecast.serving.answering import Guard, MalformedRequest, TooManyStreams

__all__ = ["STATUSES", "MalformedRequest", "TooManyStreams", "answering", "describe", "status_of", "streaming"]

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

_GUARD = Guard(STATUSES)
status_of = _GUARD.status_of
describe = _GUARD.describe
answering = _GUARD.answering
streaming = _GUARD.streaming
