"""CPU power from nothing but its data sheet and how busy it is: the last resort, and crude.

P = TDP x (idle share + (1 - idle share) x utilisation). A straight line through a curve that is not one: frequency
scaling, parked cores and vector units are not in it (Sanchez-Mompo et al. 2025, Sec. 5.1, name it an
over-simplification). Hence modelled, and +-50 % at best.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from exporter.sensors.full_power import FullPower, Sockets, find_sockets, utilization_by_socket
from exporter.sensors.sensor import Missed, Quantity, Reading, SensorAbsent, SensorFailed, Series
from exporter.usage.cpu_time import CpuTimeReader
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance

# Idle power over full power of the servers in SPECpower_ssj2008: the median of the results published from 2017 to
# 2025 is 0.20, with yearly medians of 0.14 to 0.25. They are measured at the wall; we take the same for the CPUs.
IDLE_SHARE = 0.20


class TdpSensor:
    """A series for each socket; for a virtual machine, whose sockets are fiction, one for its share of the host."""

    name = "tdp"

    def __init__(self, procfs: Path, sysfs: Path, *, tdp_watts: float | None = None) -> None:
        """`tdp_watts` replaces the catalogue: watts of one socket, or of all that a virtual machine may use."""
        self._procfs = procfs
        self._sysfs = sysfs
        self._tdp_watts = tdp_watts
        self._cpu_time = CpuTimeReader(procfs)
        self._sockets = Sockets("", {}, {})
        self._series: dict[int, Series] = {}  # by socket

    def discover(self) -> Sequence[Series]:
        """The series by socket. Raises SensorAbsent without /proc/stat."""
        try:
            self._cpu_time.shares()  # also the baseline of the first reading
        except OSError as failure:
            raise SensorAbsent(f"{self._procfs / 'stat'}: {failure.strerror}") from failure
        if not self._series:
            self._sockets = find_sockets(self._procfs, self._sysfs, tdp_watts=self._tdp_watts)
            self._series = {socket: self._make_series(str(socket), full) for socket, full in self._sockets.full.items()}
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
        for socket, utilization in utilization_by_socket(self._sockets, shares).items():
            series = self._series[socket]
            yield Reading(series, watts=series.max_watts * (IDLE_SHARE + (1 - IDLE_SHARE) * utilization))

    def close(self) -> None:
        """Nothing is held open."""

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
