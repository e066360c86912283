"""Which workload a process belongs to, from fake /proc trees."""

from pathlib import Path

import pytest
from doubles.cgroup_files import CgroupFiles
from doubles.procfs import ProcTree

from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import CgroupIdentity
from exporter.usage.manager import Manager

A, B = "a" * 64, "b" * 64
UID = "74c13223-5a00-11e9-b385-42010a80018d"
SLICE = f"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{UID.replace('-', '_')}.slice"
CONTAINER = f"{SLICE}/cri-containerd-{A}.scope"
IN_POD = CgroupIdentity(Manager.KUBERNETES, pod_uid=UID, container_id=A)
NGINX = CgroupIdentity(Manager.SYSTEMD, unit="nginx.service")


class Processes:
    """A fake /proc with processes in it."""

    def __init__(self, procfs: Path) -> None:
        """Two CPUs and no process."""
        ProcTree(procfs)
        self.procfs = procfs

    def put(self, pid: int, *lines: str, started: int = 1000, command: str = "python3") -> None:
        """A process, its lines of /proc/<pid>/cgroup, and when it started."""
        directory = self.procfs / str(pid)
        directory.mkdir(exist_ok=True)
        before_start = " ".join(["S", "1", *["0"] * 17])
        (directory / "stat").write_text(f"{pid} ({command}) {before_start} {started} 4096 12\n")
        (directory / "cgroup").write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))

    def end(self, pid: int) -> None:
        """The process is gone."""
        for file in ("stat", "cgroup"):
            (self.procfs / str(pid) / file).unlink()
        (self.procfs / str(pid)).rmdir()


@pytest.fixture
def processes(tmp_path: Path) -> Processes:
    """The /proc of a host, mounted somewhere."""
    return Processes(tmp_path / "host-proc")


@pytest.fixture
def files(tmp_path: Path) -> CgroupFiles:
    """A pod's container and a service, on a machine with cgroup v2."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(CONTAINER)
    files.make("/system.slice/nginx.service")
    return files


@pytest.fixture
def reader(files: CgroupFiles, processes: Processes) -> CgroupReader:
    """Has read once."""
    reader = CgroupReader(files.root, processes.procfs)
    reader.read()
    return reader


@pytest.mark.parametrize(
    ("path", "identity"),
    [
        (CONTAINER, IN_POD),
        (f"{CONTAINER}/init.scope", IN_POD),
        ("/system.slice/nginx.service", NGINX),
        ("/system.slice/nginx.service (deleted)", NGINX),
        ("/system.slice/new.service", CgroupIdentity(Manager.SYSTEMD, unit="new.service")),
        (f"/docker/{B}", CgroupIdentity(Manager.CONTAINERS, container_id=B)),
        ("/", None),
        ("/user.slice", None),
        (SLICE, None),
        # From a container with a namespace of cgroups, whose own is named by "/" and others by the way up to them.
        (f"/../cri-containerd-{A}.scope", IN_POD),
        (f"/../cri-containerd-{A}.scope/init.scope", IN_POD),
        (f"/../..{SLICE.removeprefix('/kubepods.slice/kubepods-besteffort.slice')}/cri-containerd-{A}.scope", IN_POD),
        ("/../../../../system.slice/nginx.service", NGINX),
        ("/../../../..", None),
        (f"/../../../../unknown.slice/cri-containerd-{B}.scope", None),
        # A container that came since the last read, with a service in it that others run too.
        (f"/docker/{B}/system.slice/nginx.service", CgroupIdentity(Manager.CONTAINERS, container_id=B)),
        ("/web\udce9/x", None),
    ],
)
def test_a_process_is_its_cgroups(
    processes: Processes, reader: CgroupReader, path: str, identity: CgroupIdentity | None
) -> None:
    """Wherever /proc and the cgroups are looked at from, a process is the charged group's around it, or nobody's."""
    processes.put(7, f"0::{path}")

    assert reader.cgroup_of(7) == identity


def test_a_process_is_found_where_a_part_of_the_tree_is_mounted(tmp_path: Path, processes: Processes) -> None:
    """Docker with cgroup v1 mounts a container's part of the tree, while /proc tells the path in the whole one."""
    files = CgroupFiles(tmp_path / "v1" / "cpuacct", version=1, whole=False)
    files.make("/system.slice/nginx.service")
    reader = CgroupReader(tmp_path / "v1", processes.procfs)
    reader.read()
    processes.put(7, f"3:cpuacct:/docker/{B}/system.slice/nginx.service")

    assert reader.cgroup_of(7) == NGINX


