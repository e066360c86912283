"""The CPU time of every workload on this machine, from its cgroups."""

import errno
import logging
import os
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.cgroups.directory import LINKS_OF_A_LEAF
from exporter.usage.cgroups.group import Group
from exporter.usage.cgroups.hierarchy import Hierarchy, hierarchies
from exporter.usage.cgroups.machine import BusyTime, cpus_online
from exporter.usage.cgroups.membership import Membership
from exporter.usage.cgroups.tree import CgroupTree
from exporter.usage.evidence import CgroupIdentity, CgroupUse, CpuUse, SeenCgroup
from exporter.usage.manager import Manager

_LOOKS_BETWEEN_THOROUGH_ONES = 600
# /proc/stat is long on large machines, and CPUs that come or go are rare.
_LOOKS_BETWEEN_COUNTS_OF_CPUS = 60
_LOOKS_BETWEEN_DOUBTS = 20
_GONE = (FileNotFoundError, NotADirectoryError)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Source:
    """What is read on this machine."""

    hierarchy: Hierarchy
    tree: CgroupTree
    membership: Membership
    busy: BusyTime


class CgroupReader:
    """Reads cgroup v2, v1, or of a hybrid machine the tree in which the workloads are.

    Groups are charged where a workload begins: at a pod's container, a SLURM job, a container, a service. Of a group
    that has charged groups inside, as a service that starts containers, only what is left without them is told.
    A read that is None ends what was told before: another tree may be read from then on, with other inodes.
    """

    def __init__(self, cgroup_root: Path, procfs: Path, budget: DescriptorBudget | None = None) -> None:
        """`cgroup_root` is /sys/fs/cgroup and `procfs` /proc, or where those of the host are mounted."""
        self._cgroup_root = cgroup_root
        self._procfs = procfs
        self._budget = budget or DescriptorBudget()
        self._trees: Mapping[Hierarchy, CgroupTree] = {}
        self._source: _Source | None = None
        self._looks = 0
        self._cpus = 0
        self._unreadable: dict[str, str] = {}  # complaints by path

    def read(self) -> CpuUse | None:
        """The CPU time now; None where there are no cgroups or nobody tells how busy the machine is. Never raises."""
        thoroughly = self._looks % _LOOKS_BETWEEN_THOROUGH_ONES == 0
        counts_cpus = self._looks % _LOOKS_BETWEEN_COUNTS_OF_CPUS == 0 or not self._cpus
        self._looks += 1
        try:
            before = self._source
            if thoroughly or self._is_in_doubt():
                self._choose()
            if before is not None and before is not self._source:
                return None
            if counts_cpus:
                self._cpus = cpus_online(self._procfs) or os.cpu_count() or 1
            source = self._source
            if source is None:
                return None
            if source.tree.follow(thoroughly=thoroughly):
                self._adopt(source)
        except OSError as error:
            log.warning("cgroups cannot be read any more: %s", error)
            self._drop()
            return None
        source.membership.look_passed()
        busy = source.busy.seconds()
        groups = self._uses(source)
        return None if busy is None else CpuUse(busy, self._cpus, groups)

    def cgroup_of(self, pid: int) -> CgroupIdentity | None:
        """Which charged cgroup a process runs in; None for one outside all of them, or gone."""
        source = self._source
        return source.membership.of(pid) if source else None

    def by_inode(self, inode: int) -> CgroupIdentity | None:
        """The workload that sees its own cgroup as a directory with this inode; None for no charged one.

        It is the same inode inside a namespace of cgroups. A container may run in a cgroup below its own.
        """
        source = self._source
        if source is None:
            return None
        groups = source.tree.groups.copy()
        group = groups.get(inode)
        if group is None:
            group = next((group for group in groups.values() if inode in _inodes_below(group)), None)
        return group.identity if group else None

    def of_caller(self, cgroups: Sequence[SeenCgroup]) -> CgroupIdentity | None:
        """The workload of a process that sees itself in these cgroups, of which that in the tree that is read counts.

        By the inode, for a path may be that in a namespace; by the path of a container or job where that fails, but not
        by that of a service, which may be inside a container as well and have its namesake on this machine.
        """
        source = self._source
        seen = next((one for one in cgroups if source and one.version == source.hierarchy.version), None)
        if source is None or seen is None:
            return None
        by_inode = self.by_inode(seen.inode) if seen.inode else None
        if by_inode is not None:
            return by_inode
        by_path = source.membership.at(seen.path)
        return by_path if by_path and by_path.manager is not Manager.SYSTEMD else None

    def describe(self) -> str:
        """What is read, in one line, for the doctor; says what to do where there is nothing."""
        source = self._source
        if source is None:
            return (
                f"no cgroups that count CPU time at {self._cgroup_root}: "
                f"mount the host's /sys/fs/cgroup there to tell workloads apart"
            )
        groups = source.tree.groups.copy()
        managers = Counter(group.identity.manager for group in groups.values())
        parts = ", ".join(f"{managers[manager]} {manager}" for manager in Manager if managers[manager])
        charged = f"{len(groups)} charged group{'' if len(groups) == 1 else 's'}" + (f" ({parts})" if parts else "")
        unreadable = f", {len(self._unreadable)} unreadable" if self._unreadable else ""
        return f"{source.hierarchy.description}, {charged}{unreadable}"

    def close(self) -> None:
        """Let go of every file."""
        self._drop()

    def _is_in_doubt(self) -> bool:
        """Whether workloads may come to be elsewhere than where they are looked for."""
        if self._source is None:
            return True
        return len(self._trees) > 1 and self._looks % _LOOKS_BETWEEN_DOUBTS == 0 and not _rank(self._source.tree)[0]

    def _uses(self, source: _Source) -> dict[int, CgroupUse]:
        readable = [group for group in tuple(source.tree.groups.values()) if self._take(source, group)]
        if source.tree.has_lost and self._follow_again(source):
            # Something may have come in their place, and must not wait for the next look.
            known = set(readable)
            new = [group for group in source.tree.groups.values() if group not in known]
            readable += [group for group in new if self._take(source, group)]
        return {group.inode: group.use() for group in readable}

    def _take(self, source: _Source, group: Group) -> bool:
        """Read one counter; whether there is a number in it."""
        try:
            group.read(source.hierarchy.seconds, self._budget)
        except OSError as error:
            if isinstance(error, _GONE) or error.errno == errno.ENODEV:
                source.tree.lost(group)
            else:
                self._complain(group, str(error))
            return False
        except ValueError as error:
            self._complain(group, str(error))
            return False
        if self._unreadable:
            self._unreadable.pop(group.path, None)
        return True

    def _follow_again(self, source: _Source) -> bool:
        try:
            source.tree.follow()
        except OSError:
            return False  # the next read says so
        self._adopt(source)
        return True

    def _adopt(self, source: _Source) -> None:
        groups = tuple(source.tree.groups.values())
        source.membership.adopt(groups)
        if self._unreadable:
            paths = {group.path for group in groups}
            self._unreadable = {path: why for path, why in self._unreadable.items() if path in paths}

    def _complain(self, group: Group, why: str) -> None:
        if group.path not in self._unreadable:
            log.warning("the CPU time of %s cannot be read: %s", group.path, why)
        self._unreadable[group.path] = why

    def _choose(self) -> None:
        """Decide which tree to read: that with most containers and jobs, then with most workloads of any kind."""
        trees = {h: self._trees.get(h) or CgroupTree(h, self._budget) for h in hierarchies(self._cgroup_root)}
        for hierarchy in self._trees.keys() - trees.keys():
            self._trees[hierarchy].release()
        self._trees = trees
        ranks: dict[Hierarchy, tuple[int, int]] = {}
        for hierarchy, tree in trees.items():
            with suppress(OSError):
                tree.follow()
                ranks[hierarchy] = _rank(tree)
        current = self._source.hierarchy if self._source else None
        best = max(ranks, key=lambda hierarchy: (ranks[hierarchy], hierarchy == current), default=None)
        if best == current or (current in ranks and ranks[current][0]):
            return
        if current in trees:
            trees[current].release()
        self._source = self._source_of(best) if best else None
        log.info("CPU time of workloads: %s", self.describe())

    def _source_of(self, hierarchy: Hierarchy) -> _Source:
        tree, membership = self._trees[hierarchy], Membership(hierarchy, self._procfs)
        membership.adopt(tree.groups.values())
        return _Source(hierarchy, tree, membership, BusyTime(hierarchy, self._procfs))

    def _drop(self) -> None:
        for tree in self._trees.values():
            tree.release()
        self._trees = {}
        self._source = None


def _rank(tree: CgroupTree) -> tuple[int, int]:
    services = sum(group.identity.manager is Manager.SYSTEMD for group in tree.groups.values())
    return len(tree.groups) - services, len(tree.groups)


def _inodes_below(group: Group) -> Iterator[int]:
    """The inodes of all cgroups inside one, of which most containers have none."""
    try:
        if Path(group.directory).stat().st_nlink == LINKS_OF_A_LEAF:
            return
    except OSError:
        return
    for directory, subdirectories, _ in os.walk(group.directory):
        for name in subdirectories:
            with suppress(OSError):
                yield Path(directory, name).stat().st_ino
