"""An interval of one container: from a process inside a real cgroup of this machine to its own joules, and back."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles.burning import BurningTree, Wave
from doubles.cgroup_kernel import KernelCgroups, kernel_cgroups, root_of
from doubles.exporter_process import COMMAND, ExporterProcess
from doubles.sysfs import PowercapTree

WATTS = 100.0
# Every exporter of this machine sees every cgroup: names are this process's own, or tests at the same time would share.
UIDS = tuple(f"0f3d2a1c-0000-4000-8000-{10 * os.getpid() + number:012d}" for number in (1, 2))
CONTAINERS = tuple(f"{10 * os.getpid() + number:064x}" for number in (1, 2))
SERVICE = f"burner-{os.getpid()}.service"
LARGE, SMALL = (
    f"kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{uid.replace('-', '_')}.slice"
    f"/cri-containerd-{container}.scope"
    for uid, container in zip(UIDS, CONTAINERS, strict=True)
)

# Uses so many CPUs, in bursts that make up for what the machine did not give it, and tells what its interval took. What
# it takes to start is over some steps of attribution before that.
_WORKLOAD = """
import json, sys, time
import joulecast
from joulecast.cli.document import document_of

address, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
joulecast.begin("warm up", address=address).end().result()
time.sleep(1.5)
print("ready", flush=True)
sys.stdin.readline()
with joulecast.interval("burn", scope="container", strict=True, address=address) as energy:
    print("open", flush=True)
    begin, used = time.monotonic(), time.process_time()
    while (elapsed := time.monotonic() - begin) < seconds:
        while time.process_time() - used < rate * elapsed:
            pass
        time.sleep(0.005)
    used = time.process_time() - used
print(json.dumps({**document_of(energy.result()), "used": used}), flush=True)
"""

_INSIDE = 'echo $$ > "$0/cgroup.procs"; shift; exec "$@"'
_ISOLATED = """
echo $$ > "$0/cgroup.procs"
exec unshare --cgroup --mount sh -c 'mount --bind "$0" "$1"; shift; exec "$@"' "$0" "$@"
"""


class Machine:
    """Real cgroups, a socket that burns known watts, and the exporter."""

    def __init__(self, directory: Path, groups: KernelCgroups) -> None:
        self.groups = groups
        sysfs = directory / "sys"
        self.burning = BurningTree(PowercapTree.server(sysfs, sockets=1, dram=False), {"package-0": Wave(WATTS)})
        (sysfs / "fs").mkdir()
        if (groups.root / "cgroup.controllers").exists():
            (sysfs / "fs" / "cgroup").symlink_to(groups.root)
        else:
            (sysfs / "fs" / "cgroup").mkdir()
            (sysfs / "fs" / "cgroup" / "cpuacct").symlink_to(groups.root)
        self.exporter = ExporterProcess(directory, "--sysfs", str(sysfs), "--period", "0.5")
        self._processes: list[subprocess.Popen[str]] = []

    def workload(
        self, group: str | None, *, cpus: float = 0.1, seconds: float = 5.0, isolated: bool = False
    ) -> subprocess.Popen[str]:
        """A process inside that group, or where this one is, that waits for `go`.

        An `isolated` one sees nothing but its own cgroup, as in a container.
        """
        command = [sys.executable, "-c", _WORKLOAD, self.exporter.grpc, str(cpus), str(seconds)]
        if group is not None:
            directory = self.groups.make(group)
            command = [
                *("sh", "-c", _ISOLATED if isolated else _INSIDE, str(directory), str(self.groups.root)),
                *command,
            ]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._processes.append(process)
        self._expect(process, "ready")
        return process

    def go(self, *processes: subprocess.Popen[str]) -> None:
        """Let them begin their intervals; returns once they have."""
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in processes:
            self._expect(process, "open")

    def told(self, process: subprocess.Popen[str]) -> dict[str, Any]:
        """What its interval took, as it tells itself."""
        answer, _ = process.communicate(timeout=60)
        document: dict[str, Any] = json.loads(answer)
        return document

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
            process.communicate()

    @staticmethod
    def _expect(process: subprocess.Popen[str], word: str) -> None:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{word}\n"


@pytest.fixture(params=[1, 2], ids=["v1", "v2"])
def machine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Machine]:
    """Ready, in each hierarchy this machine has."""
    root = root_of(request.param)
    if root is None:
        pytest.skip(f"this machine has no cgroup v{request.param} that counts CPU time")
    if os.geteuid() != 0:
        pytest.skip("cgroups are made as root")
    try:
        with kernel_cgroups(root, "whose-interval") as groups:
            groups.make(LARGE)
            groups.make(SMALL)
            machine = Machine(tmp_path, groups)
            try:
                with machine.burning, machine.exporter:
                    yield machine
            finally:
                machine.close()
    except OSError as error:
        if error.filename and Path(error.filename).parent == root:
            pytest.skip(f"cgroups cannot be made here: {error}")
        raise


def part_of(told: dict[str, Any]) -> float:
    """The part of this machine that an interval's process used."""
    return float(told["used"] / (told["duration_seconds"] * (os.cpu_count() or 1)))


