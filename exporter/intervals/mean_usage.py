"""Mean usage over an interval, from the tracks of the gauges."""

from exporter.intervals.interval import GpuUsage, Usage
from exporter.metering.usage_tracks import UsageTracks
from exporter.usage.source import Gauge

Scope = tuple[str, ...] | None  # UUIDs; None is all of the node's
_MOST_SHARED = 16


class UsageMeans:
    """Means over intervals. All that lie between the same two reads of the gauges share one `Usage`."""

    def __init__(self, tracks: UsageTracks) -> None:
        self._tracks = tracks
        self._shared: dict[tuple[tuple[float, float], Scope], Usage] = {}

    def over(self, begin: float, end: float, gpus: Scope) -> Usage:
        """What `mean_usage` finds."""
        step = self._tracks.step_around(begin, end)
        if step is None or begin == end:
            return mean_usage(self._tracks, begin, end, gpus)
        usage = self._shared.get((step, gpus))
        if usage is None:
            if len(self._shared) >= _MOST_SHARED:
                self._shared.clear()
            usage = self._shared[step, gpus] = mean_usage(self._tracks, *step, gpus)
        return usage


def mean_usage(tracks: UsageTracks, begin: float, end: float, gpus: Scope) -> Usage:
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
