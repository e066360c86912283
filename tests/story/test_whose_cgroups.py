"""Whose joules by the kernel's own cgroups: real processes in real groups, through the real command."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.awaiting import until
from doubles.burning import BurningTree, Wave
from doubles.cgroup_kernel import KernelCgroups, kernel_cgroups, root_of
from doubles.exporter_process import ExporterProcess
from doubles.sysfs import PowercapTree

# No other test has these: every exporter of this machine sees every cgroup.
UIDS = {name: f"7c41d9e8-0000-4000-8000-00000000000{number}" for number, name in enumerate(("large", "small"), 1)}
IDS = {"large": "a1" * 32, "small": "b2" * 32}


@pytest.fixture
def groups() -> Iterator[KernelCgroups]:
    """Groups of this machine's cgroup v2."""
    root = root_of(2)
    if root is None or os.geteuid() != 0:
        pytest.skip("needs cgroup v2, and root to make groups in it")
    try:
        with kernel_cgroups(root, "whose") as groups:
            yield groups
    except OSError as error:
        if error.filename and Path(error.filename).parent == root:
            pytest.skip(f"cgroups cannot be made here: {error}")
        raise


def cpu_seconds(pid: int) -> float:
    """The CPU time of a process with one thread, to the nanosecond."""
    return int(Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()[0]) / 1e9


def test_joules_go_by_the_cpu_time_that_the_kernel_counted(groups: KernelCgroups, tmp_path: Path) -> None:
    """At constant power two pods' joules are in proportion to the CPU time of their processes, however that came about.

    One burns three times what the other does, as far as the machine lets them.
    """
    tree = PowercapTree.server(tmp_path / "sys", sockets=1)
    (tree.sysfs / "fs").mkdir()
    (tree.sysfs / "fs" / "cgroup").symlink_to(groups.root)
    processes = {
        name: groups.start(f"kubepods/burstable/pod{UIDS[name]}/{IDS[name]}", share=share)
        for name, share in (("large", 0.45), ("small", 0.15))
    }
    with (
        BurningTree(tree, {"package-0": Wave(95.0)}),
        ExporterProcess(tmp_path, "--sysfs", str(tree.sysfs), "--period", "0.2") as exporter,
    ):

        def charged(name: str) -> float | None:
            labels = {"pod": UIDS[name], "component": "cpu"}
            return exporter.metrics().value("joulecast_container_energy_joules_total", **labels)

        def ticks(number: int) -> None:
            """Wait for so many snapshots: each has more joules than the one before."""
            for _ in range(number):
                shown = exporter.metrics().value("joulecast_node_energy_joules_total")
                exporter.until(
                    lambda shown=shown: exporter.metrics().value("joulecast_node_energy_joules_total") != shown  # type: ignore[misc]
                )

        exporter.until(lambda: all(charged(name) is not None for name in processes))
        groups.hold(*processes.values())
        ticks(4)  # what they used before is on the bill
        before = {name: (charged(name) or 0.0, cpu_seconds(each.pid)) for name, each in processes.items()}
        for each in processes.values():
            each.send_signal(signal.SIGCONT)
        groups.burn(*processes.values())
        until(lambda: cpu_seconds(processes["large"].pid) > before["large"][1] + 1.0)
        groups.hold(*processes.values())
        ticks(4)
        joules = {name: (charged(name) or 0.0) - before[name][0] for name in processes}
        seconds = {name: cpu_seconds(each.pid) - before[name][1] for name, each in processes.items()}

    assert seconds["large"] > 1.5 * seconds["small"] > 0
    assert joules["large"] / joules["small"] == pytest.approx(seconds["large"] / seconds["small"], rel=0.03)
