"""The client's words and the wire's messages, each turned into the other here and nowhere else."""

from collections.abc import Iterable, Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from joulecast.client.caller import own_cgroups
from joulecast.client.result import (
    UNKNOWN,
    ChargedJoules,
    ContainerJoules,
    DeviceJoules,
    GpuUsage,
    Joules,
    Result,
    Usage,
    WorkloadEstimate,
)
from joulecast.client.tag import Tag
from joulecast.clock import Moment, boot_id
from joulecast.component import Component
from joulecast.footprint.footprint import NO_FOOTPRINT, Footprint
from joulecast.provenance import Provenance
from joulecast.v1 import energy_pb2 as pb

COMPONENTS = {
    pb.COMPONENT_CPU: Component.CPU,
    pb.COMPONENT_DRAM: Component.DRAM,
    pb.COMPONENT_GPU: Component.GPU,
    pb.COMPONENT_PLATFORM: Component.PLATFORM,
}
PROVENANCES = {
    pb.PROVENANCE_MEASURED: Provenance.MEASURED,
    pb.PROVENANCE_INTEGRATED: Provenance.INTEGRATED,
    pb.PROVENANCE_MODELLED: Provenance.MODELLED,
    pb.PROVENANCE_PREDICTED: Provenance.PREDICTED,
}
STATUSES = {
    pb.INTERVAL_STATUS_OPEN: "open",
    pb.INTERVAL_STATUS_SETTLING: "settling",
    pb.INTERVAL_STATUS_FINISHED: "finished",
    pb.INTERVAL_STATUS_TRUNCATED: "truncated",
}


def begin_request(request_id: str, tag: Tag, at: Moment, lease: float) -> pb.BeginIntervalRequest:
    """What opens an interval, and what renews its lease. Setting fields costs half of passing them all."""
    request = pb.BeginIntervalRequest()
    request.request_id = request_id
    request.name = tag.name
    request.job = tag.job
    request.phase = tag.phase
    labels = request.labels
    for key, value in tag.labels.items():  # a map's own `update` is Python's, and asks what a mapping is
        labels[key] = value
    if tag.gpus is not None:
        request.gpus.gpus[:] = tag.gpus
        request.gpus.SetInParent()
    if tag.container:
        request.caller.CopyFrom(_caller())
    _put_seconds(request.lease, lease)
    _put_instant(request.at, at)
    return request


def end_request(request_id: str, counts: Mapping[str, float], at: Moment) -> pb.EndIntervalRequest:
    """What closes an interval, by the id its workload chose: that one is known even if the begin was never answered."""
    request = pb.EndIntervalRequest()
    request.request_id = request_id
    if counts:
        request.counts.update(counts)
    _put_instant(request.at, at)
    return request


def recorded_interval(
    request_id: str, tag: Tag, begin: Moment, end: Moment, counts: Mapping[str, float]
) -> pb.RecordedInterval:
    """An interval that is already over, one row of a batch."""
    return pb.RecordedInterval(
        request_id=request_id,
        name=tag.name,
        job=tag.job,
        phase=tag.phase,
        labels=tag.labels,
        gpus=_selection(tag),
        begin=instant(begin),
        end=instant(end),
        counts=counts,
        caller=_caller() if tag.container else None,
    )


def record_request(rows: Iterable[pb.RecordedInterval], sent: Moment) -> pb.RecordIntervalsRequest:
    """A batch of intervals that are over."""
    return pb.RecordIntervalsRequest(intervals=rows, sent=instant(sent))


def instant(moment: Moment) -> pb.Instant:
    """A moment on the wire, both of its clocks in full."""
    message = pb.Instant()
    _put_instant(message, moment)
    return message


def timestamp(wall: float) -> Timestamp:
    """Seconds since the epoch on the wire."""
    message = Timestamp()
    _put_seconds(message, wall)
    return message


def duration(seconds: float) -> Duration:
    """A length of time on the wire."""
    message = Duration()
    _put_seconds(message, seconds)
    return message


def _put_instant(message: pb.Instant, moment: Moment) -> None:
    wall = message.wall
    wall.seconds, wall.nanos = divmod(round(moment.wall * 1e9), 1_000_000_000)
    message.monotonic_ns = round(moment.monotonic * 1e9)
    message.boot_id = moment.boot_id


def _put_seconds(message: Timestamp | Duration, seconds: float) -> None:
    message.seconds, message.nanos = divmod(round(seconds * 1e9), 1_000_000_000)


def seconds_of(value: Timestamp | Duration) -> float:
    """Either of protobuf's times as plain seconds."""
    return value.seconds + value.nanos * 1e-9


