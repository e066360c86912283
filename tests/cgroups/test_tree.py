"""What changes in a tree of cgroups is seen at the next look, and nothing that is gone stays open."""

from pathlib import Path

import pytest
from doubles.cgroup_files import CgroupFiles

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.cgroups.hierarchy import Hierarchy
from exporter.usage.cgroups.tree import CgroupTree

POD = "/kubepods/burstable/pod{}/{:064x}"


@pytest.fixture
def files(tmp_path: Path) -> CgroupFiles:
    """Two pods of one container each."""
    files = CgroupFiles(tmp_path / "cgroup")
    for number in (1, 2):
        files.make(POD.format(number, number))
    return files


@pytest.fixture(params=[100, 2, 0], ids=["all open", "some open", "none open"])
def tree(request: pytest.FixtureRequest, files: CgroupFiles) -> CgroupTree:
    """The tree, looked at once, with so many descriptors."""
    tree = CgroupTree(Hierarchy(files.root, 2, complete=True), DescriptorBudget(request.param))
    assert tree.follow()
    return tree


def ids(tree: CgroupTree) -> set[int]:
    """The containers that are charged."""
    return {int(group.identity.container_id, 16) for group in tree.groups.values()}


def open_files() -> int:
    """How many this process has open."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize("gone", ["/kubepods/burstable/pod1", "/kubepods/burstable", "/kubepods"])
def test_what_takes_the_name_of_another_is_seen(
    files: CgroupFiles, tree: CgroupTree, gone: str, tmp_path: Path
) -> None:
    """A directory that is replaced between two looks by one with as many inside is followed into."""
    others = CgroupFiles(tmp_path / "others")  # made while the first are there, lest they get their inodes
    for number in (1, 2):
        others.make(POD.format(number, number + 2))
    files.remove(gone)
    (others.root / gone.lstrip("/")).rename(files.root / gone.lstrip("/"))
    tree.follow()

    assert ids(tree) == ({3, 2} if gone.endswith("pod1") else {3, 4})
    assert not tree.follow()


def test_a_container_more_is_seen_at_once(files: CgroupFiles, tree: CgroupTree) -> None:
    """A pod's second container is charged from the next look on, as is the first of a new pod."""
    files.make(POD.format(1, 3))
    assert tree.follow()
    assert ids(tree) == {1, 2, 3}
    files.make(POD.format(4, 4))
    assert tree.follow()
    assert ids(tree) == {1, 2, 3, 4}


def test_a_directory_without_any_is_seen_when_it_is_replaced(files: CgroupFiles, tree: CgroupTree) -> None:
    """What has nothing inside is looked at by its path: an open one would not tell that it is gone."""
    (files.root / "empty.slice").mkdir()
    tree.follow()
    (files.root / "empty.slice").rmdir()
    files.make(f"/empty.slice/docker-{5:064x}.scope")

    assert tree.follow()
    assert 5 in ids(tree)


def test_what_is_gone_is_open_no_more(files: CgroupFiles) -> None:
    """Pods that come and go, and a tree that is let go of, leave no descriptor behind."""
    before = open_files()
    budget = DescriptorBudget(100)
    tree = CgroupTree(Hierarchy(files.root, 2, complete=True), budget)
    tree.follow()
    kept = open_files()
    for number in range(3, 50):
        files.make(POD.format(number, number))
        tree.follow()
        files.remove(f"/kubepods/burstable/pod{number}")
        tree.follow()

    assert open_files() == kept > before
    tree.release()
    assert open_files() == before
    assert not tree.follow()
    assert [budget.take() for _ in range(100)].count(True) < 100
    tree.release()
    assert ids(tree) == {1, 2}


def test_counters_have_their_descriptors_first(files: CgroupFiles) -> None:
    """Where few may be open, directories leave them to the counters, which are dearer to open each time."""
    budget = DescriptorBudget(3)
    tree = CgroupTree(Hierarchy(files.root, 2, complete=True), budget)
    tree.follow()

    assert [budget.take() for _ in range(3)] == [True, True, False]
