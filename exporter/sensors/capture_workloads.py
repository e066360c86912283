"""Who used a captured machine: its workloads by name, and their CPU time and processes on GPUs at each moment.

A capture need not tell. Where it does, its header lists workloads and a moment says what they had used by then:

    header  "workloads": [{"manager": ..., "pod_uid": ..., "container_id": ..., "unit": ...,
                           "namespace": ..., "pod": ..., "container": ...,
                           "cpu_request": ..., "memory_request_bytes": ..., "gpus": [GPU index, ...]}, ...]
    moment  "w": [CPU seconds of all, [CPU seconds of each workload], [[GPU index, utilisation,
                  [[workload index, utilisation], ...]], ...]]

CPU seconds are cumulative; a GPU's index is its place in the header's list.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from exporter.usage.evidence import CgroupIdentity, ContainerName
from exporter.usage.manager import Manager


@dataclass(frozen=True, slots=True)
class CapturedWorkload:
    """One container or service; `gpus` are those it was given."""

    identity: CgroupIdentity
    name: ContainerName | None = None
    gpus: tuple[int, ...] = ()


class CapturedGpuUse(NamedTuple):
    """One GPU over the last moments: how busy it was, and by which workloads."""

    gpu: int
    utilization: float
    workloads: tuple[tuple[int, float], ...]


class CapturedUse(NamedTuple):
    """What everybody had used by one moment."""

    busy_seconds: float
    cpu_seconds: tuple[float, ...]  # one for each workload of the header
    gpus: tuple[CapturedGpuUse, ...]


def workload_to_json(workload: CapturedWorkload) -> dict[str, Any]:
    """An entry of the header."""
    identity, name = workload.identity, workload.name
    entry: dict[str, Any] = {
        "manager": identity.manager.value,
        "pod_uid": identity.pod_uid,
        "container_id": identity.container_id,
        "unit": identity.unit,
        "gpus": list(workload.gpus),
    }
    if name is not None:
        entry |= {"namespace": name.namespace, "pod": name.pod, "container": name.container}
        entry |= {"cpu_request": name.cpu_request, "memory_request_bytes": name.memory_request_bytes}
    return entry


def workload_from_json(entry: Mapping[str, Any], gpus: int) -> CapturedWorkload:
    """A workload of a header of so many GPUs. Raises ValueError, TypeError or KeyError."""
    texts = (str(entry.get(field, "")) for field in ("pod_uid", "container_id", "unit"))
    name = None
    if "pod" in entry:
        requests = (_optional(entry.get(field)) for field in ("cpu_request", "memory_request_bytes"))
        name = ContainerName(str(entry["namespace"]), str(entry["pod"]), str(entry["container"]), *requests)
    held = tuple(_index(gpu, gpus, "GPU") for gpu in entry.get("gpus", ()))
    return CapturedWorkload(CgroupIdentity(Manager(entry["manager"]), *texts), name, held)


def use_to_json(use: CapturedUse) -> list[Any]:
    """The part `w` of a moment."""
    gpus = [[one.gpu, one.utilization, [list(part) for part in one.workloads]] for one in use.gpus]
    return [use.busy_seconds, list(use.cpu_seconds), gpus]


def use_from_json(entry: Sequence[Any], workloads: int, gpus: int) -> CapturedUse:
    """The use of a moment, under a header of so many workloads and GPUs. Raises ValueError or TypeError."""
    busy_seconds, cpu_seconds, shares = entry
    if len(cpu_seconds) != workloads:
        raise ValueError(f"{len(cpu_seconds)} CPU times for {workloads} workloads")
    return CapturedUse(
        _amount(busy_seconds),
        tuple(_amount(seconds) for seconds in cpu_seconds),
        tuple(
            CapturedGpuUse(
                _index(gpu, gpus, "GPU"),
                _amount(utilization),
                tuple((_index(number, workloads, "workload"), _amount(share)) for number, share in parts),
            )
            for gpu, utilization, parts in shares
        ),
    )


def _index(value: Any, count: int, what: str) -> int:
    if not (isinstance(value, int) and not isinstance(value, bool) and 0 <= value < count):
        raise ValueError(f"there is no {what} number {value}")
    return value


def _optional(value: Any) -> float | None:
    return None if value is None else _amount(value)


def _amount(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value) or value < 0:
        raise ValueError(f"{value!r} is no amount")
    return float(value)
