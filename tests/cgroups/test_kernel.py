"""CPU time by workload from this machine's own cgroups, against what the kernel tells of each process."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.awaiting import until
from doubles.cgroup_kernel import KernelCgroups, kernel_cgroups, root_of

from exporter.usage.cgroups.descriptors import DescriptorBudget
from exporter.usage.cgroups.reader import CgroupReader
from exporter.usage.evidence import CgroupIdentity, CgroupUse, CpuUse
from exporter.usage.manager import Manager

PROCFS = Path("/proc")
POD = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f3d2a1c_0000_4000_8000_{:012d}.slice"
CONTAINER = "cri-containerd-{:064x}.scope"


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def groups(request: pytest.FixtureRequest) -> Iterator[KernelCgroups]:
    """Cgroups below a parent of the test's own, in each hierarchy this machine has."""
    root = root_of(request.param)
    if root is None:
        pytest.skip(f"this machine has no cgroup v{request.param} that counts CPU time")
    if os.geteuid() != 0:
        pytest.skip("cgroups are made as root")
    try:
        with kernel_cgroups(root, request.node.name.split("[")[0]) as groups:
            yield groups
    except OSError as error:
        if error.filename and Path(error.filename).parent == root:
            pytest.skip(f"cgroups cannot be made here: {error}")
        raise


@pytest.fixture(params=[None, 0], ids=["kept open", "opened each time"])
def reader(request: pytest.FixtureRequest, groups: KernelCgroups, tmp_path: Path) -> Iterator[CgroupReader]:
    """Reads the whole machine, with descriptors and without any."""
    mount_point = groups.root
    if not (mount_point / "cgroup.controllers").exists():
        mount_point = tmp_path  # where v1's is the only hierarchy, whatever this machine has
        (tmp_path / "cpuacct").symlink_to(groups.root)
    budget = DescriptorBudget() if request.param is None else DescriptorBudget(request.param)
    reader = CgroupReader(mount_point, PROCFS, budget)
    yield reader
    reader.close()


def mine(groups: KernelCgroups, use: CpuUse | None) -> dict[str, CgroupUse]:
    """The test's own charged groups by their path below its parent."""
    assert use is not None
    return {
        group.path.removeprefix(f"{groups.parent}/"): group
        for group in use.groups.values()
        if group.path.startswith(f"{groups.parent}/")
    }


