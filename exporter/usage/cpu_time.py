"""How busy each CPU was since the last look, from /proc/stat."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

_FIELDS_KNOWN_TO_EVERY_KERNEL = 4  # user, nice, system, idle; the others came later


class CpuTimes(NamedTuple):
    """Ticks of one CPU since boot, by what they were spent on."""

    busy: int
    idle: int
    stolen: int


class CpuTimeReader:
    """Keeps the previous reading, so that each call answers for the time since the call before.

    Waiting for a disk is not busy. Nor is stolen time: the hypervisor ran someone else, whose energy that is.
    Guest time is already inside user and nice, and is not added again.
    """

    def __init__(self, procfs: Path) -> None:
        self._path = procfs / "stat"
        self._before: dict[int, CpuTimes] = {}

    def shares(self) -> Mapping[int, float]:
        """Busy share, 0..1, by CPU number; empty on the first call. Raises OSError when /proc/stat cannot be read.

        A CPU is left out when it was not there before, when its busy time went backwards (it was unplugged
        and came back), and when no tick has passed.
        """
        now = _read(self._path)
        before, self._before = self._before, now
        shares = {}
        for cpu, times in now.items():
            earlier = before.get(cpu)
            if earlier is None or times.busy < earlier.busy:
                continue
            busy = times.busy - earlier.busy
            # The kernel documents that iowait may decrease; that is no time at all.
            elapsed = busy + max(0, times.idle - earlier.idle) + max(0, times.stolen - earlier.stolen)
            if elapsed > 0:
                shares[cpu] = busy / elapsed
        return shares


def _read(path: Path) -> dict[int, CpuTimes]:
    times = {}
    with path.open(encoding="ascii", errors="replace") as stat:
        for line in stat:
            if not line.startswith("cpu"):
                break  # CPUs come first; what follows is long on large machines
            name, *fields = line.split()
            if name == "cpu" or not name[3:].isdecimal() or len(fields) < _FIELDS_KNOWN_TO_EVERY_KERNEL:
                continue
            try:
                ticks = [int(field) for field in fields]
            except ValueError:
                continue
            user, nice, system, idle, iowait, irq, softirq, stolen = (ticks + [0] * 8)[:8]
            times[int(name[3:])] = CpuTimes(user + nice + system + irq + softirq, idle + iowait, stolen)
    return times
