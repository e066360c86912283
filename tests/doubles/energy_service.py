# ruff: noqa: N802 - the wire contract names the methods
"""A real gRPC server with a scripted energy service behind it: it can be slow, refuse, go away and come back."""

import shutil
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent import futures
from pathlib import Path
from typing import Any, Self

import grpc
from google.protobuf.timestamp_pb2 import Timestamp

from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceServicer, add_EnergyServiceServicer_to_server

WATTS = 100.0
IDLE_WATTS = 40.0


class ScriptedEnergyService(EnergyServiceServicer):
    """Every interval burns 100 W, 60 of them by its CPUs and 40 by its GPU, and 40 W when idle.

    `settle_seconds` is what it takes until an ended interval is final; `delay` holds every answer back; `refusals`
    maps a method's name to the status it answers with; `break_listing_after` cuts one listing after so many rows;
    `calls` lists what was asked.
    """

    def __init__(self) -> None:
        self.intervals: dict[str, pb.Interval] = {}
        self.calls: list[tuple[str, Any]] = []
        self.metadata: list[Mapping[str, str]] = []
        self.settle_seconds = 0.0
        self.delay = 0.0
        self.refusals: dict[str, tuple[grpc.StatusCode, str]] = {}
        self.refused_names: dict[str, str] = {}
        self.warning = ""
        self.break_listing_after: int | None = None
        self._settled_at: dict[str, float] = {}
        self._lock = threading.Lock()

    def asked(self, method: str) -> list[Any]:
        """The requests of one method, in order."""
        return [request for name, request in self.calls if name == method]

    def forget(self) -> None:
        """Lose everything, as an exporter does that was killed before it had stored anything."""
        self.intervals.clear()

    def BeginInterval(
        self, request: pb.BeginIntervalRequest, context: grpc.ServicerContext
    ) -> pb.BeginIntervalResponse:
        self._hear("BeginInterval", request, context)
        with self._lock:
            row = self.intervals.get(request.request_id)
            if row is None:
                row = self._entered(request)
                row.begin_time.CopyFrom(request.at.wall)
                row.duration_seconds = request.at.monotonic_ns * 1e-9
                row.status = pb.INTERVAL_STATUS_OPEN
        return pb.BeginIntervalResponse(
            interval_id=row.interval_id, begin_time=row.begin_time, durable=True, warning=self.warning
        )

    def EndInterval(self, request: pb.EndIntervalRequest, context: grpc.ServicerContext) -> pb.EndIntervalResponse:
        self._hear("EndInterval", request, context)
        row = self._known(request, context)
        with self._lock:
            if row.status == pb.INTERVAL_STATUS_OPEN:
                row.counts.update(request.counts)
                row.end_time.CopyFrom(request.at.wall)
                self._finish(row, request.at.monotonic_ns * 1e-9 - row.duration_seconds)
        return pb.EndIntervalResponse(interval=self._now(row))

    def RecordIntervals(
        self, request: pb.RecordIntervalsRequest, context: grpc.ServicerContext
    ) -> pb.RecordIntervalsResponse:
        self._hear("RecordIntervals", request, context)
        return pb.RecordIntervalsResponse(results=[self._recorded(row) for row in request.intervals])

    def GetInterval(self, request: pb.GetIntervalRequest, context: grpc.ServicerContext) -> pb.GetIntervalResponse:
        self._hear("GetInterval", request, context)
        row = self._known(request, context)
        if row.status != pb.INTERVAL_STATUS_OPEN:
            return pb.GetIntervalResponse(interval=self._now(row))
        so_far = pb.Interval()
        so_far.CopyFrom(row)
        _burn(so_far, time.monotonic() - row.duration_seconds)
        return pb.GetIntervalResponse(interval=so_far)

    def ListIntervals(
        self, request: pb.ListIntervalsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ListIntervalsResponse]:
        self._hear("ListIntervals", request, context)
        rows = [row for row in self.intervals.values() if _matches(request, row) and row.interval_id > request.cursor]
        if request.newest_first:
            rows.reverse()
        for number, row in enumerate(rows[: request.limit or None]):
            if number == self.break_listing_after:
                self.break_listing_after = None
                context.abort(grpc.StatusCode.UNAVAILABLE, "Socket closed")
            yield pb.ListIntervalsResponse(interval=self._now(row), cursor=row.interval_id)

    def MeasureIdle(
        self, request: pb.MeasureIdleRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.MeasureIdleResponse]:
        self._hear("MeasureIdle", request, context)
        total = request.duration.seconds
        for second in range(1, total + 1):
            yield pb.MeasureIdleResponse(elapsed_seconds=second, total_seconds=total)
        found = pb.IdlePower(
            component=pb.COMPONENT_CPU,
            device="0",
            zone="package",
            watts=IDLE_WATTS,
            spread_watts=1.5,
            source="experiment",
            seconds=total,
        )
        yield pb.MeasureIdleResponse(elapsed_seconds=total, total_seconds=total, idle=[found])

    def _hear(self, method: str, request: Any, context: grpc.ServicerContext) -> None:
        self.calls.append((method, request))
        self.metadata.append(dict(context.invocation_metadata()))
        if self.delay:
            time.sleep(self.delay)
        if method in self.refusals:
            context.abort(*self.refusals[method])

    def _entered(self, tag: pb.BeginIntervalRequest | pb.RecordedInterval) -> pb.Interval:
        row = pb.Interval(
            interval_id=f"iv-{len(self.intervals):06d}",
            request_id=tag.request_id,
            name=tag.name,
            job=tag.job,
            phase=tag.phase,
            labels=tag.labels,
            gpus=tag.gpus if tag.HasField("gpus") else None,
            durable=True,
        )
        self.intervals[tag.request_id] = row
        return row

    def _recorded(self, tag: pb.RecordedInterval) -> pb.RecordResult:
        if tag.name in self.refused_names:
            return pb.RecordResult(error=pb.RecordError(code=3, message=self.refused_names[tag.name]))
        with self._lock:
            row = self.intervals.get(tag.request_id)
            if row is None:
                row = self._entered(tag)
                row.counts.update(tag.counts)
                row.begin_time.CopyFrom(tag.begin.wall)
                row.end_time.CopyFrom(tag.end.wall)
                self._finish(row, (tag.end.monotonic_ns - tag.begin.monotonic_ns) * 1e-9)
        return pb.RecordResult(interval=self._now(row))

    def _finish(self, row: pb.Interval, seconds: float) -> None:
        row.duration_seconds = seconds
        row.status = pb.INTERVAL_STATUS_SETTLING
        self._settled_at[row.request_id] = time.monotonic() + self.settle_seconds

    def _now(self, row: pb.Interval) -> pb.Interval:
        left = self._settled_at.get(row.request_id, 0.0) - time.monotonic()
        if row.status == pb.INTERVAL_STATUS_SETTLING and left <= 0:
            row.status = pb.INTERVAL_STATUS_FINISHED
            _burn(row, row.duration_seconds)
            row.ClearField("settles_in")
        elif row.status == pb.INTERVAL_STATUS_SETTLING:
            row.settles_in.FromNanoseconds(round(left * 1e9))
        return row

    def _known(
        self, request: pb.EndIntervalRequest | pb.GetIntervalRequest, context: grpc.ServicerContext
    ) -> pb.Interval:
        for row in self.intervals.values():
            if request.request_id == row.request_id or request.interval_id == row.interval_id:
                return row
        context.abort(grpc.StatusCode.NOT_FOUND, f"no interval {request.request_id or request.interval_id!r}")
        raise AssertionError


