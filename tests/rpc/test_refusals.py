"""Every field that cannot be taken is refused by name, and no exception leaves as a traceback."""

import logging
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from doubles.energy_server import EnergyServer
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from exporter.intervals.errors import IntervalConflict, InvalidTag, OutOfHistory, TooManyOpen, UnknownInterval
from exporter.intervals.ledger import DuplicateRequest, LedgerUnavailable
from exporter.rpc.errors import STATUSES, MalformedRequest, TooManyStreams, status_of
from exporter.sensors.nvml.gpu import UnknownGpuError
from joulecast.errors import JoulecastError
from joulecast.labels import LabelError
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

WALL = Timestamp(seconds=1_800_000_000)


def begin(**fields: Any) -> tuple[str, Any]:
    """A begin with these fields."""
    return "BeginInterval", pb.BeginIntervalRequest(**fields)


def end(**fields: Any) -> tuple[str, Any]:
    """An end with these fields."""
    return "EndInterval", pb.EndIntervalRequest(**fields)


def listing(**fields: Any) -> tuple[str, Any]:
    """A listing with these fields."""
    return "ListIntervals", pb.ListIntervalsRequest(**fields)


def refusal(stub: EnergyServiceStub, method: str, request: Any) -> tuple[grpc.StatusCode, str]:
    """How a call is refused."""
    streams = {"ListIntervals", "WatchPower", "MeasureIdle"}
    with pytest.raises(grpc.RpcError) as caught:
        list(getattr(stub, method)(request)) if method in streams else getattr(stub, method)(request)
    return caught.value.code(), caught.value.details()


