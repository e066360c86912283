"""What the CPUs of this machine draw at full load, by data sheet: each socket, or the share of a virtual machine."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sensors.cpu_catalogue import part_of, stand_in
from exporter.usage.host import cpu_identity, cpu_sockets, is_virtual

KNOWN_PART_RELATIVE_ERROR = 0.5
UNKNOWN_PART_RELATIVE_ERROR = 0.75


@dataclass(frozen=True, slots=True)
class FullPower:
    """Watts at full load, and how they are known: `share` of a part of `part_watts` and `part_threads`."""

    watts: float
    relative_error: float  # of power by TDP alone
    note: str
    part_watts: float
    part_threads: int
    is_known: bool = True  # the part itself, and not one that stands for it

    @property
    def share(self) -> float:
        """Of the part, that this machine sees."""
        return self.watts / self.part_watts


@dataclass(frozen=True, slots=True)
class Sockets:
    """The CPUs of a machine by socket; those of a virtual machine are one, for its sockets are fiction."""

    model: str
    socket_of: Mapping[int, int]  # by CPU
    full: Mapping[int, FullPower]  # by socket


def find_sockets(
    procfs: Path,
    sysfs: Path,
    *,
    tdp_watts: float | None = None,
    tdp_of: Callable[[str], float | None] = lambda _: None,
) -> Sockets:
    """The sockets of the machine whose /proc and /sys these are; none where /proc/cpuinfo names no CPU.

    `tdp_watts` replaces the catalogue: watts of one socket, or of all that a virtual machine may use. `tdp_of` is
    asked for parts that the catalogue does not know, of machines that see all of their CPUs.
    """
    by_cpu = cpu_sockets(procfs, sysfs)
    virtual = is_virtual(procfs, sysfs)
    socket_of = dict.fromkeys(by_cpu, 0) if virtual else by_cpu
    model = cpu_identity(procfs, sysfs).model
    full = {
        socket: _full_power(model, threads, virtual=virtual, tdp_watts=tdp_watts, tdp_of=tdp_of)
        for socket, threads in sorted(Counter(socket_of.values()).items())
    }
    return Sockets(model, socket_of, full)


def utilization_by_socket(sockets: Sockets, shares: Mapping[int, float]) -> dict[int, float]:
    """The mean busy share of each socket's CPUs, of those known."""
    busy: dict[int, list[float]] = {}
    for cpu, share in shares.items():
        busy.setdefault(sockets.socket_of.get(cpu, 0), []).append(share)
    return {socket: mean(each) for socket, each in busy.items() if socket in sockets.full}


def mean(values: Sequence[float]) -> float:
    """Of one or more values."""
    return sum(values) / len(values)


def _full_power(
    model: str, threads: int, *, virtual: bool, tdp_watts: float | None, tdp_of: Callable[[str], float | None]
) -> FullPower:
    name = model or "unnamed CPU"
    if tdp_watts is not None:
        return FullPower(
            tdp_watts, KNOWN_PART_RELATIVE_ERROR, f"{name}: {tdp_watts:g} W as configured", tdp_watts, threads
        )
    part = part_of(model)
    if part is not None and virtual:
        watts = part.tdp_watts * threads / part.threads
        note = f"{name}: {threads} of its {part.threads} threads, so {watts:.3g} of {part.tdp_watts:g} W"
        return FullPower(watts, KNOWN_PART_RELATIVE_ERROR, note, part.tdp_watts, part.threads)
    known = part.tdp_watts if part is not None else None if virtual else tdp_of(model)
    if known is not None:
        part_threads = threads if part is None else part.threads
        return FullPower(known, KNOWN_PART_RELATIVE_ERROR, f"{name}: {known:g} W a socket", known, part_threads)
    typical, stands_for = stand_in(model)
    per_thread = typical.tdp_watts / typical.threads
    note = f"{name}: unknown part, {per_thread:.2g} W for each of {threads} threads, {stands_for}"
    return FullPower(
        per_thread * threads, UNKNOWN_PART_RELATIVE_ERROR, note, typical.tdp_watts, typical.threads, is_known=False
    )
