"""Where a process says it runs, from fake files, and when that is read and sent at all."""

import os
from pathlib import Path

import pytest
from doubles.cgroup_files import CgroupFiles
from doubles.energy_service import EnergyServer

import joulecast
from joulecast.client import caller as room
from joulecast.client.caller import OwnCgroup, own_cgroups, read_cgroups
from joulecast.client.failure import Misconfigured
from joulecast.v1 import energy_pb2 as pb

POD = "/kubepods/burstable/pod0f3d2a1c/0a1b2c"


def membership(directory: Path, *lines: str) -> Path:
    """A /proc/self/cgroup with these lines."""
    file = directory / "self-cgroup"
    file.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    return file


def test_on_the_host_it_is_the_directory_of_its_path(tmp_path: Path) -> None:
    """The inode is that of the cgroup's own directory, in cgroup v2."""
    directory = CgroupFiles(tmp_path / "cgroup").make(POD)

    seen = read_cgroups(membership(tmp_path, f"0::{POD}"), tmp_path / "cgroup")
    assert seen == (OwnCgroup(2, POD, directory.stat().st_ino),)


def test_in_a_namespace_it_is_the_mount_itself(tmp_path: Path) -> None:
    """A container with a namespace of cgroups is at its root, and that directory has the inode the host knows."""
    CgroupFiles(tmp_path / "cgroup", whole=False)

    seen = read_cgroups(membership(tmp_path, "0::/"), tmp_path / "cgroup")
    assert seen == (OwnCgroup(2, "/", (tmp_path / "cgroup").stat().st_ino),)


@pytest.mark.parametrize("name", ["cpuacct", "cpu,cpuacct"])
def test_of_version_1_the_hierarchy_counts_that_counts_cpu_time(tmp_path: Path, name: str) -> None:
    """Docker without a namespace shows the host's path and mounts only the container's own directory."""
    CgroupFiles(tmp_path / "cgroup" / name, version=1, whole=False)

    seen = read_cgroups(membership(tmp_path, "3:cpu,cpuacct:/docker/0a", "2:memory:/docker/0a"), tmp_path / "cgroup")
    assert seen == (OwnCgroup(1, "/docker/0a", (tmp_path / "cgroup" / name).stat().st_ino),)


def test_of_a_hybrid_machine_both_are_told(tmp_path: Path) -> None:
    """Which of them counts only the exporter knows."""
    first = CgroupFiles(tmp_path / "cgroup" / "cpuacct", version=1).make("/job")
    second = CgroupFiles(tmp_path / "cgroup" / "unified").make("/user.slice")

    seen = read_cgroups(membership(tmp_path, "2:cpuacct:/job", "1:cpu:/other", "0::/user.slice"), tmp_path / "cgroup")
    assert seen == (
        OwnCgroup(1, "/job", first.stat().st_ino),
        OwnCgroup(2, "/user.slice", second.stat().st_ino),
    )


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("0::/../../elsewhere", (OwnCgroup(2, "/../../elsewhere", 0),)),
        ("3:cpuacct:/job", (OwnCgroup(1, "/job", 0),)),
        (f"0::/{'x' * 5000}", ()),
        ("0::relative", ()),
        ("0::/\x1b[2J", ()),
        ("nonsense", ()),
        ("", ()),
    ],
)
def test_what_cannot_be_seen_has_no_inode(tmp_path: Path, line: str, seen: tuple[OwnCgroup, ...]) -> None:
    """Above the root of the namespace, in an unmounted hierarchy, or in words that are none: nothing is guessed."""
    CgroupFiles(tmp_path / "cgroup")

    assert read_cgroups(membership(tmp_path, line), tmp_path / "cgroup") == seen


def test_a_machine_without_cgroups_is_no_error(tmp_path: Path) -> None:
    """Neither file nor mount: nowhere."""
    assert read_cgroups(tmp_path / "none", tmp_path / "none") == ()
    assert read_cgroups(membership(tmp_path, "0::/a"), tmp_path / "none") == (OwnCgroup(2, "/a", 0),)


