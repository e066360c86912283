"""Who is behind what one GPU did between two looks: by its processes, its slices, or who was given it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from exporter.attribution.line import Consumer
from exporter.usage.evidence import GpuProcess, GpuUse


class GpuMethod(StrEnum):
    """How the energy of a GPU is split; a label of the metrics."""

    PROCESS_UTILIZATION = "process_utilization"
    EQUAL_SHARES = "equal_shares"
    SLICES = "slices"
    HOLDER = "holder"
    NONE = "none"


Part = tuple[Consumer, float]
Owner = Callable[[int], Consumer | None]
Held = Mapping[str, Sequence[Consumer]]


@dataclass(frozen=True, slots=True)
class GpuDivision:
    """Parts of one GPU; each kind adds up to 1 at most, and what is missing is nobody's."""

    method: GpuMethod
    activity: float | None  # share of the GPU that was in use; None if nobody tells
    active: Sequence[Part] = ()  # of its energy above idle
    held: Sequence[Part] = ()  # of the GPU itself, by who was given it
    idle_held: Sequence[Part] = ()  # of `held`, what nothing ran on


def divide(use: GpuUse, owner: Owner, held: Held) -> GpuDivision:
    """Divide one GPU. `owner` places a process, or does not; `held` is who was given it, or its slices, by UUID."""
    if use.slices:
        return _divide_slices(use, owner, held)
    parts = _equally(held.get(use.uuid, ()), 1.0)
    method, active = _by_processes(use.processes, owner, 1.0, is_active=bool(use.utilization))
    told = sum(process.utilization or 0.0 for process in use.processes)
    activity = use.utilization
    if told > 0 and not activity:
        activity = min(1.0, told)
    if not use.processes:
        method = _holding(parts)
        active = parts
    return GpuDivision(method, activity, active, parts, parts if activity == 0 else ())


def _divide_slices(use: GpuUse, owner: Owner, held: Held) -> GpuDivision:
    """Energy above idle is made by the slices in which something runs, each in proportion to its size.

    The driver does not tell how busy a slice is. Where it shows no process at all, every slice stands for its holder.
    """
    whole = max(1.0, sum(piece.share for piece in use.slices))
    running = [piece for piece in use.slices if any(_runs(process) for process in piece.processes)]
    parts: list[Part] = []
    idle: list[Part] = []
    for piece in use.slices:
        mine = _equally(held.get(piece.uuid, ()), piece.share / whole)
        parts += mine
        if piece not in running:
            idle += mine
    if not running:
        if not parts:
            parts = idle = list(_equally(held.get(use.uuid, ()), 1.0))
        method = GpuMethod.SLICES if parts else GpuMethod.NONE
        return GpuDivision(method, use.utilization, parts, parts, idle)
    total = sum(piece.share for piece in running)
    active: list[Part] = []
    for piece in running:
        active += _by_processes(piece.processes, owner, piece.share / total, is_active=True)[1]
    activity = min(1.0, total / whole) if use.utilization is None else use.utilization
    return GpuDivision(GpuMethod.SLICES, activity, active, parts, idle)


def _by_processes(
    processes: Sequence[GpuProcess], owner: Owner, whole: float, *, is_active: bool
) -> tuple[GpuMethod, Sequence[Part]]:
    """By utilisation where the driver tells any, else equally among those that may have run."""
    told = sum(process.utilization or 0.0 for process in processes)
    if told > 0:
        weights = [(process.pid, (process.utilization or 0.0) / told) for process in processes]
        return GpuMethod.PROCESS_UTILIZATION, list(_placed(weights, owner, whole))
    silent = [process for process in processes if process.utilization is None]
    if not silent and is_active:
        silent = list(processes)  # the GPU was in use, and by nobody else
    if not silent:
        return GpuMethod.PROCESS_UTILIZATION, ()
    return GpuMethod.EQUAL_SHARES, list(_placed([(process.pid, 1 / len(silent)) for process in silent], owner, whole))


def _placed(weights: Sequence[tuple[int, float]], owner: Owner, whole: float) -> Iterator[Part]:
    for pid, weight in weights:
        consumer = owner(pid)
        if consumer is not None and weight > 0:
            yield consumer, weight * whole


def _equally(consumers: Sequence[Consumer], whole: float) -> Sequence[Part]:
    return [(consumer, whole / len(consumers)) for consumer in consumers]


def _holding(parts: Sequence[Part]) -> GpuMethod:
    if not parts:
        return GpuMethod.NONE
    return GpuMethod.HOLDER if len(parts) == 1 else GpuMethod.EQUAL_SHARES


def _runs(process: GpuProcess) -> bool:
    return process.utilization is None or process.utilization > 0
