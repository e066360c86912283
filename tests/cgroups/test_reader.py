"""CPU time by workload from trees that imitate those of machines this one is not."""

import logging
import threading
from pathlib import Path

import pytest
from doubles.cgroup_files import CgroupFiles
from doubles.procfs import ProcTree

from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import CgroupIdentity, CpuUse
from exporter.usage.manager import Manager

A, B = "a" * 64, "b" * 64
POD = "/kubepods/burstable/pod74c13223-5a00-11e9-b385-42010a80018d"
NGINX = "/system.slice/nginx.service"


@pytest.fixture
def proc(tmp_path: Path) -> ProcTree:
    """Two CPUs that were busy for 50 s each."""
    return ProcTree(tmp_path / "proc")


def seconds(use: CpuUse | None) -> dict[str, float]:
    """CPU time by path."""
    assert use is not None
    return {group.path: group.cpu_seconds for group in use.groups.values()}


def test_version_2_tells_containers_services_and_the_machine(tmp_path: Path, proc: ProcTree) -> None:
    """Each workload has its CPU time in seconds, the machine its own, and the CPUs are counted."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(f"{POD}/{A}", 12.5)
    files.make(NGINX, 3.25)
    reader = CgroupReader(files.root, proc.procfs)
    use = reader.read()

    assert use is not None
    assert seconds(use) == {f"{POD}/{A}": 12.5, NGINX: 3.25}
    assert (use.busy_seconds, use.cpus) == (100.0, 2)
    assert reader.describe() == f"cgroup v2 at {files.root}, 2 charged groups (1 kubernetes, 1 systemd)"
    assert all(group.cgroup_id == inode for inode, group in use.groups.items())


@pytest.mark.parametrize("name", ["cpuacct", "cpu,cpuacct", "cpuacct,cpu"])
def test_version_1_is_read_where_cpuacct_is_mounted(tmp_path: Path, proc: ProcTree, name: str) -> None:
    """The controller may be mounted alone or with cpu, in either order; it counts nanoseconds."""
    files = CgroupFiles(tmp_path / "cgroup" / name, version=1)
    files.make("/slurm/uid_1000/job_42/step_0", 7.0)
    files.spend("/slurm/uid_1000/job_42", 8.0)
    reader = CgroupReader(tmp_path / "cgroup", proc.procfs)
    use = reader.read()

    assert use is not None
    assert seconds(use) == {"/slurm/uid_1000/job_42": 8.0}
    assert use.busy_seconds == 100.0
    assert "cgroup v1 (cpuacct) at" in reader.describe()


def test_a_hybrid_machine_is_read_where_its_containers_are(tmp_path: Path, proc: ProcTree) -> None:
    """Containers decide, not services: systemd keeps its services in v2 while a runtime may use v1, or the reverse."""
    first = CgroupFiles(tmp_path / "one" / "cpuacct", version=1)
    first.make(f"/docker/{A}", 5.0)
    CgroupFiles(tmp_path / "one" / "unified").make(NGINX, 1.0)
    CgroupFiles(tmp_path / "two" / "cpuacct", version=1).make("/user.slice", 2.0)
    CgroupFiles(tmp_path / "two" / "unified").make(NGINX, 1.0)

    assert seconds(CgroupReader(tmp_path / "one", proc.procfs).read()) == {f"/docker/{A}": 5.0}
    assert seconds(CgroupReader(tmp_path / "two", proc.procfs).read()) == {NGINX: 1.0}


def test_a_hybrid_machine_is_looked_at_again_when_containers_come(tmp_path: Path, proc: ProcTree) -> None:
    """The first job of a node may come long after start, in the other tree: that is then read, after one None."""
    first = CgroupFiles(tmp_path / "cgroup" / "cpuacct", version=1)
    CgroupFiles(tmp_path / "cgroup" / "unified").make(NGINX, 1.0)
    reader = CgroupReader(tmp_path / "cgroup", proc.procfs)
    assert seconds(reader.read()) == {NGINX: 1.0}
    first.make("/slurm/uid_1000/job_42", 2.0)
    reads = [reader.read() for _ in range(30)]

    assert reads.count(None) == 1
    assert seconds(reads[-1]) == {"/slurm/uid_1000/job_42": 2.0}
    switched = reads.index(None)
    assert all(seconds(read) == {NGINX: 1.0} for read in reads[:switched])


def test_a_part_of_a_tree_leaves_the_machine_to_proc(tmp_path: Path, proc: ProcTree) -> None:
    """Inside a container the root's counter is the container's: how busy the machine is comes from /proc/stat."""
    files = CgroupFiles(tmp_path / "cgroup", whole=False)
    files.make(f"{POD}/{A}", 2.0)
    reader = CgroupReader(files.root, proc.procfs)
    before = reader.read()
    proc.spend(0, user=150, iowait=50, steal=70, idle=30)
    proc.spend(1, system=50, irq=10, softirq=15, guest=20)
    after = reader.read()

    assert before is not None
    assert after is not None
    assert after.busy_seconds - before.busy_seconds == pytest.approx(2.25)
    assert "seen from inside a container" in reader.describe()


def test_stolen_time_is_not_the_machines(tmp_path: Path, proc: ProcTree) -> None:
    """The root's usage_usec of cgroup v2 holds the time in which the hypervisor ran others; it is left out."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.break_counter("/", b"usage_usec 90000000\nuser_usec 50000000\nsystem_usec 10000000\n")
    use = CgroupReader(files.root, proc.procfs).read()

    assert use is not None
    assert use.busy_seconds == 60.0


