"""The doctor on whose energy it is: what is found of cgroups, GPUs and the kubelet, and what to do for more."""

import json
import re
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.cgroup_files import CgroupFiles
from doubles.clock import FakeClock
from doubles.fake_nvml import FakeNvml
from doubles.kubelet import Kubelet
from doubles.kubelet_pods import Container, a_pod, container_id, pod_uid
from doubles.procfs import ProcTree
from doubles.quick_machine import quick_machine

from exporter.commands.diagnosis import Diagnosis, diagnose
from exporter.commands.diagnosis_text import render
from exporter.commands.sensors import add_arguments, as_json, run
from exporter.evidence import find_evidence
from exporter.kubernetes.access import KubeletAccess
from exporter.sensors.inventory import take_inventory
from exporter.sensors.nvml.library import NvmlLibrary

POD = f"/kubepods/burstable/pod{pod_uid('web')}/{container_id('web', 'main')}"


def no_driver() -> object:
    """Stands for a Python without NVML bindings."""
    raise ImportError


def look(root: Path, access: KubeletAccess, library: NvmlLibrary | None = None) -> Diagnosis:
    """Diagnose the machine whose trees are below `root`."""
    clock = FakeClock()
    sysfs, procfs = root / "sys", root / "proc"
    inventory = take_inventory(sysfs, procfs, library=library or NvmlLibrary(no_driver))
    evidence = find_evidence(inventory, access, clock, sysfs=sysfs, procfs=procfs)
    return diagnose(inventory, clock, clock.advance, evidence)


def page_of(diagnosis: Diagnosis) -> str:
    """The page, without its line breaks."""
    return " ".join(render(diagnosis, colour=False).split())


def test_a_machine_without_cgroups_is_told_what_to_mount(tmp_path: Path) -> None:
    """No cgroups and no kubelet: the page says so, what to do for the first, and counts no workloads."""
    ProcTree(tmp_path / "proc")
    page = page_of(look(tmp_path, KubeletAccess()))

    assert "Whose energy it is" in page
    assert "mount the host's /sys/fs/cgroup" in page
    assert "absent: this machine runs no kubelet" in page
    assert not re.search(r"workloads \d+ now", page)


def test_a_node_with_a_kubelet_is_told_by_name(tmp_path: Path) -> None:
    """A tree of version 2 with one pod that the kubelet knows: both are found, and nobody is without a name."""
    ProcTree(tmp_path / "proc")
    files = CgroupFiles(tmp_path / "sys" / "fs" / "cgroup")
    files.make(POD)
    with Kubelet() as kubelet:
        kubelet.token = None
        kubelet.show([a_pod("web", Container("main"))])
        diagnosis = look(tmp_path, KubeletAccess(kubelet.endpoint))
    page = page_of(diagnosis)

    assert "cgroup v2" in page
    assert diagnosis.attribution is not None
    assert [finding.status for finding in diagnosis.attribution.names] == ["up"]
    assert "workloads 1 now" in page
    assert "without a name" not in page


def test_a_kubelet_that_refuses_comes_with_its_remedy(tmp_path: Path) -> None:
    """A kubelet that forbids its list is told with the way to be allowed, and the pod counts as unnamed."""
    ProcTree(tmp_path / "proc")
    files = CgroupFiles(tmp_path / "sys" / "fs" / "cgroup")
    files.make(POD)
    with Kubelet() as kubelet:
        kubelet.mood = "forbidden"
        diagnosis = look(tmp_path, KubeletAccess(kubelet.endpoint))
    assert diagnosis.attribution is not None
    (finding,) = diagnosis.attribution.names
    page = page_of(diagnosis)

    assert finding.status == "denied"
    assert finding.remedy[:30] in page
    assert "1 of them without a name" in page


def test_each_gpu_says_how_it_is_split(tmp_path: Path) -> None:
    """A GPU with processes is split by them; one on which nobody is seen is unattributed now; JSON says the same."""
    ProcTree(tmp_path / "proc")
    with FakeNvml.build(tmp_path) as nvml:
        nvml.use_here()
        busy, bare = nvml.add(watts=300.0), nvml.add(watts=60.0)
        busy.processes.start(4242)
        busy.processes.sample(4242)
        diagnosis = look(tmp_path, KubeletAccess(), NvmlLibrary())
    page = page_of(diagnosis)

    assert "GPU 0 split by what its processes used of it" in page
    assert "GPU 1 unattributed now" in page
    assert as_json(diagnosis)["attribution"]["gpu_methods"] == {
        busy.uuid: "process_utilization",
        bare.uuid: "none",
    }


@pytest.fixture
def replayed(capsys: pytest.CaptureFixture[str]) -> Callable[[str], Any]:
    """What `joulecast sensors --json --replay CAPTURE` tells of attribution."""

    def told(capture: str) -> Any:
        parser = ArgumentParser()
        add_arguments(parser)
        assert run(parser.parse_args(["--json", "--replay", capture])) == 0
        return json.loads(capsys.readouterr().out)["attribution"]

    return told


def test_a_capture_tells_who_used_its_machine(replayed: Callable[[str], Any]) -> None:
    """The demo's workloads are found by their names, and each of its GPUs says how it is split."""
    attribution = replayed("demo")

    assert (attribution["workloads"], attribution["unnamed"]) == (7, 0)
    assert attribution["cgroups"] == "those of the capture"
    assert len(attribution["gpu_methods"]) == 8


def test_a_capture_without_workloads_has_nobody_in_it(replayed: Callable[[str], Any], tmp_path: Path) -> None:
    """Nobody is known to have used the played machine, so that there is no such part."""
    assert replayed(str(quick_machine(tmp_path / "quick.jsonl"))) is None
