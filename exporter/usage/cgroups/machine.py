"""The busy time of the whole machine, whoever used it."""

import os
from pathlib import Path

from exporter.usage.cgroups.hierarchy import Hierarchy

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
_BUSY_FIELDS = (0, 1, 2, 5, 6)  # user, nice, system, irq, softirq; guest time is inside user and nice already


class BusyTime:
    """Cumulative busy seconds of all CPUs, from the root of a hierarchy or, where that tells none, from /proc/stat.

    One source is kept, for the two differ by a constant, as they round and begin differently.
    """

    def __init__(self, hierarchy: Hierarchy, procfs: Path) -> None:
        """The root's own counter is used where it is the machine's."""
        self._hierarchy = hierarchy
        self._counter = hierarchy.root / hierarchy.counter
        self._stat = procfs / "stat"
        self._by_root = hierarchy.complete and self._of_root() is not None

    def seconds(self) -> float | None:
        """The busy time now, None where nothing tells."""
        return self._of_root() if self._by_root else _of_stat(self._stat)

    def _of_root(self) -> float | None:
        try:
            return self._hierarchy.machine_seconds(self._counter.read_bytes())
        except (OSError, ValueError):
            return None


def cpus_online(procfs: Path) -> int:
    """How many logical CPUs are online, 0 where /proc/stat does not tell."""
    return sum(name != b"cpu" for name, *_ in _cpu_lines(procfs / "stat"))


def _of_stat(stat: Path) -> float | None:
    for name, *fields in _cpu_lines(stat):
        if name == b"cpu":
            try:
                ticks = [int(field) for field in fields]
            except ValueError:
                return None
            return sum(ticks[field] for field in _BUSY_FIELDS if field < len(ticks)) / _TICKS_PER_SECOND
    return None


def _cpu_lines(stat: Path) -> list[list[bytes]]:
    try:
        content = stat.read_bytes()
    except OSError:
        return []
    return [line.split() for line in content.splitlines() if line.startswith(b"cpu")]
