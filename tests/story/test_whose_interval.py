"""An interval of one container: from a process inside a real cgroup of this machine to its own joules, and back."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles.burning import BurningTree, Wave
from doubles.cgroup_kernel import KernelCgroups, kernel_cgroups, root_of
from doubles.exporter_process import ExporterProcess
from doubles.sysfs import PowercapTree

WATTS = 100.0
POD = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod0f3d2a1c_0000_4000_8000_{:012d}.slice"
CONTAINER = POD + "/cri-containerd-{:064x}.scope"

# Uses so many CPUs, in bursts that make up for what the machine did not give it, and tells what its interval took.
_WORKLOAD = """
import json, sys, time
import joulecast
from joulecast.cli.document import document_of

address, rate, seconds = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
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

    def workload(self, group: str | None, *, cpus: float = 0.1, seconds: float = 5.0) -> subprocess.Popen[str]:
        """A process inside that group, or where this one is, that waits for `go`."""
        process = subprocess.Popen(
            [sys.executable, "-c", _WORKLOAD, self.exporter.grpc, str(cpus), str(seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._processes.append(process)
        self._expect(process, "ready")
        if group is not None:
            (self.groups.make(group) / "cgroup.procs").write_text(str(process.pid))
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
            groups.make(CONTAINER.format(1, 1))
            groups.make(CONTAINER.format(2, 2))
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


def test_three_to_one(machine: Machine) -> None:
    """Of two containers one uses three times the CPU time of the other, and each is told joules of the same ratio."""
    large = machine.workload(CONTAINER.format(1, 1), cpus=0.3, seconds=8.0)
    small = machine.workload(CONTAINER.format(2, 2), cpus=0.1, seconds=8.0)
    machine.go(large, small)
    first, second = machine.told(large), machine.told(small)
    shares = first["container"], second["container"]

    assert shares[0]["pod"] == "0f3d2a1c-0000-4000-8000-000000000001"
    assert shares[1]["container"] == f"{2:064x}"[:12]
    assert all(share["coverage"] > 0.99 for share in shares)
    assert shares[0]["gross_joules"] == pytest.approx(3 * shares[1]["gross_joules"], rel=0.05)
    for told, share in zip((first, second), shares, strict=True):
        # Without an idle baseline the machine is charged for as far as it was in use.
        assert share["gross_joules"] == pytest.approx(WATTS * told["used"] / (os.cpu_count() or 1), rel=0.05)
        assert share["components"]["cpu"]["methods"] == ["cpu_time"]
    assert shares[0]["gross_joules"] + shares[1]["gross_joules"] < min(first["gross_joules"], second["gross_joules"])
