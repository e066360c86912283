"""The charged cgroups of one hierarchy, found by looking only at what changed."""

import os
from collections.abc import Iterator

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.cgroups.group import Group
from exporter.usage.cgroups.hierarchy import Hierarchy
from exporter.usage.cgroups.identity import place_of, printable

LINKS_OF_A_LEAF = 2  # a directory's own and that in its parent; each subdirectory adds one, by its ".."
_NEVER = 0  # no directory has so few links
_DEEPEST = 32


class _Directory:
    """A cgroup as it was last seen. `inode` 0 stands for never."""

    __slots__ = ("children", "group", "inode", "links", "names", "outer", "path")

    def __init__(self, path: str, names: tuple[str, ...], outer: Group | None) -> None:
        self.path = path
        self.names = names
        self.outer = outer  # the innermost charged group around this directory
        self.group: Group | None = None
        self.children: dict[str, _Directory] | None = {}  # None: all below is charged here
        self.inode = 0
        self.links = _NEVER


class CgroupTree:
    """Follows one hierarchy.

    A directory's link count tells how many subdirectories it has, and its inode whether it is still the same, so an
    unchanged tree costs one stat(2) for each directory that may get new charged groups inside, and nothing is listed.
    One subdirectory that replaced another goes unnoticed that way; then the counter of the one that is gone fails, and
    `lost` has its parent listed again.
    """

    def __init__(self, hierarchy: Hierarchy, budget: DescriptorBudget) -> None:
        """Nothing is looked at before the first `follow`."""
        self._counter = hierarchy.counter
        self._budget = budget
        self._root = _Directory(str(hierarchy.root), (), None)
        self._watched: list[_Directory] = []
        self._suspects: set[Group] = set()
        self.groups: dict[int, Group] = {}  # by inode; a group comes after the one it is in

    def follow(self, *, thoroughly: bool = False) -> bool:
        """Find what is new and drop what is gone; whether anything changed. `thoroughly` lists every directory.

        Raises OSError when the hierarchy itself is gone.
        """
        if not thoroughly and not self._suspects and self._is_unchanged():
            return False
        changed = self._visit(self._root, thoroughly=thoroughly)
        self._watched = list(_watched(self._root))
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
        for group in self.groups.values():
            group.release(self._budget)

    def _is_unchanged(self) -> bool:
        for directory in self._watched:
            try:
                status = os.stat(directory.path)  # noqa: PTH116 - a Path costs as much as the call
            except OSError:
                return False
            if status.st_nlink != directory.links or status.st_ino != directory.inode:
                return False
        return bool(self._watched)

    def _visit(self, directory: _Directory, *, thoroughly: bool) -> bool:
        """Bring one directory and all below up to date. Raises OSError when it is gone."""
        status = os.stat(directory.path)  # noqa: PTH116 - a Path costs as much as the call
        changed = False
        if directory.inode and directory.inode != status.st_ino:  # another cgroup has taken its name
            self._forget(directory)
            directory.children = {}
        if directory.inode != status.st_ino:
            directory.inode = status.st_ino
            self._charge(directory)
            changed = True
        children = directory.children
        if children is None:
            return changed
        suspicious = bool(self._suspects) and any(child.group in self._suspects for child in children.values())
        if thoroughly or suspicious or status.st_nlink != directory.links:
            # As it was before the list: what comes meanwhile is found next time. File systems that do not count
            # subdirectories, which cgroups never are on, say 1.
            directory.links = status.st_nlink if status.st_nlink >= LINKS_OF_A_LEAF else _NEVER
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
            directory.links = _NEVER  # something else may have come in its place
        return changed or bool(gone)

    def _list(self, directory: _Directory, children: dict[str, _Directory]) -> bool:
        try:
            with os.scandir(directory.path) as entries:
                names = {entry.name for entry in entries if entry.is_dir(follow_symlinks=False)}
        except OSError:
            directory.links = _NEVER
            return False
        for name in children.keys() - names:
            self._forget(children.pop(name))
        if len(directory.names) < _DEEPEST:
            for name in names - children.keys():
                outer = directory.group or directory.outer
                children[name] = _Directory(f"{directory.path}/{name}", (*directory.names, name), outer)
        return True

    def _charge(self, directory: _Directory) -> None:
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

    def _forget(self, directory: _Directory) -> None:
        """Stop charging a directory that is gone, and all that was inside it."""
        for group in tuple(_groups_of(directory)):
            self._suspects.discard(group)
            if self.groups.get(group.inode) is group:
                del self.groups[group.inode]
            group.close(self._budget)
        directory.group = None


def _groups_of(directory: _Directory) -> Iterator[Group]:
    """The charged groups in a directory, the innermost first."""
    for child in (directory.children or {}).values():
        yield from _groups_of(child)
    if directory.group is not None:
        yield directory.group


def _watched(directory: _Directory) -> Iterator[_Directory]:
    """The directories in which new charged groups may appear."""
    if directory.children is not None:
        yield directory
        for child in directory.children.values():
            yield from _watched(child)
