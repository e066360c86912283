"""One charged cgroup: who it is, and its CPU time."""

import os
from collections.abc import Callable
from contextlib import suppress

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.evidence import CgroupIdentity, CgroupUse

_ENOUGH = 256  # bytes: the first lines of cpu.stat, all of cpuacct.usage


class Group:
    """A charged cgroup, with what it has used since it was made without the charged groups inside it."""

    def __init__(
        self, path: str, inode: int, identity: CgroupIdentity, directory: str, counter: str, *, outer: "Group | None"
    ) -> None:
        """`path` is from the root of the hierarchy, for people; `outer` is the charged group around it, if any."""
        self.path = path
        self.inode = inode
        self.identity = identity
        self.directory = directory
        self.outer = outer
        self._file = f"{directory}/{counter}"
        self._descriptor: int | None = None
        self._file_inode: int | None = None
        self._content: bytes | None = None  # that was last understood
        self._total = 0.0
        self._inside: dict[int, float] = {}  # what was last read of charged groups inside, by inode
        self._left_inside = 0.0  # and of those that have gone
        self._floor = 0.0
        self._use: CgroupUse | None = None
        if outer is not None:
            outer.hold(inode, 0.0)

    def read(self, seconds_in: Callable[[bytes], float], budget: DescriptorBudget) -> None:
        """Look at the counter file, and remember what it says.

        Raises OSError, ENODEV or ENOENT when the cgroup is gone, and the ValueError of `seconds_in`.
        """
        content = self._opened(budget) if self._descriptor is None else os.pread(self._descriptor, _ENOUGH, 0)
        if content == self._content:  # as in most of a machine's groups
            return
        self._total = seconds_in(content)
        self._content = content
        if self.outer is not None:
            self.outer.hold(self.inode, self._total)

    def hold(self, inode: int, seconds: float) -> None:
        """A charged group inside has used so much."""
        if not self._inside and not self._left_inside:
            self._floor = self._total
        self._inside[inode] = seconds

    def close(self, budget: DescriptorBudget) -> None:
        """Let go of a cgroup that is gone. What it used stays its own, not that of the group it was in."""
        if self.outer is not None:
            self.outer.let_go(self.inode)
        self.release(budget)

    def use(self) -> CgroupUse:
        """What is told of it now. The same object as before when nothing was used, as by most of a machine's groups."""
        seconds = self._own_seconds() if self._inside or self._left_inside else self._total
        if self._use is None or self._use.cpu_seconds != seconds:
            self._use = CgroupUse(self.inode, self.identity, self.path, seconds)
        return self._use

    def let_go(self, inode: int) -> None:
        """A charged group inside is gone."""
        self._left_inside += self._inside.pop(inode, 0.0)

    def release(self, budget: DescriptorBudget) -> None:
        """Close the counter file; the next look opens it anew."""
        self._file_inode = None
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
            budget.give_back()

    def _opened(self, budget: DescriptorBudget) -> bytes:
        descriptor = os.open(self._file, os.O_RDONLY | os.O_CLOEXEC)
        try:
            inode = os.fstat(descriptor).st_ino
            if self._file_inode not in {None, inode}:
                raise FileNotFoundError(f"{self._file} is another cgroup's now")
            self._file_inode = inode
            content = os.pread(descriptor, _ENOUGH, 0)
        except OSError:
            os.close(descriptor)
            raise
        if budget.take():
            self._descriptor = descriptor
        else:
            os.close(descriptor)
        return content

    def _own_seconds(self) -> float:
        """The CPU time that is charged here where some of it is charged inside.

        Counters inside are read a little later than this one and may be ahead of it, so what was once charged here
        is not taken back while this group lives.
        """
        self._floor = max(self._floor, self._total - self._left_inside - sum(self._inside.values()))
        return self._floor
