"""The node on the wire: its power now, its idle baseline, its sensors and devices."""

from collections.abc import Mapping

from exporter.metering.snapshot import IdleState, SeriesState, Snapshot
from exporter.rpc.messages import COMPONENTS, PROVENANCES, timestamp
from exporter.sensors.nvml.gpu import Gpu
from joulecast.component import SeriesKey
from joulecast.v1 import energy_pb2 as pb


def power_message(snapshot: Snapshot) -> pb.WatchPowerResponse:
    """The power of every device that shows any; one that shows none is left out, not zero."""
    return pb.WatchPowerResponse(
        time=timestamp(snapshot.wall),
        node_watts=snapshot.node_watts,
        provenance=PROVENANCES[snapshot.node_provenance],
        devices=[
            pb.DevicePower(
                component=COMPONENTS[state.series.key.component],
                device=state.series.key.device,
                zone=state.series.key.zone,
                provenance=PROVENANCES[state.series.provenance],
                watts=state.watts,
                counted=state.counted,
            )
            for state in snapshot.series
            if state.watts is not None
        ],
    )


def idle_messages(idle: Mapping[SeriesKey, IdleState]) -> list[pb.IdlePower]:
    """The idle baseline of each series that has one."""
    return [
        pb.IdlePower(
            component=COMPONENTS[key.component],
            device=key.device,
            zone=key.zone,
            watts=state.watts,
            spread_watts=state.spread_watts,
            source=state.source,
            seconds=state.seconds,
            measured_at=timestamp(state.measured_wall),
        )
        for key, state in idle.items()
    ]


def node_message(snapshot: Snapshot) -> pb.DescribeNodeResponse:
    """Sensors, series, devices and baselines: what a snapshot knows of its node."""
    return pb.DescribeNodeResponse(
        sensors=[
            pb.SensorDescription(
                sensor=sensor.sensor, status=sensor.status, message=sensor.message, remedy=sensor.remedy
            )
            for sensor in snapshot.sensors
        ],
        series=[_series_message(state) for state in snapshot.series],
        gpus=[_gpu_message(gpu) for gpu in snapshot.gpus],
        idle=idle_messages(snapshot.idle),
    )


def _series_message(state: SeriesState) -> pb.SeriesDescription:
    series = state.series
    return pb.SeriesDescription(
        component=COMPONENTS[series.key.component],
        device=series.key.device,
        zone=series.key.zone,
        sensor=series.sensor,
        provenance=PROVENANCES[series.provenance],
        counted=state.counted,
        reason=state.reason,
        source=series.source,
        update_seconds=series.update_seconds,
        resolution_joules=series.resolution_joules,
        relative_error=series.relative_error,
    )


def _gpu_message(gpu: Gpu) -> pb.GpuDescription:
    return pb.GpuDescription(
        uuid=gpu.uuid,
        index=gpu.index,
        model=gpu.model,
        driver=gpu.driver,
        memory_bytes=gpu.memory_bytes,
        power_limit_watts=gpu.power_limit_watts,
    )
