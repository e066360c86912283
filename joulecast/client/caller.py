"""Where this process runs, told without privileges, so that the exporter knows whose container's share is asked for."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from joulecast.client.advice import advise
from joulecast.client.failure import Misconfigured

MOUNT = Path("/sys/fs/cgroup")
MEMBERSHIP = Path("/proc/self/cgroup")
NODE, CONTAINER = "node", "container"

# What tells a hierarchy by version, and where it may be mounted below `MOUNT`; the first that shows the file counts.
_PLACES = {
    2: ("cgroup.controllers", ("", "unified")),
    1: ("cpuacct.usage", ("cpuacct", "cpu,cpuacct", "cpuacct,cpu")),
}
_LONGEST_PATH = 4096


class OwnCgroup(NamedTuple):
    """The cgroup of this process in one hierarchy."""

    version: int  # 1: that which counts CPU time; 2: the unified one
    path: str
    inode: int  # of its directory, the same number on the host; 0 where it cannot be seen


def asks_for_container(scope: object, *, strict: bool = False) -> bool:
    """Whether an interval of this scope asks for its container's share beside the node's energy.

    What is neither "node" nor "container" asks for the node's, with one warning; with `strict` it raises Misconfigured.
    """
    if scope == CONTAINER:
        return True
    if scope != NODE:
        problem = Misconfigured(f"the scope {scope!r} is unknown", f'use scope="{NODE}" or scope="{CONTAINER}"')
        if strict:
            raise problem
        advise(f"scope:{scope}", str(problem))
    return False


_known: tuple[int, tuple[OwnCgroup, ...]] | None = None


def own_cgroups() -> tuple[OwnCgroup, ...]:
    """Where this process runs, read once, and again in a child that was forked; empty if it is told nowhere."""
    global _known  # noqa: PLW0603 - a fact about this process
    process = os.getpid()
    if _known is None or _known[0] != process:
        _known = (process, read_cgroups(MEMBERSHIP, MOUNT))
    return _known[1]


def read_cgroups(membership: Path, mount: Path) -> tuple[OwnCgroup, ...]:
    """The cgroups named in a /proc/<pid>/cgroup, with their inodes below `mount`; never raises."""
    try:
        text = membership.read_bytes().decode("utf-8", "backslashreplace")
    except OSError:
        return ()
    return tuple(OwnCgroup(version, path, _inode(version, path, mount)) for version, path in _paths(text))


def _paths(text: str) -> Iterator[tuple[int, str]]:
    for line in text.split("\n"):
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if len(path) > _LONGEST_PATH or not path.isprintable() or not path.startswith("/"):
            continue
        if number == "0" and not controllers:
            yield 2, path
        elif "cpuacct" in controllers.split(","):
            yield 1, path


def _inode(version: int, path: str, mount: Path) -> int:
    """Of the directory of this cgroup; where a container is shown only its own, that is the mount itself."""
    if ".." in path.split("/"):  # above the root of this namespace
        return 0
    sign, names = _PLACES[version]
    try:
        root = next((mount / name for name in names if (mount / name / sign).exists()), None)
        if root is None:
            return 0
        directory = root / path.lstrip("/")
        return (directory if directory.is_dir() else root).stat().st_ino
    except OSError:
        return 0