def test_a_machine_without_cgroups_tells_nothing_but_what_to_do(tmp_path: Path, proc: ProcTree) -> None:
    """A container without /sys/fs/cgroup reads None, says what to mount, and begins when it is there."""
    reader = CgroupReader(tmp_path / "cgroup", proc.procfs)
    assert reader.read() is None
    assert reader.describe() == (
        f"no cgroups that count CPU time at {tmp_path}/cgroup: "
        "mount the host's /sys/fs/cgroup there to tell workloads apart"
    )
    assert reader.cgroup_of(1) is None
    assert reader.by_inode(1) is None
    CgroupFiles(tmp_path / "cgroup").make(NGINX, 1.0)

    assert seconds(reader.read()) == {NGINX: 1.0}


def test_a_tree_that_goes_away_is_missed_once(tmp_path: Path, proc: ProcTree, caplog: pytest.LogCaptureFixture) -> None:
    """When the mount is gone reads are None, one line says so, and it is found again when it is back."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(NGINX, 1.0)
    reader = CgroupReader(files.root, proc.procfs)
    reader.read()
    files.root.rename(tmp_path / "elsewhere")
    assert [reader.read() for _ in range(3)] == [None, None, None]
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == 1
    (tmp_path / "elsewhere").rename(files.root)

    assert seconds(reader.read()) == {NGINX: 1.0}


@pytest.mark.parametrize(
    "content", [b"", b"usage_usec\n", b"usage_usec -5\n", b"usage_usec 1_0\n", b"\x00\xff", b"7\n"]
)
def test_garbage_in_a_counter_costs_that_group_alone(
    tmp_path: Path, proc: ProcTree, caplog: pytest.LogCaptureFixture, content: bytes
) -> None:
    """A group whose counter holds no number is left out, counted and named once in the log; it may recover."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(NGINX, 1.0)
    files.make(f"{POD}/{A}", 2.0)
    reader = CgroupReader(files.root, proc.procfs)
    reader.read()
    files.break_counter(NGINX, content)
    for _ in range(3):
        assert seconds(reader.read()) == {f"{POD}/{A}": 2.0}
    assert reader.describe().endswith(", 1 unreadable")
    assert len([record for record in caplog.records if NGINX in record.message]) == 1
    files.spend(NGINX, 1.5)

    assert seconds(reader.read()) == {f"{POD}/{A}": 2.0, NGINX: 1.5}
    assert "unreadable" not in reader.describe()


def test_a_counter_that_cannot_be_read_costs_that_group_alone(
    tmp_path: Path, proc: ProcTree, caplog: pytest.LogCaptureFixture
) -> None:
    """What is no file, or may not be read, is left out, and named once in the log."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(f"{POD}/{A}", 2.0)
    broken = files.make(NGINX)
    (broken / "cpu.stat").unlink()
    (broken / "cpu.stat").mkdir()
    reader = CgroupReader(files.root, proc.procfs)

    for _ in range(3):
        assert seconds(reader.read()) == {f"{POD}/{A}": 2.0}
    assert len([record for record in caplog.records if NGINX in record.message]) == 1


def test_a_counter_that_goes_backwards_is_told_as_it_is(tmp_path: Path, proc: ProcTree) -> None:
    """Who splits the energy decides what a smaller number means."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(NGINX, 9.0)
    reader = CgroupReader(files.root, proc.procfs)
    assert seconds(reader.read()) == {NGINX: 9.0}
    files.spend(NGINX, 4.0)

    assert seconds(reader.read()) == {NGINX: 4.0}


