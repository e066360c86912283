"""An exporter that is killed in the middle of an interval, and a workload that is: nothing is lost, or it is said."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.burning import BurningTree, Wave
from doubles.exporter_process import ExporterProcess
from doubles.fake_nvml import FakeNvml
from doubles.sysfs import HwmonTree, PowercapTree
from google.protobuf.duration_pb2 import Duration

from joulecast.v1 import energy_pb2 as pb

AWAY_SECONDS = 3.0
WAVES = {"package-0": Wave(120.0), "package-0/dram": Wave(20.0), "package-1": Wave(80.0, 160.0, 0.74)}


class Node:
    """A burning server with one steady GPU, and the exporter on it."""

    def __init__(self, directory: Path) -> None:
        self.tree = PowercapTree.server(directory / "sys")
        self.burning = BurningTree(self.tree, WAVES)
        self.nvml = FakeNvml.build(directory)
        self.gpu = self.nvml.add(watts=250.0)
        self.exporter = ExporterProcess(
            directory, "--sysfs", str(directory / "sys"), environment=self.nvml.environment()
        )

    def truth(self, begin: float, end: float) -> float:
        """Joules of all that burns, the unburnt second DRAM included with its nothing."""
        return sum(self.burning.true_joules(zone, begin, end) for zone in WAVES) + self.gpu.true_joules(begin, end)

    def die_and_come_back(self) -> None:
        """Killed without warning, away for a while, started with the state it left."""
        self.exporter.kill()
        time.sleep(AWAY_SECONDS)
        self.exporter.start()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    """Ready, burning, and measured for long enough to know its counters."""
    machine = Node(tmp_path)
    with machine.burning, machine.nvml, machine.exporter:
        machine.exporter.until(lambda: machine.exporter.metrics().value("joulecast_node_power_watts") is not None)
        yield machine


def test_an_interval_outlives_its_exporter(node: Node) -> None:
    """Killed in the middle and away for 3 s: the interval ends with its true energy, and totals never went down."""
    request, begin = node.exporter.workload.begin()
    time.sleep(2.5)
    before = node.exporter.metrics().joules()
    node.die_and_come_back()
    after = node.exporter.metrics().joules()
    time.sleep(1.5)
    end = node.exporter.workload.end(request)
    interval = node.exporter.workload.settled(request)

    assert interval.status == pb.INTERVAL_STATUS_FINISHED
    assert interval.node.gross_joules == pytest.approx(node.truth(begin, end), rel=0.01)
    assert interval.node.coverage > 0.99
    assert all(after[series] >= joules for series, joules in before.items())


def test_killed_right_after_a_begin(node: Node) -> None:
    """Acknowledged is durable: an exporter killed at once still knows the interval, and what it cost."""
    request, begin = node.exporter.workload.begin()
    node.die_and_come_back()
    end = node.exporter.workload.end(request)
    interval = node.exporter.workload.settled(request)

    assert interval.status == pb.INTERVAL_STATUS_FINISHED
    assert abs(interval.node.gross_joules - node.truth(begin, end)) <= interval.node.uncertainty_joules


def test_killed_between_the_end_and_its_samples(node: Node) -> None:
    """An end that was acknowledged is not asked for twice, and keeps its time."""
    request, begin = node.exporter.workload.begin()
    time.sleep(2.5)
    end = node.exporter.workload.end(request)
    node.die_and_come_back()
    interval = node.exporter.workload.settled(request)

    assert interval.status == pb.INTERVAL_STATUS_FINISHED
    assert interval.duration_seconds == pytest.approx(end - begin, abs=1e-6)
    assert abs(interval.node.gross_joules - node.truth(begin, end)) <= interval.node.uncertainty_joules


def test_a_workload_that_dies_is_truncated(node: Node) -> None:
    """Nobody ends it and nobody renews it: it is closed where its workload was last heard."""
    request, _ = node.exporter.workload.begin(lease=Duration(seconds=1))
    node.exporter.until(lambda: node.exporter.workload.look(request).status == pb.INTERVAL_STATUS_TRUNCATED)
    interval = node.exporter.workload.settled(request)

    assert interval.duration_seconds < 1.0
    assert "fell silent" in interval.notes[0]


def test_what_no_counter_saw_is_said(tmp_path: Path) -> None:
    """A power meter without a counter knows nothing of the time the exporter was away: coverage says how much."""
    sysfs = tmp_path / "sys"
    HwmonTree(sysfs).add_chip("amdgpu", {"power1_average": 150_000_000}, device="0000:03:00.0")
    with ExporterProcess(tmp_path, "--sysfs", str(sysfs)) as exporter:
        exporter.until(lambda: exporter.metrics().samples("joulecast_power_watts", component="gpu"))
        request, _ = exporter.workload.begin()
        time.sleep(3.0)
        exporter.kill()
        time.sleep(AWAY_SECONDS)
        exporter.start()
        exporter.until(lambda: exporter.metrics().samples("joulecast_power_watts", component="gpu"))
        time.sleep(1.0)
        exporter.workload.end(request)
        interval = exporter.workload.settled(request)
    gpu = next(part.energy for part in interval.components if part.component == pb.COMPONENT_GPU)
    seen = gpu.coverage * interval.duration_seconds

    assert gpu.coverage < 0.8
    assert gpu.gross_joules == pytest.approx(150.0 * seen, rel=0.02)
    assert any("was not observed for" in note for note in interval.notes)