def test_three_to_one(machine: Machine) -> None:
    """Of two containers one uses three times the CPU time of the other, and each is told joules of the same ratio."""
    large = machine.workload(LARGE, cpus=0.3, seconds=8.0)
    small = machine.workload(SMALL, cpus=0.1, seconds=8.0)
    machine.go(large, small)
    first, second = machine.told(large), machine.told(small)
    shares = first["container"], second["container"]

    assert shares[0]["pod"] == UIDS[0]
    assert shares[1]["container"] == CONTAINERS[1][:12]
    assert all(share["coverage"] > 0.99 for share in shares)
    # Within 5 %; on a machine so busy that ticks come late, within what the shares say of their edges.
    unsure = shares[0]["uncertainty_joules"] + 3 * shares[1]["uncertainty_joules"]
    assert shares[0]["gross_joules"] == pytest.approx(3 * shares[1]["gross_joules"], rel=0.05, abs=unsure)
    for told, share in zip((first, second), shares, strict=True):
        # Without an idle baseline the machine is charged for as far as it was in use.
        expected = told["gross_joules"] * part_of(told)
        assert share["gross_joules"] == pytest.approx(expected, rel=0.05, abs=share["uncertainty_joules"])
        assert share["components"]["cpu"]["methods"] == ["cpu_time"]
    assert shares[0]["gross_joules"] + shares[1]["gross_joules"] < min(first["gross_joules"], second["gross_joules"])


def test_in_a_namespace_of_its_own(machine: Machine) -> None:
    """A process that sees itself at the root of all cgroups, as in a container, is told its own container's share."""
    process = machine.workload(LARGE, cpus=0.2, seconds=4.0, isolated=True)
    machine.go(process)
    told = machine.told(process)

    assert told["container"]["pod"] == UIDS[0]
    assert told["container"]["gross_joules"] == pytest.approx(told["gross_joules"] * part_of(told), rel=0.1)


@pytest.mark.parametrize("gently", [True, False], ids=["stopped", "killed"])
def test_over_a_restart_of_the_exporter(machine: Machine, *, gently: bool) -> None:
    """A service's interval outlives the exporter; its share is that of the time seen, and says so."""
    process = machine.workload(f"system.slice/{SERVICE}", cpus=0.2, seconds=9.0)
    machine.go(process)
    time.sleep(2.0)
    if gently:
        machine.exporter.stop()
    else:
        machine.exporter.kill()
    machine.exporter.start()
    told = machine.told(process)
    share = told["container"]

    assert (told["status"], share["manager"], share["unit"]) == ("finished", "systemd", SERVICE)
    assert 0.1 < share["coverage"] < 0.99
    assert share["gross_joules"] == pytest.approx(
        WATTS * 0.2 * 9.0 / (os.cpu_count() or 1) * share["coverage"], rel=0.2
    )
    assert any("over a restart" in note for note in share["notes"])


def test_who_is_in_no_container_has_the_nodes_energy_alone(machine: Machine) -> None:
    """A process outside of every charged cgroup is told why it has no share; its interval is whole."""
    process = machine.workload(f"nobody-s-{os.getpid()}.slice", seconds=1.0)
    machine.go(process)
    told = machine.told(process)

    assert told["gross_joules"] == pytest.approx(WATTS * told["duration_seconds"], rel=0.05)
    assert told["container"]["gross_joules"] is None
    assert "no workload is known" in told["container"]["notes"][0]


def test_a_command_in_a_container(machine: Machine) -> None:
    """`joulecast run --scope container` in a container tells its joules beside the node's."""
    directory = machine.groups.make(LARGE)
    burn = "import time\nend = time.monotonic() + 3\nwhile time.monotonic() < end: pass"
    command = [
        COMMAND,
        "run",
        "--scope",
        "container",
        "--address",
        machine.exporter.grpc,
        "--",
        sys.executable,
        "-c",
        burn,
    ]
    ended = subprocess.run(
        ["sh", "-c", _INSIDE, str(directory), "", *command], capture_output=True, text=True, timeout=60, check=True
    )

    name = f"{UIDS[0]}/{CONTAINERS[0]}"[:49]
    assert f"container kubernetes {name}: " in ended.stderr
    assert "J by cpu_time" in ended.stderr