def test_a_pod_that_vanishes_is_no_longer_told(tmp_path: Path, proc: ProcTree) -> None:
    """A pod that is gone between two reads leaves the others as they were."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make(f"{POD}/{A}", 1.0)
    files.make(f"/kubepods/pod58662905-8ccc-11e7-a695-c85b76cda386/{B}", 2.0)
    reader = CgroupReader(files.root, proc.procfs)
    reader.read()
    files.remove(POD)

    assert seconds(reader.read()) == {f"/kubepods/pod58662905-8ccc-11e7-a695-c85b76cda386/{B}": 2.0}


def test_names_of_odd_bytes_are_told_as_text(tmp_path: Path, proc: ProcTree) -> None:
    """A cgroup may have any name; its path and unit can always be encoded."""
    files = CgroupFiles(tmp_path / "cgroup")
    files.make("/system.slice/web\udce9.service", 1.0)
    files.make('/system.slice/"{}\\\t.service', 2.0)
    use = CgroupReader(files.root, proc.procfs).read()

    assert seconds(use) == {"/system.slice/web\\xe9.service": 1.0, '/system.slice/"{}\\\t.service': 2.0}
    assert use is not None
    assert {group.identity.unit for group in use.groups.values()} == {"web\\xe9.service", '"{}\\\t.service'}


def test_a_node_inside_a_container_is_charged_by_its_pods(tmp_path: Path, proc: ProcTree) -> None:
    """A container that is a Kubernetes node itself has what its pods did not use."""
    files = CgroupFiles(tmp_path / "cgroup")
    node = f"/docker/{A}"
    files.make(f"{node}{POD}/{B}", 6.0)
    files.make(f"{node}/system.slice/kubelet.service", 1.0)
    files.spend(node, 10.0)
    use = CgroupReader(files.root, proc.procfs).read()

    assert seconds(use) == {node: 4.0, f"{node}{POD}/{B}": 6.0}


def test_what_is_left_of_a_service_is_never_taken_back(tmp_path: Path, proc: ProcTree) -> None:
    """The container's counter is read a little later and may seem to have grown more than the service's around it."""
    files = CgroupFiles(tmp_path / "cgroup")
    service, inside = "/system.slice/app.service", f"/system.slice/app.service/libpod-payload-{A}"
    files.make(inside, 1.0)
    files.spend(service, 3.0)
    reader = CgroupReader(files.root, proc.procfs)
    assert seconds(reader.read()) == {service: 2.0, inside: 1.0}
    files.spend(inside, 1.5)
    assert seconds(reader.read()) == {service: 2.0, inside: 1.5}
    files.spend(service, 4.0)
    assert seconds(reader.read()) == {service: 2.5, inside: 1.5}
    files.remove(inside)

    assert seconds(reader.read()) == {service: 2.5}


def test_a_service_that_starts_a_container_keeps_what_it_had(tmp_path: Path, proc: ProcTree) -> None:
    """Its first container's counter, read a little later, takes nothing from what the service was told to have used."""
    files = CgroupFiles(tmp_path / "cgroup")
    service, inside = "/system.slice/app.service", f"/system.slice/app.service/libpod-payload-{A}"
    files.make(service, 2.0)
    reader = CgroupReader(files.root, proc.procfs)
    assert seconds(reader.read()) == {service: 2.0}
    files.make(inside, 0.5)

    assert seconds(reader.read()) == {service: 2.0, inside: 0.5}


def test_others_may_ask_while_it_reads(tmp_path: Path, proc: ProcTree) -> None:
    """Intervals ask for workloads in threads of their own, while groups come and go and are read."""
    files = CgroupFiles(tmp_path / "cgroup")
    stays = files.make(NGINX, 1.0).stat().st_ino
    reader = CgroupReader(files.root, proc.procfs)
    reader.read()
    answers: set[CgroupIdentity | None] = set()
    finished = threading.Event()

    def ask() -> None:
        while not finished.is_set():
            answers.add(reader.by_inode(stays))
            reader.by_inode(-1)
            reader.cgroup_of(1)
            reader.describe()

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for number in range(200):
            files.make(f"{POD}/{number:064x}", 1.0)
            assert len(seconds(reader.read())) == 2
            files.remove(f"{POD}/{number:064x}")
    finally:
        finished.set()
        asking.join()

    assert answers == {CgroupIdentity(Manager.SYSTEMD, unit="nginx.service")}


def test_who_uses_nothing_is_told_by_the_same_object(tmp_path: Path, proc: ProcTree) -> None:
    """Most of a machine's groups use nothing between two reads and cost nothing new."""
    files = CgroupFiles(tmp_path / "cgroup")
    inode = files.make(NGINX, 1.0).stat().st_ino
    reader = CgroupReader(files.root, proc.procfs)
    first, second = reader.read(), reader.read()

    assert first is not None
    assert second is not None
    assert first.groups[inode] is second.groups[inode]
    assert first.groups[inode].identity == CgroupIdentity(Manager.SYSTEMD, unit="nginx.service")


def test_a_machine_that_tells_no_busy_time_tells_nothing(tmp_path: Path) -> None:
    """Without the root's counter and without /proc/stat nobody knows what a group's share is of."""
    files = CgroupFiles(tmp_path / "cgroup", whole=False)
    files.make(NGINX, 1.0)

    assert CgroupReader(files.root, tmp_path / "no-proc").read() is None


def test_cpus_that_come_are_counted_before_long(tmp_path: Path, proc: ProcTree) -> None:
    """A machine that is given CPUs while it runs is known to have them within some dozen looks."""
    files = CgroupFiles(tmp_path / "cgroup")
    reader = CgroupReader(files.root, proc.procfs)
    assert (use := reader.read()) is not None
    assert use.cpus == 2
    proc.ticks |= {cpu: dict(proc.ticks[0]) for cpu in (2, 3)}
    proc.write_stat()
    counts = [use.cpus for _ in range(61) if (use := reader.read()) is not None]

    assert len(counts) == 61
    assert counts[-1] == 4