def own_seconds(pid: int) -> float:
    """The CPU time of a process with one thread, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def test_each_container_is_charged_what_its_processes_used(groups: KernelCgroups, reader: CgroupReader) -> None:
    """Of two containers one burns three times what the other does; each has the CPU time of its own process."""
    large, small = f"{POD.format(1)}/{CONTAINER.format(1)}", f"{POD.format(2)}/{CONTAINER.format(2)}"
    processes = groups.start(large, cpu=0, share=0.45), groups.start(small, cpu=0, share=0.15)
    groups.hold(*processes)
    before, truth_before = mine(groups, reader.read()), [own_seconds(process.pid) for process in processes]
    for process in processes:
        process.send_signal(signal.SIGCONT)
    groups.burn(*processes)
    until(lambda: own_seconds(processes[0].pid) > truth_before[0] + 0.3)
    groups.hold(*processes)
    after, truth_after = mine(groups, reader.read()), [own_seconds(process.pid) for process in processes]

    for path, begin, end in zip((large, small), truth_before, truth_after, strict=True):
        used = after[path].cpu_seconds - before[path].cpu_seconds
        assert used == pytest.approx(end - begin, rel=0.01, abs=0.002)
    assert after[large].identity == CgroupIdentity(
        Manager.KUBERNETES, pod_uid="0f3d2a1c-0000-4000-8000-000000000001", container_id=f"{1:064x}"
    )


def test_the_machine_is_as_busy_as_its_groups_at_least(groups: KernelCgroups, reader: CgroupReader) -> None:
    """While a process burns, the machine's busy time grows by no less than its group's, and no more than CPUs can."""
    process = groups.start("system.slice/burner.service")
    begin = os.times().elapsed
    before = reader.read()
    groups.burn(process)
    started = own_seconds(process.pid)
    until(lambda: own_seconds(process.pid) > started + 0.5)
    after = reader.read()
    elapsed = os.times().elapsed - begin

    assert before is not None
    assert after is not None
    path = "system.slice/burner.service"
    used = mine(groups, after)[path].cpu_seconds - mine(groups, before)[path].cpu_seconds
    busy = after.busy_seconds - before.busy_seconds
    assert used - 0.05 <= busy <= after.cpus * elapsed + 0.05
    assert after.cpus == os.cpu_count()


def test_a_group_that_came_since_the_last_read_is_in_the_next(groups: KernelCgroups, reader: CgroupReader) -> None:
    """A new pod is there at once, and its new second container too; what is gone is not."""
    first, second = (f"{POD.format(1)}/{CONTAINER.format(number)}" for number in (1, 2))
    reader.read()
    groups.make(first)
    assert mine(groups, reader.read()).keys() == {first}
    groups.make(second)
    assert mine(groups, reader.read()).keys() == {first, second}
    groups.remove(first)
    assert mine(groups, reader.read()).keys() == {second}
    groups.remove(POD.format(1))
    assert mine(groups, reader.read()).keys() == set()


@pytest.mark.parametrize("path", ["system.slice/web.service", "slurm/uid_1000/job_42"])
def test_one_group_in_anothers_place_is_another(groups: KernelCgroups, reader: CgroupReader, path: str) -> None:
    """A service that was restarted, a job that was queued again and a container that replaced one begin at zero.

    The directory around them has as many links as before.
    """
    old, new = (f"{POD.format(1)}/{CONTAINER.format(number)}" for number in (1, 2))
    process = groups.start(path)
    groups.burn(process)
    until(lambda: own_seconds(process.pid) > 0.1)
    groups.make(old)
    before = mine(groups, reader.read())
    groups.end(process)
    for gone in (path, old):
        groups.remove(gone)
    for made in (path, new):
        groups.make(made)
    after = mine(groups, reader.read())

    assert after.keys() == {path, new}
    assert after[path].cgroup_id != before[path].cgroup_id
    assert before[path].cpu_seconds > 0
    assert after[path].cpu_seconds == 0


def test_a_container_inside_a_service_is_charged_once(groups: KernelCgroups, reader: CgroupReader) -> None:
    """A service has what it used itself; the container it started, and what it started later, have theirs."""
    service = "system.slice/quadlet.service"
    inside = f"{service}/libpod-payload-{7:064x}"
    keeper = groups.start(f"{service}/runtime", share=0.2)
    groups.burn(keeper)
    before = mine(groups, reader.read())
    worker = groups.start(inside, cpu=os.cpu_count() - 1 if (os.cpu_count() or 1) > 1 else 0, share=0.4)
    reader.read()
    groups.burn(worker)
    until(lambda: own_seconds(worker.pid) > 0.3)
    groups.hold(keeper, worker)
    after = mine(groups, reader.read())

    assert before.keys() == {service}
    assert after.keys() == {service, inside}
    assert after[service].cpu_seconds == pytest.approx(own_seconds(keeper.pid), abs=0.05)
    assert after[inside].cpu_seconds == pytest.approx(own_seconds(worker.pid), abs=0.05)
    groups.end(worker)
    groups.remove(inside)
    later = mine(groups, reader.read())
    assert later.keys() == {service}
    assert later[service].cpu_seconds == pytest.approx(after[service].cpu_seconds, abs=0.02)


def test_services_inside_a_container_are_the_containers(groups: KernelCgroups, reader: CgroupReader) -> None:
    """What systemd starts in a container and Docker in a pod has groups of its own, and is not charged by itself."""
    machine = f"system.slice/docker-{3:064x}.scope"
    pod = f"{POD.format(1)}/{CONTAINER.format(1)}"
    groups.make(f"{machine}/system.slice/nginx.service")
    groups.make(f"{pod}/docker/{4:064x}")

    assert mine(groups, reader.read()).keys() == {machine, pod}


def test_a_process_is_found_in_its_group(groups: KernelCgroups, reader: CgroupReader) -> None:
    """A process of a job's step is the job's, also before the group was read; one that is gone is nobody's."""
    process = groups.start("slurm/uid_1000/job_42/step_0/task_0")
    assert reader.cgroup_of(process.pid) is None  # nothing was read yet
    reader.read()
    assert reader.cgroup_of(process.pid) == CgroupIdentity(Manager.SLURM, unit="job_42")
    later = groups.start("system.slice/late.service")
    assert reader.cgroup_of(later.pid) == CgroupIdentity(Manager.SYSTEMD, unit="late.service")
    groups.end(process)
    assert reader.cgroup_of(process.pid) is None