def test_any_bytes_are_a_path_that_can_be_sent(tmp_path: Path) -> None:
    """Bytes that are no text are written out, as the exporter writes them."""
    CgroupFiles(tmp_path / "cgroup")

    ((_, path, _),) = read_cgroups(membership(tmp_path, "0::/x\udce9"), tmp_path / "cgroup")
    assert path == "/x\\xe9"


def test_a_forked_child_looks_for_itself() -> None:
    """A child may have been put elsewhere, so it does not believe what its parent read."""
    room._known = (os.getpid(), (OwnCgroup(2, "/parent", 1),))
    try:
        child = os.fork()
        if child == 0:
            os._exit(own_cgroups() == (OwnCgroup(2, "/parent", 1),))
        _, status = os.waitpid(child, 0)
        kept = own_cgroups()
    finally:
        room._known = None

    assert os.waitstatus_to_exitcode(status) == 0
    assert kept == (OwnCgroup(2, "/parent", 1),)


def test_nobody_is_told_unless_asked(server: EnergyServer) -> None:
    """An interval that does not ask says nothing of where it runs, and reads nothing."""
    room._known = None
    joulecast.begin("train", address=server.address).end()

    (request,) = server.service.asked("BeginInterval")
    assert not request.HasField("caller")
    assert room._known is None


def test_every_way_of_tagging_may_ask(server: EnergyServer) -> None:
    """With-blocks, decorators, begins and batches send where they run, each row of a batch too."""
    with joulecast.interval("block", scope="container", address=server.address):
        pass

    @joulecast.interval("decorated", scope="container", address=server.address)
    def work() -> None:
        """Nothing."""

    work()
    joulecast.begin("begun", scope="container", address=server.address).end()
    with joulecast.batch("batch", scope="container", address=server.address) as tags:
        tags.begin("row").end()

    begun = server.service.asked("BeginInterval")
    assert [request.name for request in begun] == ["block", "decorated", "begun", "batch"]
    rows = [row for request in server.service.asked("RecordIntervals") for row in request.intervals]
    for request in (*begun, *rows):
        assert request.HasField("caller")
        assert [(seen.version, seen.path, seen.inode) for seen in request.caller.cgroups] == [*own_cgroups()]
        assert request.caller.boot_id == request.caller.boot_id.strip() != ""


def test_the_share_is_read_like_everything_else(server: EnergyServer) -> None:
    """Joules, names, components and notes are in `energy.container`; without a share there is None."""
    energy = joulecast.begin("train", scope="container", address=server.address)
    (row,) = server.service.intervals.values()
    row.container.CopyFrom(
        pb.ContainerShare(
            manager="kubernetes",
            namespace="shop",
            pod="web-0",
            container="main",
            gross_joules=12.5,
            uncertainty_joules=0.5,
            coverage=0.9,
            components=[
                pb.ContainerComponent(
                    component=pb.COMPONENT_CPU, gross_joules=12.5, coverage=0.9, methods=["cpu_time"]
                ),
                pb.ContainerComponent(component=pb.COMPONENT_GPU),
            ],
            notes=["who used what was not seen for 1.0 s of 10.0 s"],
        )
    )
    again = joulecast.begin("other", address=server.address)
    share = energy.end().container

    assert share is not None
    assert (share.joules, share.uncertainty_joules, share.coverage) == (12.5, 0.5, 0.9)
    assert share.name == "shop/web-0/main"
    assert share.components["cpu"].methods == ("cpu_time",)
    assert share.components["gpu"].gross_joules is None
    assert share.notes == ("who used what was not seen for 1.0 s of 10.0 s",)
    assert again.container is None


def test_an_unknown_scope_is_said_and_costs_nothing(server: EnergyServer) -> None:
    """One warning, and the node's energy as ever; with `strict` it is an error with a remedy."""
    with pytest.warns(RuntimeWarning, match="scope 'pod' is unknown"):
        joulecast.begin("train", scope="pod", address=server.address).end()
    with pytest.raises(Misconfigured, match='scope="container"'):
        joulecast.interval("train", scope="pod", strict=True, address=server.address)

    assert not server.service.asked("BeginInterval")[0].HasField("caller")
