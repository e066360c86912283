"""Whose container somebody is in who says so himself, by what a process sees from inside."""

from pathlib import Path

import pytest
from doubles.cgroup_files import CgroupFiles
from doubles.procfs import ProcTree

from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import CgroupIdentity, SeenCgroup
from exporter.usage.manager import Manager

ID = "a" * 64
DOCKER = f"/system.slice/docker-{ID}.scope"
IN_DOCKER = CgroupIdentity(Manager.CONTAINERS, container_id=ID)
NGINX = CgroupIdentity(Manager.SYSTEMD, unit="nginx.service")


@pytest.fixture
def files(tmp_path: Path) -> CgroupFiles:
    """A container with cgroups of its own inside, and a service."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(f"{DOCKER}/init.scope")
    files.make("/system.slice/nginx.service")
    return files


@pytest.fixture
def reader(files: CgroupFiles, tmp_path: Path) -> CgroupReader:
    """It has looked once."""
    reader = CgroupReader(files.root, ProcTree(tmp_path / "proc").procfs)
    reader.read()
    return reader


def inode(files: CgroupFiles, path: str) -> int:
    """Of the directory of a cgroup."""
    return (files.root / path.lstrip("/")).stat().st_ino


def test_by_the_inode_whatever_the_path(reader: CgroupReader, files: CgroupFiles) -> None:
    """In a namespace of its own a container is at the root, and its first process may be below."""
    assert reader.of_caller([SeenCgroup(2, "/", inode(files, DOCKER))]) == IN_DOCKER
    assert reader.of_caller([SeenCgroup(2, "/init.scope", inode(files, f"{DOCKER}/init.scope"))]) == IN_DOCKER
    assert (
        reader.of_caller([SeenCgroup(2, "/system.slice/nginx.service", inode(files, "/system.slice/nginx.service"))])
        == NGINX
    )


def test_by_the_path_of_a_container_that_cannot_see_its_directory(reader: CgroupReader) -> None:
    """The host's path of a container is its own; that of a service may be a service inside of a container."""
    assert reader.of_caller([SeenCgroup(2, DOCKER, 0)]) == IN_DOCKER
    assert reader.of_caller([SeenCgroup(2, "/system.slice/nginx.service", 0)]) is None


def test_of_several_hierarchies_the_one_counts_that_is_read(reader: CgroupReader, files: CgroupFiles) -> None:
    """Another hierarchy has inodes of its own, where the same number is somebody else."""
    number = inode(files, DOCKER)
    assert reader.of_caller([SeenCgroup(1, "/", number)]) is None
    assert reader.of_caller([SeenCgroup(1, "/", 4711), SeenCgroup(2, "/", number)]) == IN_DOCKER


@pytest.mark.parametrize("path", ["/", "", "/nowhere", "/../..", "/" + "x/" * 2000, f"/{DOCKER}x"])
def test_nobody(reader: CgroupReader, path: str) -> None:
    """A wrong inode and a path to nowhere are nobody."""
    assert reader.of_caller([SeenCgroup(2, path, 2**64 - 1)]) is None
    assert reader.of_caller([SeenCgroup(2, path, 0)]) is None
    assert reader.of_caller([]) is None


def test_before_the_first_look_nobody_is_known(files: CgroupFiles, tmp_path: Path) -> None:
    """It does not guess from a path."""
    reader = CgroupReader(files.root, ProcTree(tmp_path / "empty").procfs)
    assert reader.of_caller([SeenCgroup(2, DOCKER, inode(files, DOCKER))]) is None
