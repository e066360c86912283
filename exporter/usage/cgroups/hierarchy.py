"""Which trees of cgroups this machine has, and how each tells CPU time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# cgroup v1 names a mount after its controllers, in the order it was mounted with; `cpuacct` is often a link to it.
_CPU_ACCOUNTING = ("cpuacct", "cpu,cpuacct", "cpuacct,cpu")
_USAGE_USEC = b"usage_usec "


@dataclass(frozen=True, slots=True)
class Hierarchy:
    """One tree of cgroups that counts CPU time."""

    root: Path
    version: int  # 1 or 2
    complete: bool  # its root is the machine's; False where a container sees a part of it

    @property
    def counter(self) -> str:
        """The file of each cgroup that holds its CPU time."""
        return "cpu.stat" if self.version == 2 else "cpuacct.usage"

    @property
    def description(self) -> str:
        """What it is and where, for people."""
        controller = "" if self.version == 2 else " (cpuacct)"
        part = "" if self.complete else ", seen from inside a container"
        return f"cgroup v{self.version}{controller} at {self.root}{part}"

    def seconds(self, content: bytes) -> float:
        """The CPU time in a counter file. Raises ValueError for a content no kernel writes."""
        if self.version == 1:  # nanoseconds
            return _natural(content.strip()) / 1e9
        if not content.startswith(_USAGE_USEC):
            raise ValueError("no usage_usec")
        return _natural(content[len(_USAGE_USEC) :].partition(b"\n")[0]) / 1e6

    def machine_seconds(self, content: bytes) -> float:
        """The busy time in the root's counter file. Raises ValueError.

        The root's usage_usec of cgroup v2 holds stolen time too (kernel/cgroup/rstat.c, root_cgroup_cputime), in which
        the hypervisor ran someone else; user and system do not.
        """
        if self.version == 1:
            return self.seconds(content)
        fields = dict(line.split(b" ", 1) for line in content.splitlines() if b" " in line)
        if not {b"user_usec", b"system_usec"} <= fields.keys():
            raise ValueError("no user_usec and system_usec")
        return (_natural(fields[b"user_usec"]) + _natural(fields[b"system_usec"])) / 1e6

    def path_in(self, lines: bytes) -> str:
        """The path in /proc/<pid>/cgroup that belongs to this hierarchy, "" if none does."""
        for number, controllers, path in memberships(lines):
            if (number == "0" and not controllers) if self.version == 2 else "cpuacct" in controllers.split(","):
                return path
        return ""


def hierarchies(cgroup_root: Path) -> Iterator[Hierarchy]:
    """Every tree below the mount point that counts CPU time: one on a pure v1 or v2 machine, two on a hybrid one."""
    if (cgroup_root / "cgroup.controllers").exists():
        yield _version_2(cgroup_root)
        return
    for name in _CPU_ACCOUNTING:
        root = cgroup_root / name
        if (root / "cpuacct.usage").exists():
            # The kernel shows this file in a root alone.
            yield Hierarchy(root, 1, complete=(root / "cgroup.sane_behavior").exists())
            break
    unified = cgroup_root / "unified"
    if (unified / "cgroup.controllers").exists():
        yield _version_2(unified)


def memberships(lines: bytes) -> Iterator[tuple[str, str, str]]:
    """Number, controllers and path of each line of /proc/<pid>/cgroup. A path may hold any byte but a newline."""
    for line in lines.decode("utf-8", "surrogateescape").split("\n"):
        fields = line.split(":", 2)
        if len(fields) == 3:
            yield fields[0], fields[1], fields[2]


def _version_2(root: Path) -> Hierarchy:
    # The kernel shows cgroup.type in every cgroup but a root.
    return Hierarchy(root, 2, complete=not (root / "cgroup.type").exists())


def _natural(digits: bytes) -> int:
    if not digits.isdigit():  # int() would take signs and underscores
        raise ValueError(f"no number: {digits[:40]!r}")
    return int(digits)
