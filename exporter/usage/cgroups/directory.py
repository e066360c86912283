"""One directory of a hierarchy as it was last seen, kept open where that tells all its changes."""

import os

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.cgroups.group import Group

LINKS_OF_A_LEAF = 2  # a directory's own and that in its parent; each subdirectory adds one, by its ".."
UNSEEN = 0  # no directory has so few links


class Directory:
    """A cgroup. `inode` 0 stands for never seen."""

    __slots__ = ("_descriptor", "children", "group", "inode", "links", "names", "outer", "path")

    def __init__(self, path: str, names: tuple[str, ...], outer: Group | None) -> None:
        self.path = path
        self.names = names
        self.outer = outer  # the innermost charged group around this directory
        self.group: Group | None = None
        self.children: dict[str, Directory] | None = {}  # None: all below is charged here
        self.inode = 0
        self.links = UNSEEN
        self._descriptor: int | None = None

    def opened(self, budget: DescriptorBudget, leaving: int) -> int | None:
        """A descriptor whose link count tells every change, at a quarter of what a look at the path costs, or None.

        A directory cannot go before its subdirectories do, so of one that has some the open one tells when another
        takes its name. Of one that has none it does not: the kernel tells the same links of a cgroup that is gone.
        """
        if self.links <= LINKS_OF_A_LEAF:
            self.close(budget)
        elif self._descriptor is None and budget.take(leaving):
            try:
                self._descriptor = os.open(self.path, os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            except OSError:
                budget.give_back()
            else:
                if os.fstat(self._descriptor).st_ino != self.inode:
                    self.close(budget)
        return self._descriptor

    def close(self, budget: DescriptorBudget) -> None:
        """Keep it open no longer."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
            budget.give_back()