def test_a_workload_is_found_by_the_inode_it_sees(groups: KernelCgroups, reader: CgroupReader) -> None:
    """The inode of a container's own directory, and of one below it that the container runs in, stand for it."""
    path = f"{POD.format(1)}/{CONTAINER.format(1)}"
    inner = groups.make(f"{path}/container")
    reader.read()
    identity = CgroupIdentity(Manager.KUBERNETES, "0f3d2a1c-0000-4000-8000-000000000001", f"{1:064x}")

    assert reader.by_inode(inner.parent.stat().st_ino) == identity
    assert reader.by_inode(inner.stat().st_ino) == identity
    assert reader.by_inode(groups.directory.stat().st_ino) is None


def test_two_thousand_groups_are_all_read(groups: KernelCgroups, reader: CgroupReader) -> None:
    """2,000 containers are read each time, also when a quarter of them goes between two reads."""
    paths = [f"{POD.format(number // 4)}/{CONTAINER.format(number)}" for number in range(2000)]
    for path in paths:
        groups.make(path)
    assert mine(groups, reader.read()).keys() == set(paths)
    for path in paths[::4]:
        groups.remove(path)

    assert mine(groups, reader.read()).keys() == set(paths) - set(paths[::4])


def test_a_namespace_of_cgroups_hides_no_process(groups: KernelCgroups, tmp_path: Path) -> None:
    """A reader in a container's own namespace, where paths begin with "..", still knows whose each process is."""
    if shutil.which("unshare") is None:
        pytest.skip("no unshare(1)")
    number = os.getpid()  # a name below ".." is known if it is the only one: other tests must not have it
    process = groups.start(f"{POD.format(number)}/{CONTAINER.format(number)}")
    own = groups.make(f"{POD.format(number)}/{CONTAINER.format(2)}")
    (tmp_path / "cpuacct").symlink_to(groups.root)
    script = (
        "import pathlib, sys\n"
        "from exporter.usage.cgroups.reader import CgroupReader\n"
        "reader = CgroupReader(pathlib.Path(sys.argv[1]), pathlib.Path('/proc'))\n"
        "reader.read()\n"
        "print(pathlib.Path('/proc', sys.argv[2], 'cgroup').read_text().count('/..'))\n"
        "print(reader.cgroup_of(int(sys.argv[2])).container_id)\n"
    )
    enter = 'echo $$ > "$1/cgroup.procs" && shift && exec unshare --cgroup -- "$@"'
    mount_point = groups.root if (groups.root / "cgroup.controllers").exists() else tmp_path
    command = [sys.executable, "-c", script, str(mount_point), str(process.pid)]
    answer = subprocess.run(
        ["sh", "-c", enter, "sh", str(own), *command], capture_output=True, text=True, check=False, timeout=60
    )

    if "unshare failed" in answer.stderr:
        pytest.skip(f"no namespaces here: {answer.stderr.strip()}")
    relative, container = answer.stdout.split()
    assert int(relative) > 0
    assert container == f"{number:064x}"
