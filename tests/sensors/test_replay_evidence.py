"""Who used a recorded machine: kept with the capture, and told at the moment that its replay has come to."""

import json
from pathlib import Path

import pytest

from exporter.evidence import find_evidence
from exporter.kubernetes.access import KubeletAccess
from exporter.sensors.capture import Capture, CaptureError, CaptureWriter
from exporter.sensors.capture_format import Header
from exporter.sensors.capture_workloads import CapturedGpuUse, CapturedUse, CapturedWorkload
from exporter.sensors.inventory import take_inventory
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.replay import ReplaySensor
from exporter.sensors.replay_evidence import ReplayEvidence, ReplayGpuUse
from exporter.usage.evidence import CgroupIdentity, ContainerName, GpuHolder, GpuProcess
from exporter.usage.host import Cpus
from exporter.usage.manager import Manager
from joulecast.clock import SystemClock

TRAINER = CapturedWorkload(
    CgroupIdentity(Manager.KUBERNETES, "uid", "id"), ContainerName("research", "train", "main", 2.0, 2.0**30), (0,)
)
SERVICE = CapturedWorkload(CgroupIdentity(Manager.SYSTEMD, unit="sshd.service"))
HEADER = Header(
    "a test's machine",
    "2026-01-31T12:00:00+00:00",
    simulated=False,
    series=(),
    gpus=(Gpu("GPU-1", 0, "NVIDIA L4", "570.1"),),
    cpu=Cpus("AMD EPYC 7763 64-Core Processor", 1, 8),
    workloads=(TRAINER, SERVICE),
)
USES = (
    CapturedUse(100.0, (10.0, 1.0), (CapturedGpuUse(0, 0.0, ()),)),
    CapturedUse(104.0, (13.0, 1.5), (CapturedGpuUse(0, 0.8, ((0, 0.8),)),)),
    CapturedUse(105.0, (13.5, 1.5), (CapturedGpuUse(0, 0.0, ()),)),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Three moments, a second apart."""
    writer = CaptureWriter(tmp_path / "used.jsonl", HEADER)
    for seconds, use in enumerate(USES):
        writer.write(float(seconds), [], [], use)
    writer.close()
    return tmp_path / "used.jsonl"


def played(path: Path, seconds: float) -> ReplayEvidence:
    """The evidence after so many seconds of the replay."""
    capture = Capture.load(path)
    sensor = ReplaySensor(capture)
    evidence = ReplayEvidence(capture, sensor)
    for now in (0.0, seconds):
        list(sensor.read(now))
    return evidence


def test_workloads_and_use_come_back_as_they_were_written(path: Path) -> None:
    """Names, requests, GPUs given, CPU times and shares survive the file."""
    capture = Capture.load(path)

    assert capture.header.workloads == HEADER.workloads
    assert tuple(moment.use for moment in capture.moments) == USES


@pytest.mark.parametrize(
    ("seconds", "busy", "trainer", "service"),
    [(0.0, 100.0, 10.0, 1.0), (0.5, 102.0, 11.5, 1.25), (2.25, 106.0, 14.25, 1.625), (5.0, 114.0, 20.0, 2.5)],
)
def test_cpu_time_grows_in_straight_lines_and_over_the_rounds(
    path: Path, seconds: float, busy: float, trainer: float, service: float
) -> None:
    """Between two moments by time; each round goes on where the one before ended."""
    use = played(path, seconds).read()

    assert use is not None
    assert use.cpus == 8
    assert use.busy_seconds == pytest.approx(busy)
    assert [group.cpu_seconds for group in use.groups.values()] == pytest.approx([trainer, service])
    assert [group.identity for group in use.groups.values()] == [TRAINER.identity, SERVICE.identity]


def test_processes_on_gpus_are_those_of_workloads(path: Path) -> None:
    """A process leads to the workload it was recorded for, and holders are known by name."""
    evidence = played(path, 0.5)
    (gpu,) = ReplayGpuUse(evidence).read()
    assert (gpu.uuid, gpu.utilization, list(gpu.processes)) == ("GPU-1", 0.0, [])
    (gpu,) = ReplayGpuUse(played(path, 3.5)).read()
    assert (gpu.utilization, list(gpu.processes)) == (0.8, [GpuProcess(0, 0.8)])
    assert evidence.gpu_holders() == {"GPU-1": [GpuHolder("research", "train", "main")]}
    assert evidence.cgroup_of(0) == TRAINER.identity
    assert evidence.cgroup_of(2) is None
    assert evidence.container(TRAINER.identity) == TRAINER.name
    assert evidence.container(SERVICE.identity) is None


@pytest.mark.parametrize(
    ("line", "entry", "complaint"),
    [
        (2, {"t": 0.0, "r": [], "w": [1.0, [1.0], []]}, "1 CPU times for 2 workloads"),
        (2, {"t": 0.0, "r": [], "w": [1.0, [1.0, 1.0], [[3, 0.5, []]]]}, "no GPU number 3"),
        (2, {"t": 0.0, "r": [], "w": [1.0, [1.0, 1.0], [[0, 0.5, [[7, 0.5]]]]]}, "no workload number 7"),
        (2, {"t": 0.0, "r": [], "w": [1.0, [1.0, -1.0], []]}, "-1.0 is no amount"),
        (2, {"t": 0.0, "r": [], "w": [1.0]}, "not enough values"),
    ],
)
def test_impossible_use_is_refused_by_line(path: Path, line: int, entry: object, complaint: str) -> None:
    """A capture that contradicts its own header is not played."""
    lines = path.read_text().splitlines()
    lines[line - 1] = json.dumps(entry)
    path.write_text("\n".join(lines) + "\n")

    with pytest.raises(CaptureError, match=f"line {line}: .*{complaint}"):
        Capture.load(path)


def test_a_capture_without_workloads_tells_nobody(path: Path) -> None:
    """As one of an earlier release: there is no evidence at all, rather than evidence of nobody."""
    lines = path.read_text().splitlines()
    header = json.loads(lines[0])
    del header["workloads"]
    moments = [json.dumps({"t": json.loads(line)["t"], "r": []}) for line in lines[1:]]
    path.write_text("\n".join([json.dumps(header), *moments]) + "\n")

    nowhere = Path("/nowhere")
    inventory = take_inventory(nowhere, nowhere, replay=Capture.load(path))
    evidence = find_evidence(inventory, KubeletAccess(), SystemClock(), sysfs=nowhere, procfs=nowhere)
    assert (evidence.cpu, evidence.gpu) == (None, None)