def result_of(interval: pb.Interval) -> Result:
    """An interval as its workload reads it."""
    return Result(
        interval_id=interval.interval_id,
        request_id=interval.request_id,
        name=interval.name,
        job=interval.job,
        phase=interval.phase,
        labels=dict(interval.labels),
        gpus=tuple(interval.gpus.gpus) if interval.HasField("gpus") else None,
        status=STATUSES.get(interval.status, "unknown"),
        begin_time=seconds_of(interval.begin_time) if interval.HasField("begin_time") else None,
        end_time=seconds_of(interval.end_time) if interval.HasField("end_time") else None,
        duration_seconds=interval.duration_seconds,
        settles_in=seconds_of(interval.settles_in),
        counts=dict(interval.counts),
        energy=joules_of(interval.node) if interval.HasField("node") else UNKNOWN,
        # A newer exporter may know components this client does not: they are left out, not guessed.
        components={
            COMPONENTS[part.component].value: joules_of(part.energy)
            for part in interval.components
            if part.component in COMPONENTS
        },
        devices=tuple(_device(part) for part in interval.devices if part.component in COMPONENTS),
        usage=_usage(interval.usage),
        notes=tuple(interval.notes),
        durable=interval.durable,
        footprint=_footprint(interval.footprint) if interval.HasField("footprint") else NO_FOOTPRINT,
        container=_container(interval.container) if interval.HasField("container") else None,
        estimate=_estimate(interval.estimate) if interval.HasField("estimate") else None,
    )


def joules_of(energy: pb.Energy) -> Joules:
    """One account of energy. Where gross is absent nothing is known of it, so its error bar is absent too."""
    known = energy.HasField("gross_joules")
    return Joules(
        gross_joules=energy.gross_joules if known else None,
        idle_joules=energy.idle_joules if energy.HasField("idle_joules") else None,
        net_joules=energy.net_joules if energy.HasField("net_joules") else None,
        uncertainty_joules=energy.uncertainty_joules if known else None,
        calibration_uncertainty_joules=energy.calibration_uncertainty_joules if known else None,
        idle_uncertainty_joules=energy.idle_uncertainty_joules if energy.HasField("idle_uncertainty_joules") else None,
        coverage=energy.coverage,
        provenance=PROVENANCES.get(energy.provenance),
        mean_watts=energy.mean_watts if known else None,
        below_resolution=energy.below_resolution,
    )


def _footprint(footprint: pb.Footprint) -> Footprint:
    # The message has the names of the value; what it does not set, or a newer exporter adds, is left out.
    told = {field.name: value for field, value in footprint.ListFields() if field.name in Footprint.__slots__}
    return Footprint(**{**told, "notes": tuple(footprint.notes)})


def _estimate(estimate: pb.WorkloadEstimate) -> WorkloadEstimate:
    return WorkloadEstimate(
        model=estimate.model,
        version=estimate.version,
        scope=estimate.scope,
        joules=estimate.joules,
        p10_joules=estimate.p10_joules,
        p90_joules=estimate.p90_joules,
        in_domain=estimate.in_domain,
        departures=tuple(estimate.departures),
        notes=tuple(estimate.notes),
    )


def _caller() -> pb.Caller:
    return pb.Caller(
        cgroups=[pb.CallerCgroup(version=seen.version, path=seen.path, inode=seen.inode) for seen in own_cgroups()],
        boot_id=boot_id(),
    )


def _container(share: pb.ContainerShare) -> ContainerJoules:
    known = share.HasField("gross_joules")
    return ContainerJoules(
        manager=share.manager,
        namespace=share.namespace,
        pod=share.pod,
        container=share.container,
        unit=share.unit,
        gross_joules=share.gross_joules if known else None,
        uncertainty_joules=share.uncertainty_joules if known else None,
        calibration_uncertainty_joules=share.calibration_uncertainty_joules if known else None,
        coverage=share.coverage,
        components={
            COMPONENTS[part.component].value: _charged(part)
            for part in share.components
            if part.component in COMPONENTS
        },
        notes=tuple(share.notes),
    )


def _charged(part: pb.ContainerComponent) -> ChargedJoules:
    known = part.HasField("gross_joules")
    return ChargedJoules(
        gross_joules=part.gross_joules if known else None,
        uncertainty_joules=part.uncertainty_joules if known else None,
        calibration_uncertainty_joules=part.calibration_uncertainty_joules if known else None,
        coverage=part.coverage,
        methods=tuple(part.methods),
    )


def _selection(tag: Tag) -> pb.GpuSelection | None:
    return None if tag.gpus is None else pb.GpuSelection(gpus=tag.gpus)


def _device(part: pb.DeviceEnergy) -> DeviceJoules:
    return DeviceJoules(
        COMPONENTS[part.component], part.device, part.zone, part.counted, part.sensor, joules_of(part.energy)
    )


def _usage(usage: pb.Usage) -> Usage:
    return Usage(
        usage.cpu_utilization_ratio if usage.HasField("cpu_utilization_ratio") else None,
        usage.memory_utilization_ratio if usage.HasField("memory_utilization_ratio") else None,
        tuple(_gpu_usage(gpu) for gpu in usage.gpus),
    )


def _gpu_usage(gpu: pb.GpuUsage) -> GpuUsage:
    return GpuUsage(
        gpu.uuid,
        gpu.utilization_ratio if gpu.HasField("utilization_ratio") else None,
        gpu.memory_utilization_ratio if gpu.HasField("memory_utilization_ratio") else None,
        gpu.temperature_celsius if gpu.HasField("temperature_celsius") else None,
        gpu.sm_clock_hertz if gpu.HasField("sm_clock_hertz") else None,
    )
