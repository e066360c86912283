"""From the house's words to the wire's messages; what is not known stays an unset field."""

from collections.abc import Iterable

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from exporter.intervals.interval import Account, ContainerShare, DeviceEnergy, Energy, GpuUsage, Interval, Status, Usage
from joulecast.component import Component
from joulecast.provenance import Provenance
from joulecast.v1 import energy_pb2 as pb

COMPONENTS = {
    Component.CPU: pb.COMPONENT_CPU,
    Component.DRAM: pb.COMPONENT_DRAM,
    Component.GPU: pb.COMPONENT_GPU,
    Component.PLATFORM: pb.COMPONENT_PLATFORM,
}
PROVENANCES = {
    None: pb.PROVENANCE_UNSPECIFIED,
    Provenance.MEASURED: pb.PROVENANCE_MEASURED,
    Provenance.INTEGRATED: pb.PROVENANCE_INTEGRATED,
    Provenance.MODELLED: pb.PROVENANCE_MODELLED,
    Provenance.PREDICTED: pb.PROVENANCE_PREDICTED,
}
STATUSES = {
    Status.OPEN: pb.INTERVAL_STATUS_OPEN,
    Status.SETTLING: pb.INTERVAL_STATUS_SETTLING,
    Status.FINISHED: pb.INTERVAL_STATUS_FINISHED,
    Status.TRUNCATED: pb.INTERVAL_STATUS_TRUNCATED,
}


def timestamp(wall: float) -> Timestamp:
    """Seconds since the epoch on the wire."""
    message = Timestamp()
    put_seconds(message, wall)
    return message


def put_seconds(message: Timestamp | Duration, seconds: float) -> None:
    """Seconds into either of protobuf's times."""
    message.seconds, message.nanos = divmod(round(seconds * 1e9), 1_000_000_000)


def put_interval(
    message: pb.Interval, interval: Interval, *, seconds: float | None, settles_in: float | None = None
) -> None:
    """An interval as it stands, into an empty message: to set its fields costs a third of passing them all.

    `seconds` is its length, so far if it is open, or None if that is not known.
    """
    tag, account = interval.tag, interval.account
    message.interval_id = interval.interval_id
    message.request_id = tag.request_id
    message.name = tag.name
    message.job = tag.job
    message.phase = tag.phase
    labels = message.labels
    for key, value in tag.labels.items():  # a map's own `update` is Python's, and asks what a mapping is
        labels[key] = value
    if tag.gpus is not None:
        message.gpus.gpus[:] = tag.gpus
        message.gpus.SetInParent()
    message.status = STATUSES[interval.status]
    put_seconds(message.begin_time, interval.begin_wall)
    if interval.end_wall is not None:
        put_seconds(message.end_time, interval.end_wall)
    if seconds is not None:
        message.duration_seconds = seconds
    if settles_in is not None:
        put_seconds(message.settles_in, settles_in)
    if interval.counts:
        message.counts.update(interval.counts)
    if interval.notes:
        message.notes.extend(interval.notes)
    message.durable = interval.durable
    if account is not None:
        _add_account(message, account, seconds)


def _add_account(message: pb.Interval, account: Account, seconds: float | None) -> None:
    message.node.CopyFrom(_energy_message(account.node, seconds))
    message.components.extend(
        pb.ComponentEnergy(component=COMPONENTS[component], energy=_energy_message(energy, seconds))
        for component, energy in account.components.items()
    )
    message.devices.extend(_device_message(device, seconds) for device in account.devices)
    message.usage.CopyFrom(_usage_message(account.usage))
    message.notes.extend(account.notes)
    if account.container is not None:
        message.container.CopyFrom(_share_message(account.container))


def _share_message(share: ContainerShare) -> pb.ContainerShare:
    workload = share.workload
    message = pb.ContainerShare(
        gross_joules=share.gross_joules,
        uncertainty_joules=share.uncertainty_joules,
        calibration_uncertainty_joules=share.calibration_uncertainty_joules,
        coverage=share.coverage,
        components=[
            pb.ContainerComponent(component=COMPONENTS[component], **energy._asdict())
            for component, energy in share.components.items()
        ],
        notes=share.notes,
    )
    if workload is not None:
        message.manager = workload.manager.value
        message.namespace, message.pod = workload.namespace, workload.pod
        message.container, message.unit = workload.container, workload.unit
    return message


def _energy_message(energy: Energy, seconds: float | None) -> pb.Energy:
    return pb.Energy(
        gross_joules=energy.gross_joules,
        idle_joules=energy.idle_joules,
        net_joules=energy.net_joules,
        uncertainty_joules=energy.uncertainty_joules,
        calibration_uncertainty_joules=energy.calibration_uncertainty_joules,
        coverage=energy.coverage,
        provenance=PROVENANCES[energy.provenance],
        # Over the whole duration, so that watts times seconds are the joules beside them, whatever the coverage.
        mean_watts=energy.gross_joules / seconds if energy.gross_joules is not None and seconds else None,
        below_resolution=energy.below_resolution,
        idle_uncertainty_joules=energy.idle_uncertainty_joules,
    )


def _device_message(device: DeviceEnergy, seconds: float | None) -> pb.DeviceEnergy:
    return pb.DeviceEnergy(
        component=COMPONENTS[device.key.component],
        device=device.key.device,
        zone=device.key.zone,
        counted=device.counted,
        energy=_energy_message(device.energy, seconds),
        sensor=device.sensor,
    )


def _usage_message(usage: Usage) -> pb.Usage:
    return pb.Usage(
        cpu_utilization_ratio=usage.cpu_utilization_ratio,
        memory_utilization_ratio=usage.memory_utilization_ratio,
        gpus=_gpu_messages(usage.gpus),
    )


def _gpu_messages(gpus: Iterable[GpuUsage]) -> list[pb.GpuUsage]:
    return [
        pb.GpuUsage(
            uuid=gpu.uuid,
            utilization_ratio=gpu.utilization_ratio,
            memory_utilization_ratio=gpu.memory_utilization_ratio,
            temperature_celsius=gpu.temperature_celsius,
            sm_clock_hertz=gpu.sm_clock_hertz,
        )
        for gpu in gpus
    ]
