"""The workload model's estimate beside an interval's account: made when it is asked for, and kept nowhere."""

from collections.abc import Sequence
from statistics import fmean

from exporter.intervals.interval import Interval, Status
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.predicted import workload_estimate
from joulecast.errors import JoulecastError
from joulecast.phase import Phase
from joulecast.v1 import energy_pb2 as pb

# The labels without which no model can be asked: a look at them costs nothing, and few intervals have them.
_SIZES = frozenset({"parameters", "parameters_total", "macs"})


def put_estimate(message: pb.Interval, interval: Interval, gpus: Sequence[Gpu]) -> None:
    """Add the estimate of a finished interval whose workload described itself; `gpus` are the node's.

    Nothing where too little was told; characteristics that cannot be are a note.
    """
    seconds = interval.duration_seconds
    if interval.status is not Status.FINISHED or not seconds or not interval.counts:
        return
    tag = interval.tag
    if _SIZES.isdisjoint(tag.labels) or tag.phase not in ("", Phase.INFERENCE):
        return
    usage = interval.account.usage if interval.account is not None else None
    busy = [gpu.utilization_ratio for gpu in usage.gpus if gpu.utilization_ratio is not None] if usage else []
    try:
        found = workload_estimate(
            tag.labels,
            interval.counts,
            seconds,
            gpus=[gpu.model for gpu in gpus if tag.gpus is None or gpu.uuid in tag.gpus],
            cpu_utilization_ratio=usage.cpu_utilization_ratio if usage else None,
            gpu_utilization_ratio=fmean(busy) if busy else None,
        )
    except JoulecastError as problem:
        message.notes.append(f"no model estimate: {problem}")
        return
    if found is None:
        return
    estimate = message.estimate
    estimate.model, estimate.version, estimate.scope = found.model, found.version, found.scope
    estimate.joules, estimate.p10_joules, estimate.p90_joules = found.joules, found.p10_joules, found.p90_joules
    estimate.in_domain = not found.departures
    estimate.departures.extend(found.departures)
    estimate.notes.extend(found.notes)
