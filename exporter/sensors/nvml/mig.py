"""GPUs that MIG has split: which instances a board has now, and how large a part of it each one is."""

from dataclasses import dataclass

from exporter.sensors.nvml.handle import NvmlHandle
from exporter.sensors.nvml.refusal import RefusedError

_MOST_SLICES = 8  # NVML_COMPUTE_INSTANCE_PROFILE_8_SLICE is the largest there is, and a whole board


@dataclass(frozen=True, slots=True)
class Instance:
    """One MIG instance. It has no meter of its own: its energy is a part of its board's."""

    uuid: str
    share: float | None  # of the board's compute, 0..1; None where the driver does not tell the size
    handle: NvmlHandle


def is_split(gpu: NvmlHandle) -> bool:
    """Whether MIG is on; raises RefusedError, "not_supported" by a board or driver that cannot split."""
    return bool(gpu.ask("nvmlDeviceGetMigMode")[0])


def instances(gpu: NvmlHandle) -> list[Instance]:
    """The instances of a board that is split, as they are at this moment; raises RefusedError.

    The share is the instance's compute slices over those of the board, seven on an A100 or H100 and four on an A30:
    the "fraction of SMs" of NVIDIA's MIG user guide, "Supported MIG Profiles". Counting multiprocessors instead would
    lose a part: seven 1g instances of an H100 have 112 of the 132 that its 7g instance has, yet nothing is left over.
    Shares add up to 1 on a board that is all given out, and never to more.
    """
    places = int(gpu.ask("nvmlDeviceGetMaxMigDeviceCount"))
    found = [instance for place in range(places) if (instance := _at(gpu, place, places)) is not None]
    excess = max(1.0, sum(instance.share or 0.0 for instance in found))
    if excess == 1.0:
        return found
    return [Instance(each.uuid, each.share and each.share / excess, each.handle) for each in found]


def _at(gpu: NvmlHandle, place: int, places: int) -> Instance | None:
    try:
        handle = gpu.instance(place)
        return Instance(str(handle.ask("nvmlDeviceGetUUID")), _share(handle, places), handle)
    except RefusedError as refusal:
        if refusal.reason in {"lost", "driver", "timeout"}:
            raise
        return None  # an empty place between two instances, or one that goes just now


def _share(handle: NvmlHandle, places: int) -> float | None:
    try:
        slices = int(handle.ask("nvmlDeviceGetAttributes_v2").computeInstanceSliceCount)
    except RefusedError as refusal:
        if refusal.reason in {"lost", "driver", "timeout"}:
            raise
        return None
    return min(1.0, slices / places) if 0 < slices <= _MOST_SLICES else None
