"""The charged cgroups of one hierarchy, found by looking only at what changed."""

import os
from collections.abc import Iterator

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.cgroups.directory import LINKS_OF_A_LEAF, UNSEEN, Directory
from exporter.usage.cgroups.group import Group
from exporter.usage.cgroups.hierarchy import Hierarchy
from exporter.usage.cgroups.identity import place_of, printable

_DEEPEST = 32


class CgroupTree:
    """Follows one hierarchy.

    A directory's link count tells how many subdirectories it has, and its inode whether it is still the same, so an
    unchanged tree costs one fstat(2) for each directory that may get new charged groups inside, and nothing is listed.
    One subdirectory that replaced another goes unnoticed that way; then the counter of the one that is gone fails, and
    `lost` has its parent listed again.
    """

    def __init__(self, hierarchy: Hierarchy, budget: DescriptorBudget) -> None:
        """Nothing is looked at before the first `follow`."""
        self._counter = hierarchy.counter
        self._budget = budget
        self._root = Directory(str(hierarchy.root), (), None)
        self._open: list[tuple[int, int]] = []  # descriptors and link counts of directories that are kept open
        self._closed: list[Directory] = []  # those that are not
        self._suspects: set[Group] = set()
        self.groups: dict[int, Group] = {}  # by inode; a group comes after the one it is in

    def follow(self, *, thoroughly: bool = False) -> bool:
        """Find what is new and drop what is gone; whether anything changed. `thoroughly` lists every directory.

        Raises OSError when the hierarchy itself is gone.
        """
        if not thoroughly and not self._suspects and self._is_unchanged():
            return False
        self._open, self._closed = [], []
        changed = self._visit(self._root, thoroughly=thoroughly)
        self._watch()
        for group in self._suspects:
            group.release(self._budget)  # alive after all: its file is opened anew
        self._suspects.clear()
        return changed

    def lost(self, group: Group) -> None:
        """The counter of this group says that the group is gone."""
        self._suspects.add(group)

    @property
    def has_lost(self) -> bool:
        """Whether something is known to be gone that was not followed yet."""
        return bool(self._suspects)

    def release(self) -> None:
        """Close every file; those that are read again are opened anew."""
        self._open, self._closed = [], []
        for directory in _watched(self._root):
            directory.close(self._budget)
        for group in self.groups.values():
            group.release(self._budget)

    def _watch(self) -> None:
        """Keep open what may be, but leave the counters of all groups their descriptors."""
        for directory in _watched(self._root):
            descriptor = directory.opened(self._budget, leaving=len(self.groups))
            if descriptor is None:
                self._closed.append(directory)
            else:
                self._open.append((descriptor, directory.links))

    def _is_unchanged(self) -> bool:
        for descriptor, links in self._open:
            if os.fstat(descriptor).st_nlink != links:
                return False
        for directory in self._closed:
            try:
                status = os.stat(directory.path)  # noqa: PTH116 - a Path costs as much as the call
            except OSError:
                return False
            if status.st_nlink != directory.links or status.st_ino != directory.inode:
                return False
        return bool(self._open or self._closed)

    def _visit(self, directory: Directory, *, thoroughly: bool) -> bool:
        """Bring one directory and all below up to date. Raises OSError when it is gone."""
        status = os.stat(directory.path)  # noqa: PTH116 - a Path costs as much as the call
        changed = False
        if directory.inode and directory.inode != status.st_ino:  # another cgroup has taken its name
            self._forget(directory)
            directory.children = {}
        if directory.inode != status.st_ino:
            directory.inode = status.st_ino
            directory.links = UNSEEN  # it may well have as many inside as the one before
            self._charge(directory)
            changed = True
        children = directory.children
        if children is None:
            return changed
        suspicious = bool(self._suspects) and any(child.group in self._suspects for child in children.values())
        if thoroughly or suspicious or status.st_nlink != directory.links:
            # As it was before the list: what comes meanwhile is found next time. File systems that do not count
            # subdirectories, which cgroups never are on, say 1.
            directory.links = status.st_nlink if status.st_nlink >= LINKS_OF_A_LEAF else UNSEEN
            changed |= self._list(directory, children)
        gone = []
        for name, child in children.items():
            if child.children is None and child.inode and not suspicious and not thoroughly:
                continue  # its counter tells when it is gone
            try:
                changed |= self._visit(child, thoroughly=thoroughly)
            except OSError:
                gone.append(name)
        for name in gone:
            self._forget(children.pop(name))
            directory.links = UNSEEN  # something else may have come in its place
        return changed or bool(gone)

    def _list(self, directory: Directory, children: dict[str, Directory]) -> bool:
        try:
            with os.scandir(directory.path) as entries:
                names = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        except OSError:
            directory.links = UNSEEN
            return False
        for name in children.keys() - names:
            self._forget(children.pop(name))
        if len(directory.names) < _DEEPEST:
            for name in names - children.keys():
                outer = directory.group or directory.outer
                children[name] = Directory(f"{directory.path}/{name}", (*directory.names, name), outer)
        return True

    def _charge(self, directory: Directory) -> None:
        """Start charging a directory that is a workload's own."""
        place = place_of(directory.names)
        if place is None or place.depth != len(directory.names):
            return
        path = "/" + "/".join(map(printable, directory.names))
        group = Group(path, directory.inode, place.identity, directory.path, self._counter, outer=directory.outer)
        directory.group = group
        self.groups[directory.inode] = group
        if place.solid:
            directory.children = None

    def _forget(self, directory: Directory) -> None:
        """Stop charging a directory that is gone, and all that was inside it."""
        for inner in _watched(directory):
            inner.close(self._budget)
        for group in tuple(_groups_of(directory)):
            self._suspects.discard(group)
            if self.groups.get(group.inode) is group:
                del self.groups[group.inode]
            group.close(self._budget)
        directory.group = None


def _groups_of(directory: Directory) -> Iterator[Group]:
    """The charged groups in a directory, the innermost first."""
    for child in (directory.children or {}).values():
        yield from _groups_of(child)
    if directory.group is not None:
        yield directory.group


def _watched(directory: Directory) -> Iterator[Directory]:
    """The directories in which new charged groups may appear."""
    if directory.children is not None:
        yield directory
        for child in directory.children.values():
            yield from _watched(child)
