"""Which charged cgroup a process runs in."""

import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from exporter.usage.cgroups.group import Group
from exporter.usage.cgroups.hierarchy import Hierarchy, memberships
from exporter.usage.cgroups.identity import identity_of, names_in, place_of, printable
from exporter.usage.evidence import CgroupIdentity
from exporter.usage.manager import Manager

_START_TIME = 19  # the 22nd field of /proc/<pid>/stat, counted after the command in parentheses
_MOST_REMEMBERED = 4096
_TRUSTED_LOOKS = 16  # a process may be moved to another cgroup, as runtimes do when they start a container


class _Remembered(NamedTuple):
    started: bytes
    identity: CgroupIdentity | None
    look: int


class Membership:
    """Answers for processes by the groups as they were last seen; remembers answers for a few looks."""

    def __init__(self, hierarchy: Hierarchy, procfs: Path) -> None:
        """`procfs` is /proc, or where the host's is mounted."""
        self._hierarchy = hierarchy
        self._procfs = procfs
        self._lock = threading.Lock()  # intervals ask from threads of their own
        self._known: dict[int, _Remembered] = {}
        self._look = 0
        self._by_path: Mapping[str, Group] = {}
        self._by_name: Mapping[str, list[Group]] = {}

    def adopt(self, groups: Iterable[Group]) -> None:
        """These are the charged groups from now on."""
        groups = tuple(groups)
        by_name: dict[str, list[Group]] = {}
        for group in groups:
            by_name.setdefault(group.path.rpartition("/")[2], []).append(group)
        self._by_path, self._by_name = {group.path: group for group in groups}, by_name

    def look_passed(self) -> None:
        """One more look at the groups."""
        self._look += 1

    def of(self, pid: int) -> CgroupIdentity | None:
        """The identity of the charged cgroup of a process; None for one outside all of them, or gone.

        A process is told from an earlier one with its number by the time it started.
        """
        started = self._started(pid)
        if started is None:
            with self._lock:
                self._known.pop(pid, None)
            return None
        known = self._known.get(pid)
        if known is not None and known.started == started and self._look - known.look < _TRUSTED_LOOKS:
            return known.identity
        try:
            lines = (self._procfs / str(pid) / "cgroup").read_bytes()
        except OSError:
            return None
        identity = self._identity(lines)
        if self._started(pid) != started:  # gone while it was looked at, and perhaps replaced
            return None
        with self._lock:
            while len(self._known) >= _MOST_REMEMBERED:
                del self._known[next(iter(self._known))]  # the first that was asked for
            self._known[pid] = _Remembered(started, identity, self._look)
        return identity

    def at(self, path: str) -> CgroupIdentity | None:
        """The identity of the charged cgroup at a path that some process gives as its own, or around it."""
        group = self._group(tuple(map(printable, names_in(path))))
        return group.identity if group else None

    def _started(self, pid: int) -> bytes | None:
        try:
            stat = (self._procfs / str(pid) / "stat").read_bytes()
        except OSError:
            return None
        fields = stat.rpartition(b")")[2].split()  # a command may hold anything, parentheses and spaces too
        return fields[_START_TIME] if len(fields) > _START_TIME else None

    def _identity(self, lines: bytes) -> CgroupIdentity | None:
        path = self._hierarchy.path_in(lines)
        group = self._group(tuple(map(printable, names_in(path))))
        if group is not None:
            return group.identity
        if identity := _named(path):  # it began after the last look
            return identity
        # Jobs and containers may be in hierarchies that count no CPU time, as SLURM's are by default with cgroup v1.
        for _, _, other in memberships(lines):
            place = place_of(names_in(other))
            if place is not None and place.identity.manager is not Manager.SYSTEMD and _named(other):
                return place.identity
        return None

    def _group(self, names: tuple[str, ...]) -> Group | None:
        """The innermost charged group on a path, which is relative to this process's namespace of cgroups."""
        for depth in range(len(names), 0, -1):
            if group := self._by_path.get("/" + "/".join(names[:depth])):
                return group
        # The namespace and the mount that is read may begin at different cgroups: either path may be the longer one,
        # that of the process only where a part of the machine's tree is mounted.
        below = tuple(name for name in names if name != "..")
        for depth in range(len(below), 0, -1):
            end = "/" + "/".join(below[:depth])
            fitting = [
                group
                for group in self._by_name.get(below[depth - 1], ())
                if group.path.endswith(end) or (not self._hierarchy.complete and end.endswith(group.path))
            ]
            if len(fitting) == 1:
                return fitting[0]
        return None


def _named(path: str) -> CgroupIdentity | None:
    """What the path alone tells; of one that begins above the namespace only a whole pod is believed."""
    identity = identity_of(path)
    if identity is not None and ".." in names_in(path) and identity.manager is not Manager.KUBERNETES:
        return None
    return identity