def test_two_containers_that_fit_one_relative_path_are_not_guessed_between(
    files: CgroupFiles, processes: Processes, reader: CgroupReader
) -> None:
    """Where a path from inside a namespace fits several groups, the process is nobody's."""
    for number in (1, 2):
        files.make(f"/tenant{number}/app.service")
    reader.read()
    processes.put(7, "0::/../app.service")

    assert reader.cgroup_of(7) is None


@pytest.mark.parametrize("controllers", ["cpuacct", "cpu,cpuacct"])
def test_version_1_goes_by_the_line_of_cpu_time(tmp_path: Path, processes: Processes, controllers: str) -> None:
    """Each controller of cgroup v1 has a path of its own; that of CPU time counts."""
    files = CgroupFiles(tmp_path / "v1" / controllers, version=1)
    files.make(f"/docker/{A}")
    reader = CgroupReader(tmp_path / "v1", processes.procfs)
    reader.read()
    processes.put(7, "9:name=systemd:/system.slice/docker.service", f"3:{controllers}:/docker/{A}", "0::/init.scope")

    assert reader.cgroup_of(7) == CgroupIdentity(Manager.CONTAINERS, container_id=A)


def test_a_job_without_cpu_accounting_keeps_its_processes(tmp_path: Path, processes: Processes) -> None:
    """SLURM with cgroup v1 counts no CPU time unless told to; a process on a GPU is still known to be the job's."""
    CgroupFiles(tmp_path / "v1" / "cpuacct", version=1)
    reader = CgroupReader(tmp_path / "v1", processes.procfs)
    reader.read()
    processes.put(
        7,
        "5:memory:/slurm/uid_1000/job_42/step_0/task_0",
        "3:cpu,cpuacct:/",
        "1:name=systemd:/system.slice/slurmd.service",
    )
    processes.put(8, "3:cpu,cpuacct:/", "1:name=systemd:/system.slice/slurmd.service")

    assert reader.cgroup_of(7) == CgroupIdentity(Manager.SLURM, unit="job_42")
    assert reader.cgroup_of(8) is None


def test_a_process_that_is_gone_is_nobodys(processes: Processes, reader: CgroupReader) -> None:
    """Also when it was known before."""
    processes.put(7, f"0::{CONTAINER}")
    assert reader.cgroup_of(7) == IN_POD
    processes.end(7)

    assert reader.cgroup_of(7) is None
    assert reader.cgroup_of(4_000_000) is None


def test_a_number_that_is_used_again_is_another_process(processes: Processes, reader: CgroupReader) -> None:
    """A later process with the same number starts at another time, and is not taken for the first."""
    processes.put(7, f"0::{CONTAINER}", started=1000)
    assert reader.cgroup_of(7) == IN_POD
    processes.put(7, "0::/system.slice/nginx.service", started=2000)

    assert reader.cgroup_of(7) == NGINX


def test_a_process_that_is_moved_is_found_again_within_some_reads(processes: Processes, reader: CgroupReader) -> None:
    """Runtimes start a container's process elsewhere and move it; an answer is not kept for ever."""
    processes.put(7, "0::/system.slice/nginx.service")
    assert reader.cgroup_of(7) == NGINX
    processes.put(7, f"0::{CONTAINER}")
    for _ in range(20):
        reader.read()

    assert reader.cgroup_of(7) == IN_POD


@pytest.mark.parametrize("command", ["a b) S 1 (", "((", ")", "x\ny", "py thon"])
def test_a_command_may_hold_anything(processes: Processes, reader: CgroupReader, command: str) -> None:
    """The start time is found behind any command, as it is told apart from the next process's."""
    processes.put(7, f"0::{CONTAINER}", command=command, started=1)
    assert reader.cgroup_of(7) == IN_POD
    processes.put(7, "0::/system.slice/nginx.service", command=command, started=2)

    assert reader.cgroup_of(7) == NGINX


@pytest.mark.parametrize("content", ["", "garbage\n", "0::\n", "::\n", "x:y:z\n"])
def test_a_membership_that_tells_nothing_is_nobodys(processes: Processes, reader: CgroupReader, content: str) -> None:
    """What no kernel writes ends in no workload, and no error."""
    processes.put(7)
    (processes.procfs / "7" / "cgroup").write_text(content)

    assert reader.cgroup_of(7) is None


def test_only_so_many_processes_are_remembered(processes: Processes, reader: CgroupReader) -> None:
    """However many are asked for, each is answered for, and memory stays bounded."""
    for pid in range(10_000, 15_000):
        processes.put(pid, f"0::{CONTAINER}")
        assert reader.cgroup_of(pid) == IN_POD
    source = reader._source

    assert source is not None
    assert len(source.membership._known) == 4096
