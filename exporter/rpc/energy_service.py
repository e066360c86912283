"""The energy service: each method reads its request, asks the book, and answers."""

from collections.abc import Callable, Iterator

import grpc

from exporter.intervals.book import BackDated, IntervalBook
from exporter.intervals.experiment import IdleExperiment
from exporter.intervals.interval import Interval, Status
from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.rpc.errors import MalformedRequest, answering, describe, streaming
from exporter.rpc.estimates import put_estimate
from exporter.rpc.footprints import put_footprint
from exporter.rpc.messages import put_interval, put_seconds
from exporter.rpc.node_messages import idle_messages, node_message, power_message
from exporter.rpc.requests import (
    read_at,
    read_counts,
    read_id,
    read_idle_seconds,
    read_lease,
    read_query,
    read_row,
    read_sent,
    read_tag,
    read_watch_period,
)
from joulecast.clock import Clock
from joulecast.errors import JoulecastError
from joulecast.footprint.rates import NO_RATES, Rates
from joulecast.labels import LabelError
from joulecast.phase import nearest_phase
from joulecast.serving.streams import StreamSlots, ended
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceServicer
from joulecast.version import __version__

SERVICE = pb.DESCRIPTOR.services_by_name["EnergyService"].full_name
MAX_STREAMS = 8
MAX_ROWS = 1000  # of one batch: with their accounts they still fit a client's default message size


class EnergyService(EnergyServiceServicer):
    """Implements `joulecast.v1.EnergyService`. Handlers are cheap: what takes time happens in the book's own tick."""

    def __init__(
        self,
        book: IntervalBook,
        experiment: IdleExperiment,
        latest: Callable[[], Snapshot],
        clock: Clock,
        *,
        node: str,
        boot_id: str,
        period: float,
        rates: Rates = NO_RATES,
        streams: int = MAX_STREAMS,
    ) -> None:
        self._book = book
        self._experiment = experiment
        self._latest = latest
        self._clock = clock
        self._node = node
        self._boot_id = boot_id
        self._period = period
        self._rates = rates
        self.slots = StreamSlots(streams)

    @answering
    def BeginInterval(
        self, request: pb.BeginIntervalRequest, context: grpc.ServicerContext
    ) -> pb.BeginIntervalResponse:
        """Open an interval, or renew the lease of the one this request id has begun."""
        interval = self._book.begin(read_tag(request), at=read_at(request), lease_seconds=read_lease(request))
        response = pb.BeginIntervalResponse()
        response.interval_id = interval.interval_id
        put_seconds(response.begin_time, interval.begin_wall)
        response.durable = interval.durable
        response.warning = _warning(interval)
        return response

    @answering
    def EndInterval(self, request: pb.EndIntervalRequest, context: grpc.ServicerContext) -> pb.EndIntervalResponse:
        """Close an interval; its energy may take until `settles_in` to be final."""
        interval_id, request_id = read_id(request)
        counts, at = read_counts(request), read_at(request)
        interval = self._book.end(interval_id=interval_id, request_id=request_id, counts=counts, at=at)
        response = pb.EndIntervalResponse()
        self._put(response.interval, interval)
        if interval.status is not Status.SETTLING:  # it had ended before
            put_estimate(response.interval, interval, self._latest().gpus)
        return response

    @answering
    def RecordIntervals(
        self, request: pb.RecordIntervalsRequest, context: grpc.ServicerContext
    ) -> pb.RecordIntervalsResponse:
        """Record intervals that are over; each row is answered by itself."""
        if len(request.intervals) > MAX_ROWS:
            raise MalformedRequest(f"{len(request.intervals)} rows in one batch", f"send at most {MAX_ROWS} at once")
        sent = read_sent(request)
        read = [_read_or_refuse(row) for row in request.intervals]
        recorded = iter(self._book.record([row for row in read if isinstance(row, BackDated)], sent))
        return pb.RecordIntervalsResponse(
            results=[self._result(next(recorded) if isinstance(row, BackDated) else row) for row in read]
        )

    @answering
    def GetInterval(self, request: pb.GetIntervalRequest, context: grpc.ServicerContext) -> pb.GetIntervalResponse:
        """An interval as it stands; of an open one its energy so far."""
        interval_id, request_id = read_id(request)
        interval = self._book.get(interval_id=interval_id, request_id=request_id)
        response = pb.GetIntervalResponse()
        self._put(response.interval, interval)
        put_estimate(response.interval, interval, self._latest().gpus)
        return response

    @streaming
    def ListIntervals(
        self, request: pb.ListIntervalsRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.ListIntervalsResponse]:
        """Stored intervals that match, each with the cursor that resumes after it."""
        query = read_query(request)
        with self.slots.held():
            for interval in self._book.search(query):
                yield pb.ListIntervalsResponse(interval=self._message(interval), cursor=interval.interval_id)

    @streaming
    def WatchPower(
        self, request: pb.WatchPowerRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchPowerResponse]:
        """The latest snapshot once per period; nothing before there is one."""
        period = read_watch_period(request)
        with self.slots.held():
            over = ended(context)
            while not over.is_set():
                snapshot = self._latest()
                if snapshot is not EMPTY:
                    yield power_message(snapshot)
                over.wait(period)

    @streaming
    def MeasureIdle(
        self, request: pb.MeasureIdleRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.MeasureIdleResponse]:
        """Progress about twice a second, then the baselines."""
        total = read_idle_seconds(request)
        with self.slots.held():
            for elapsed in self._experiment.measure(total, force=request.force):
                yield pb.MeasureIdleResponse(elapsed_seconds=elapsed, total_seconds=total)
            idle = idle_messages(self._experiment.result)
            yield pb.MeasureIdleResponse(elapsed_seconds=total, total_seconds=total, idle=idle)

    @answering
    def DescribeNode(self, request: pb.DescribeNodeRequest, context: grpc.ServicerContext) -> pb.DescribeNodeResponse:
        """What this node is and how it is measured."""
        message = node_message(self._latest())
        message.hostname = self._node
        message.version = __version__
        message.boot_id = self._boot_id
        message.period_seconds = self._period
        message.open_intervals = len(self._book.open_intervals())
        return message

    def _message(self, interval: Interval) -> pb.Interval:
        message = pb.Interval()
        self._put(message, interval)
        return message

    def _put(self, message: pb.Interval, interval: Interval) -> None:
        seconds = interval.duration_seconds
        if interval.status is Status.OPEN and interval.boot_id == self._boot_id:
            seconds = self._clock.monotonic() - interval.begin
        settles_in = self._book.settles_in(interval) if interval.status is Status.SETTLING else None
        put_interval(message, interval, seconds=seconds, settles_in=settles_in)
        put_footprint(message, self._rates)

    def _result(self, outcome: Interval | Exception) -> pb.RecordResult:
        if isinstance(outcome, Interval):
            return pb.RecordResult(interval=self._message(outcome))
        status, message = describe(outcome)
        return pb.RecordResult(error=pb.RecordError(code=status.value[0], message=message))


def _read_or_refuse(row: pb.RecordedInterval) -> BackDated | JoulecastError | LabelError:
    try:
        return read_row(row)
    except (JoulecastError, LabelError) as refused:
        return refused


def _warning(interval: Interval) -> str:
    """What a person who just began this interval should know, or nothing."""
    warnings = []
    if not interval.durable:
        warnings.append("the store cannot be written: this interval is kept in memory only until it can")
    meant = nearest_phase(interval.tag.phase)
    if meant is not None:
        warnings.append(f"phase {interval.tag.phase!r} is none of the named ones: did you mean {meant.value!r}?")
    return "; ".join(warnings)
