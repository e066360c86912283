"""How many counter files are kept open, under limits of a process of their own."""

import subprocess
import sys
from pathlib import Path

import pytest
from doubles.cgroup_files import CgroupFiles
from doubles.procfs import ProcTree

from exporter.usage.cgroups.descriptors import DescriptorBudget

_READ = """
import os, pathlib, resource, sys
root, procfs, soft, hard = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from exporter.usage.cgroups.reader import CgroupReader
reader = CgroupReader(root, procfs)
before = len(os.listdir("/proc/self/fd"))
groups = [len(reader.read().groups) for _ in range(2)]
kept = len(os.listdir("/proc/self/fd")) - before
reader.close()
left = len(os.listdir("/proc/self/fd")) - before
print(*groups, kept, left, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.fixture
def files(tmp_path: Path) -> CgroupFiles:
    """600 services."""
    files = CgroupFiles(tmp_path / "cgroup")
    for number in range(600):
        files.make(f"/system.slice/worker@{number}.service", 1.0)
    return files


def read(files: CgroupFiles, procfs: Path, soft: int, hard: int) -> list[int]:
    """Groups of two reads, files kept between reads, files left in the end, and the soft limit then."""
    ProcTree(procfs)
    command = [sys.executable, "-c", _READ, str(files.root), str(procfs), str(soft), str(hard)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return [int(number) for number in answer.stdout.split()]


@pytest.mark.parametrize(
    ("limits", "kept", "limit"),
    [
        ((1024, 4096), 602, 4096),  # raised, for 512 are not enough
        ((2048, 4096), 602, 2048),  # enough for the directories around them too: left alone
        ((1024, 1024), 512, 1024),  # cannot be raised: the rest is opened for each read
        ((256, 256), 0, 256),  # all are for others
    ],
)
def test_files_are_kept_as_far_as_the_limits_allow(
    files: CgroupFiles, tmp_path: Path, limits: tuple[int, int], kept: int, limit: int
) -> None:
    """Whatever the limits, every group is read at each look, and no file is left behind."""
    assert read(files, tmp_path / "proc", *limits) == [600, 600, kept, 0, limit]


def test_what_is_given_back_can_be_taken_again() -> None:
    """The budget is what is kept at once, not in a lifetime."""
    budget = DescriptorBudget(2)
    assert [budget.take(), budget.take(), budget.take()] == [True, True, False]
    budget.give_back()

    assert budget.take()
