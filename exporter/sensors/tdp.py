"""CPU power from nothing but its data sheet and how busy it is: the last resort, and crude.

P = TDP x (idle share + (1 - idle share) x utilisation). A straight line through a curve that is not one: frequency
scaling, parked cores and vector units are not in it (Sanchez-Mompo et al. 2025, Sec. 5.1, name it an
over-simplification). Hence modelled, and +-50 % at best.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sensors.cpu_catalogue import part_of, watts_per_thread
from exporter.sensors.sensor import Missed, Quantity, Reading, SensorAbsent, SensorFailed, Series
from exporter.usage.cpu_time import CpuTimeReader
from exporter.usage.host import cpu_identity, cpu_sockets, is_virtual
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance

# Idle power over full power of the servers in SPECpower_ssj2008: the median of the results published from 2017 to
# 2025 is 0.20, with yearly medians of 0.14 to 0.25. They are measured at the wall; we take the same for the CPUs.
IDLE_SHARE = 0.20
KNOWN_PART_RELATIVE_ERROR = 0.5
UNKNOWN_PART_RELATIVE_ERROR = 0.75


@dataclass(frozen=True, slots=True)
class FullPower:
    """Watts at full load, and how they are known."""

    watts: float
    relative_error: float
    note: str


class TdpSensor:
    """A series for each socket; for a virtual machine, whose sockets are fiction, one for its share of the host."""

    name = "tdp"

    def __init__(self, procfs: Path, sysfs: Path, *, tdp_watts: float | None = None) -> None:
        """`tdp_watts` replaces the catalogue: watts of one socket, or of all that a virtual machine may use."""
        self._procfs = procfs
        self._sysfs = sysfs
        self._tdp_watts = tdp_watts
        self._cpu_time = CpuTimeReader(procfs)
        self._socket_of: Mapping[int, int] = {}
        self._series: dict[int, Series] = {}  # by socket

    def discover(self) -> Sequence[Series]:
        """The series by socket. Raises SensorAbsent without /proc/stat."""
        try:
            self._cpu_time.shares()  # also the baseline of the first reading
        except OSError as failure:
            raise SensorAbsent(f"{self._procfs / 'stat'}: {failure.strerror}") from failure
        if not self._series:
            sockets = cpu_sockets(self._procfs, self._sysfs)
            virtual = is_virtual(self._procfs, self._sysfs)
            self._socket_of = dict.fromkeys(sockets, 0) if virtual else sockets
            model = cpu_identity(self._procfs, self._sysfs).model
            for socket, threads in sorted(Counter(self._socket_of.values()).items()):
                full = self._full_power(model, threads, virtual=virtual)
                self._series[socket] = self._make_series(str(socket), full)
        if not self._series:
            raise SensorAbsent(f"{self._procfs / 'cpuinfo'} names no CPU")
        return tuple(self._series.values())

    def caveats(self) -> Sequence[JoulecastError]:
        """None: what there is to know is in the note of each series."""
        return ()

    def read(self, now: float) -> Iterator[Reading | Missed]:  # noqa: ARG002  the time since the last read is in /proc/stat
        """Power by the mean utilisation since the last read; nothing at the first one, or when no tick has passed."""
        try:
            shares = self._cpu_time.shares()
        except OSError as failure:
            raise SensorFailed(f"{self._procfs / 'stat'}: {failure.strerror}") from failure
        by_socket: dict[int, list[float]] = {}
        for cpu, share in shares.items():
            by_socket.setdefault(self._socket_of.get(cpu, 0), []).append(share)
        for socket, busy in by_socket.items():
            series = self._series.get(socket)
            if series is not None:
                utilization = sum(busy) / len(busy)
                yield Reading(series, watts=series.max_watts * (IDLE_SHARE + (1 - IDLE_SHARE) * utilization))

    def close(self) -> None:
        """Nothing is held open."""

    def _full_power(self, model: str, threads: int, *, virtual: bool) -> FullPower:
        name = model or "unnamed CPU"
        if self._tdp_watts is not None:
            return FullPower(self._tdp_watts, KNOWN_PART_RELATIVE_ERROR, f"{name}: {self._tdp_watts:g} W as configured")
        part = part_of(model)
        if part is None:
            per_thread, stands_for = watts_per_thread(model)
            note = f"{name}: unknown part, {per_thread:.2g} W for each of {threads} threads, {stands_for}"
            return FullPower(per_thread * threads, UNKNOWN_PART_RELATIVE_ERROR, note)
        if virtual:
            watts = part.tdp_watts * threads / part.threads
            note = f"{name}: {threads} of its {part.threads} threads, so {watts:.3g} of {part.tdp_watts:g} W"
            return FullPower(watts, KNOWN_PART_RELATIVE_ERROR, note)
        return FullPower(part.tdp_watts, KNOWN_PART_RELATIVE_ERROR, f"{name}: {part.tdp_watts:g} W a socket")

    def _make_series(self, device: str, full: FullPower) -> Series:
        return Series(
            key=SeriesKey(Component.CPU, device, "package"),
            sensor=self.name,
            provenance=Provenance.MODELLED,
            quantity=Quantity.POWER,
            source=str(self._procfs / "stat"),
            max_watts=full.watts,
            is_mean=True,
            relative_error=full.relative_error,
            note=full.note,
        )
