"""Mean usage over an interval, from the tracks of the gauges."""

from exporter.intervals.interval import GpuUsage, Usage
from exporter.metering.usage_tracks import UsageTracks
from exporter.usage.source import Gauge


def mean_usage(tracks: UsageTracks, begin: float, end: float, gpus: tuple[str, ...] | None) -> Usage:
    """Means over [begin, end] for the host and every GPU in scope; what was not observed is None."""
    used = [uuid for uuid in tracks.devices(Gauge.GPU_UTILIZATION) if gpus is None or uuid in gpus]
    return Usage(
        cpu_utilization_ratio=tracks.mean(Gauge.CPU_UTILIZATION, begin, end),
        memory_utilization_ratio=tracks.mean(Gauge.MEMORY_UTILIZATION, begin, end),
        gpus=[_gpu(tracks, uuid, begin, end) for uuid in used],
    )


def _gpu(tracks: UsageTracks, uuid: str, begin: float, end: float) -> GpuUsage:
    used = tracks.mean(Gauge.GPU_MEMORY_USED, begin, end, device=uuid)
    total = tracks.mean(Gauge.GPU_MEMORY_TOTAL, begin, end, device=uuid)
    return GpuUsage(
        uuid,
        utilization_ratio=tracks.mean(Gauge.GPU_UTILIZATION, begin, end, device=uuid),
        memory_utilization_ratio=used / total if used is not None and total else None,
        temperature_celsius=tracks.mean(Gauge.TEMPERATURE, begin, end, component="gpu", device=uuid),
        sm_clock_hertz=tracks.mean(Gauge.GPU_SM_CLOCK, begin, end, device=uuid),
    )