@pytest.mark.parametrize(
    ("call", "named"),
    [
        (begin(request_id="x" * 129), "request_id is 129 characters"),
        (begin(name="a\nb"), "name 'a\\nb'"),
        (begin(job="x" * 129), "job is"),
        (begin(phase="\x00"), "phase"),
        (begin(labels={str(number): "" for number in range(33)}), "33 labels; at most 32"),
        (begin(labels={"": "x"}), "label key"),
        (begin(gpus=pb.GpuSelection(gpus=["0"] * 257)), "gpus names 257"),
        (begin(caller=pb.Caller(cgroups=[pb.CallerCgroup()] * 3)), "caller sees itself in 3 cgroups"),
        (begin(caller=pb.Caller(cgroups=[pb.CallerCgroup(path="x" * 4097)])), "caller's cgroup 'xxx"),
        (begin(caller=pb.Caller(cgroups=[pb.CallerCgroup(path="/\0")])), "caller's cgroup '/\\x00'"),
        (begin(caller=pb.Caller(boot_id="x" * 129)), "caller.boot_id is 129"),
        (begin(lease=Duration(seconds=0)), "lease is 0 s"),
        (begin(lease=Duration(seconds=-1)), "lease is -1 s"),
        (begin(lease=Duration(seconds=31 * 86400)), "at most 30 days"),
        (begin(at=pb.Instant(monotonic_ns=1)), "at.wall is missing"),
        (begin(at=pb.Instant(wall=WALL, monotonic_ns=-1)), "at.monotonic_ns is -1"),
        (begin(at=pb.Instant(wall=Timestamp(seconds=-5))), "at.wall is -5 s"),
        (begin(at=pb.Instant(wall=Timestamp(nanos=2_000_000_000))), "at.wall is 0 s and 2000000000 ns"),
        (begin(at=pb.Instant(wall=Timestamp(seconds=1_900_000_000))), "in the future"),
        (end(), "no interval is named"),
        (end(interval_id="x", counts={"token": float("nan")}), "count 'token' is nan"),
        (end(interval_id="x", counts={"token": float("inf")}), "count 'token' is inf"),
        (end(interval_id="x", counts={"token": -1}), "count 'token' is -1"),
        (end(interval_id="x", counts={str(number): 1 for number in range(17)}), "17 counts"),
        (("GetInterval", pb.GetIntervalRequest()), "no interval is named"),
        (listing(status=99), "status 99 is unknown"),
        (listing(limit=-1), "limit is -1"),
        (listing(cursor="yesterday"), "cursor 'yesterday'"),
        (listing(since=Timestamp(seconds=-1)), "since is -1 s"),
        (("WatchPower", pb.WatchPowerRequest(period=Duration(nanos=1))), "period is 1e-09 s"),
        (("WatchPower", pb.WatchPowerRequest(period=Duration(seconds=86400))), "0.05 to 3600 s"),
        (("MeasureIdle", pb.MeasureIdleRequest(duration=Duration(seconds=-60))), "idle experiment of -60 s"),
        (("RecordIntervals", pb.RecordIntervalsRequest(sent=pb.Instant(boot_id="b"))), "sent.wall is missing"),
    ],
)
def test_field_that_cannot_be_taken_is_named(stub: EnergyServiceStub, call: tuple[str, Any], named: str) -> None:
    """Bad input is INVALID_ARGUMENT, and the message holds the field, the value and the limit."""
    code, message = refusal(stub, *call)

    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert named in message


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (InvalidTag("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (MalformedRequest("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (LabelError("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (UnknownGpuError("x"), grpc.StatusCode.INVALID_ARGUMENT),
        (UnknownInterval("x"), grpc.StatusCode.NOT_FOUND),
        (DuplicateRequest("x"), grpc.StatusCode.ALREADY_EXISTS),
        (IntervalConflict("x"), grpc.StatusCode.FAILED_PRECONDITION),
        (OutOfHistory("x"), grpc.StatusCode.OUT_OF_RANGE),
        (TooManyOpen("x"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (TooManyStreams("x"), grpc.StatusCode.RESOURCE_EXHAUSTED),
        (LedgerUnavailable("x"), grpc.StatusCode.UNAVAILABLE),
        (JoulecastError("x"), grpc.StatusCode.FAILED_PRECONDITION),
        (ValueError("x"), grpc.StatusCode.INTERNAL),
    ],
)
def test_each_error_has_its_status(error: Exception, expected: grpc.StatusCode) -> None:
    """The table answers every error of the house, and anything else is a bug."""
    assert status_of(error) is expected


def test_no_error_of_the_book_is_left_to_the_fallback() -> None:
    """A new kind of error must be given its status on purpose."""
    from exporter.intervals import errors

    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, JoulecastError)}

    assert kinds <= set(STATUSES)


@pytest.mark.parametrize(
    ("method", "request_of"),
    [("DescribeNode", pb.DescribeNodeRequest), ("WatchPower", pb.WatchPowerRequest)],
)
def test_bug_is_internal_with_a_reference_into_the_log(
    server: EnergyServer, caplog: pytest.LogCaptureFixture, method: str, request_of: Callable[[], Any]
) -> None:
    """The caller of a broken handler gets a reference, never the traceback; the log has both."""
    server.snapshot = None  # type: ignore[assignment]
    with caplog.at_level(logging.ERROR):
        code, message = refusal(server.stub(), method, request_of())
    reference = message.split()[2].strip(":")

    assert code is grpc.StatusCode.INTERNAL
    assert "Traceback" not in message
    assert "NoneType" not in message
    assert reference in caplog.text
    assert "NoneType" in caplog.text


def test_message_beyond_the_limit_is_refused(server: EnergyServer) -> None:
    """A request larger than any batch may be is refused before it is parsed."""
    channel = server.channel(options=(("grpc.max_send_message_length", -1),))
    call = channel.unary_unary("/joulecast.v1.EnergyService/BeginInterval")
    with pytest.raises(grpc.RpcError) as caught:
        call(bytes(17 * 1024 * 1024))

    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED


def test_garbage_and_unknown_methods_are_answered(server: EnergyServer) -> None:
    """Bytes that are no message and methods that do not exist leave the server serving."""
    channel = server.channel()
    with pytest.raises(grpc.RpcError) as garbage:
        channel.unary_unary("/joulecast.v1.EnergyService/BeginInterval")(b"\xff\xff\xff")
    with pytest.raises(grpc.RpcError) as unknown:
        channel.unary_unary("/joulecast.v1.EnergyService/Nonsense")(b"")

    assert garbage.value.code() is grpc.StatusCode.INTERNAL
    assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert server.stub().BeginInterval(pb.BeginIntervalRequest()).interval_id
