"""A workload that speaks the wire itself, with exact timestamps and request ids that outlive any restart."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Self
from uuid import uuid4

import grpc

from joulecast.client.wire import instant
from joulecast.clock import SystemClock, moment
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

_PATIENCE_SECONDS = 20.0
FINAL = (pb.INTERVAL_STATUS_FINISHED, pb.INTERVAL_STATUS_TRUNCATED)


class Workload:
    """Calls the exporter at `address`; waits for it where it is just being restarted."""

    def __init__(self, address: str) -> None:
        # Subchannels of its own, and eager to reconnect: a restart must not be waited for longer than it takes.
        options = (
            ("grpc.use_local_subchannel_pool", 1),
            ("grpc.initial_reconnect_backoff_ms", 50),
            ("grpc.max_reconnect_backoff_ms", 100),
        )
        self._channel = grpc.insecure_channel(address, options)
        self.service = EnergyServiceStub(self._channel)  # type: ignore[no-untyped-call]

    def begin(self, request_id: str = "", **fields: Any) -> tuple[str, float]:
        """Begin now; returns the request id and the monotonic time of the begin."""
        request_id = request_id or uuid4().hex
        now = moment(SystemClock())
        self.call("BeginInterval", pb.BeginIntervalRequest(request_id=request_id, at=instant(now), **fields))
        return request_id, now.monotonic

    def end(self, request_id: str, counts: Mapping[str, float] | None = None) -> float:
        """End it now; returns the monotonic time of the end."""
        now = moment(SystemClock())
        self.call("EndInterval", pb.EndIntervalRequest(request_id=request_id, counts=counts, at=instant(now)))
        return now.monotonic

    def look(self, request_id: str) -> pb.Interval:
        """The interval as it stands."""
        answer: pb.GetIntervalResponse = self.call("GetInterval", pb.GetIntervalRequest(request_id=request_id))
        return answer.interval

    def settled(self, request_id: str) -> pb.Interval:
        """The interval once its energy is final."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while (interval := self.look(request_id)).status not in FINAL:
            assert time.monotonic() < deadline, f"not settled:\n{interval}"
            time.sleep(0.02)
        return interval

    def sensors(self) -> dict[str, pb.SensorDescription]:
        """What the exporter says of each sensor."""
        answer: pb.DescribeNodeResponse = self.call("DescribeNode", pb.DescribeNodeRequest())
        return {sensor.sensor: sensor for sensor in answer.sensors}

    def call(self, method: str, request: Any) -> Any:
        """Any method. Raises grpc.RpcError."""
        stub: Callable[..., Any] = getattr(self.service, method)
        return stub(request, timeout=_PATIENCE_SECONDS, wait_for_ready=True)

    def refusal(self, method: str, request: Any) -> tuple[grpc.StatusCode, str]:
        """The status and the message a call is refused with."""
        try:
            answer = self.call(method, request)
        except grpc.RpcError as error:
            return error.code(), error.details()
        raise AssertionError(f"{method} was not refused:\n{answer}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._channel.close()