class EnergyServer:
    """Serves a scripted service at one address; `stop` and `start` again are an exporter's restart."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.service = ScriptedEnergyService()
        self._server: grpc.Server | None = None

    @classmethod
    def on_socket(cls) -> Self:
        """At a Unix socket in a folder of its own, since pytest's folders make too long a path for one."""
        return cls(f"unix://{Path(tempfile.mkdtemp(prefix='jc-'))}/s")

    def start(self) -> Self:
        """Listen; on a TCP address with port 0 a free one is taken and kept."""
        server = grpc.server(futures.ThreadPoolExecutor(8))
        add_EnergyServiceServicer_to_server(self.service, server)
        port = server.add_insecure_port(self.address)
        self.address = self.address.replace(":0", f":{port}") if self.address.endswith(":0") else self.address
        server.start()
        self._server = server
        return self

    def stop(self) -> None:
        """Go away as a killed process does: every connection is cut."""
        if self._server is not None:
            self._server.stop(0).wait()
            self._server = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()
        if self.address.startswith("unix:"):
            shutil.rmtree(Path(self.address.removeprefix("unix://")).parent)


def _burn(row: pb.Interval, seconds: float) -> None:
    """Fill in the energy of so many seconds."""
    row.duration_seconds = seconds
    row.node.CopyFrom(_energy(WATTS, IDLE_WATTS, seconds))
    del row.components[:], row.devices[:], row.usage.gpus[:]
    row.components.add(component=pb.COMPONENT_CPU, energy=_energy(60.0, 30.0, seconds))
    row.components.add(component=pb.COMPONENT_GPU, energy=_energy(40.0, 10.0, seconds))
    row.devices.add(
        component=pb.COMPONENT_CPU,
        device="0",
        zone="package",
        counted=True,
        sensor="rapl",
        energy=_energy(60.0, 30.0, seconds),
    )
    row.usage.cpu_utilization_ratio = 0.5
    row.usage.gpus.add(uuid="GPU-1", utilization_ratio=0.9)


def _energy(watts: float, idle_watts: float, seconds: float) -> pb.Energy:
    return pb.Energy(
        gross_joules=watts * seconds,
        idle_joules=idle_watts * seconds,
        net_joules=(watts - idle_watts) * seconds,
        uncertainty_joules=0.5,
        calibration_uncertainty_joules=0.05 * watts * seconds,
        coverage=1.0,
        provenance=pb.PROVENANCE_MEASURED,
        mean_watts=watts,
    )


def _matches(request: pb.ListIntervalsRequest, row: pb.Interval) -> bool:
    return (
        (not request.job or row.job == request.job)
        and (not request.phase or row.phase == request.phase)
        and (not request.name or row.name == request.name)
        and (not request.status or row.status == request.status)
        and all(row.labels.get(key) == value for key, value in request.labels.items())
        and (not request.HasField("since") or _seconds(row.begin_time) >= _seconds(request.since))
        and (not request.HasField("until") or _seconds(row.begin_time) < _seconds(request.until))
    )


def _seconds(time_: Timestamp) -> float:
    return time_.seconds + time_.nanos * 1e-9
