"""A machine and its workloads misbehave: each time a clear word or a marked gap, and everything else goes on."""

import errno
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from doubles.exporter_process import COMMAND, ExporterProcess
from doubles.fake_nvml import FakeNvml
from doubles.sysfs import PowercapTree

from joulecast.v1 import energy_pb2 as pb

QUICK = ("--period", "0.2")


@pytest.fixture
def tree(tmp_path: Path) -> PowercapTree:
    return PowercapTree.server(tmp_path / "sys")


@pytest.fixture
def exporter(tmp_path: Path, tree: PowercapTree) -> Iterator[ExporterProcess]:
    """On two sockets, read five times a second."""
    with ExporterProcess(tmp_path, "--sysfs", str(tree.sysfs), *QUICK) as running:
        yield running


def fill(ballast: Path) -> None:
    """Write until the file system is full."""
    file = os.open(ballast, os.O_WRONLY | os.O_CREAT)
    try:
        while os.write(file, bytes(4096)):
            pass
    except OSError as full:
        if full.errno != errno.ENOSPC:
            raise
    finally:
        os.close(file)


def watts(exporter: ExporterProcess, **labels: str) -> float | None:
    return exporter.metrics().value("joulecast_power_watts", **labels)


def test_a_machine_without_any_sensor(tmp_path: Path) -> None:
    """A cloud machine shows no sensor: CPU and DRAM have power all the same, called predicted, and never zero."""
    with ExporterProcess(tmp_path, "--sysfs", str(tmp_path / "nothing")) as exporter:
        exporter.until(lambda: len(exporter.metrics().samples("joulecast_power_watts")) >= 2)
        lines = exporter.metrics().samples("joulecast_power_watts")

    assert {line.labels["component"] for line in lines} == {"cpu", "dram"}
    assert {line.labels["provenance"] for line in lines} == {"predicted"}
    assert all(line.value > 0 for line in lines)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root is told apart from who may not read")
def test_rapl_that_may_not_be_read(tmp_path: Path, tree: PowercapTree) -> None:
    """Counters for root only: the model takes over, the sensor is down, and its remedy is told."""
    tree.deny()
    with ExporterProcess(tmp_path, "--sysfs", str(tree.sysfs), privileged=False) as exporter:
        exporter.until(lambda: exporter.metrics().samples("joulecast_power_watts", component="cpu"))
        scrape, page = exporter.metrics(), exporter.get("/").text
        described = exporter.workload.sensors()["rapl"]

    assert scrape.samples("joulecast_power_watts", component="cpu")[0].labels["provenance"] == "predicted"
    assert scrape.value("joulecast_sensor_up", sensor="rapl") == 0
    assert (described.status, bool(described.remedy)) == ("denied", True)
    assert "denied" in page


def test_a_zone_that_vanishes_and_comes_back(exporter: ExporterProcess, tree: PowercapTree) -> None:
    """Its power is absent while it is gone, not zero, and the others are still there."""
    gone, there = {"device": "1", "component": "cpu"}, {"device": "0", "component": "cpu"}
    exporter.until(lambda: watts(exporter, **gone) is not None)
    tree.remove("package-1")
    exporter.until(lambda: watts(exporter, **gone) is None)

    assert watts(exporter, **there) is not None

    tree.restore("package-1")
    exporter.until(lambda: watts(exporter, **gone) is not None)


@pytest.mark.parametrize("garbage", ["", "garbage\n", "-5\n"])
def test_garbage_in_a_counter(exporter: ExporterProcess, tree: PowercapTree, garbage: str) -> None:
    """It is counted and believed by nobody; the total stays where it was."""
    exporter.until(lambda: watts(exporter, device="0", component="cpu") is not None)
    before = exporter.metrics().joules()["cpu/0/package"]
    tree.write("package-0", "energy_uj", garbage)
    exporter.until(lambda: exporter.metrics().samples("joulecast_sensor_rejected_readings_total", sensor="rapl"))

    assert exporter.metrics().joules()["cpu/0/package"] == before


def test_a_counter_that_jumps(exporter: ExporterProcess, tree: PowercapTree) -> None:
    """A hundred kilojoules in one step are no socket's: no spike of energy, and the reading is counted as refused."""
    exporter.until(lambda: watts(exporter, device="0", component="cpu") is not None)
    before = exporter.metrics().joules()["cpu/0/package"]
    tree.zones["package-0"].show(tree.zones["package-0"].counter_uj + 100_000_000_000)
    exporter.until(
        lambda: exporter.metrics().value("joulecast_sensor_rejected_readings_total", sensor="rapl", reason="jump")
    )

    assert exporter.metrics().joules()["cpu/0/package"] - before < 1000


class TestGpus:
    """Two GPUs behind the real bindings."""

    @pytest.fixture
    def nvml(self, tmp_path: Path) -> FakeNvml:
        fake = FakeNvml.build(tmp_path)
        for _ in range(2):
            fake.add(watts=200.0)
        return fake

    @pytest.fixture
    def exporter(self, tmp_path: Path, nvml: FakeNvml) -> Iterator[ExporterProcess]:
        with ExporterProcess(tmp_path, *QUICK, environment=nvml.environment()) as running:
            running.until(lambda: len(running.metrics().samples("joulecast_power_watts", component="gpu")) == 2)
            yield running

    def test_a_gpu_lost_and_back(self, exporter: ExporterProcess, nvml: FakeNvml) -> None:
        """Lost, it has no power, the other has; back, it goes on counting from where it was."""
        lost, other = nvml.device(0), nvml.device(1)
        before = exporter.metrics().joules()[f"gpu/{lost.uuid}/"]
        lost.lose()
        exporter.until(lambda: watts(exporter, device=lost.uuid) is None)

        assert watts(exporter, device=other.uuid) == pytest.approx(200, rel=0.02)

        lost.restore()
        exporter.until(lambda: watts(exporter, device=lost.uuid) is not None)

        assert exporter.metrics().joules()[f"gpu/{lost.uuid}/"] > before

    def test_a_driver_call_that_hangs(self, exporter: ExporterProcess, nvml: FakeNvml) -> None:
        """The GPUs fall silent, CPU and DRAM do not, and the exporter is well."""
        nvml.device(0).hang(60_000)
        exporter.until(lambda: exporter.metrics().value("joulecast_sensor_up", sensor="nvml") == 0)
        scrape = exporter.metrics()

        assert not scrape.samples("joulecast_power_watts", component="gpu")
        assert scrape.samples("joulecast_power_watts", component="cpu")
        assert exporter.get("/-/healthy").status == 200


@pytest.mark.parametrize(
    ("request_", "named"),
    [
        (pb.BeginIntervalRequest(request_id="a", labels={str(n): "x" for n in range(40)}), "40 labels"),
        (pb.BeginIntervalRequest(request_id="b", labels={"note": "x" * 300}), "'note'"),
        (pb.BeginIntervalRequest(request_id="c", job="j" * 200), "job"),
    ],
)
def test_labels_beyond_their_limits(exporter: ExporterProcess, request_: pb.BeginIntervalRequest, named: str) -> None:
    """Too many or too long: refused with the limit and what exceeds it."""
    code, message = exporter.workload.refusal("BeginInterval", request_)

    assert code == grpc.StatusCode.INVALID_ARGUMENT
    assert named in message


def test_an_end_without_a_begin_and_a_second_end(exporter: ExporterProcess) -> None:
    """The first is told that there is nothing to end; the second changes nothing."""
    code, message = exporter.workload.refusal("EndInterval", pb.EndIntervalRequest(request_id="never"))

    assert code == grpc.StatusCode.NOT_FOUND
    assert "never" in message

    request, _ = exporter.workload.begin()
    exporter.workload.end(request)
    once = exporter.workload.settled(request)
    exporter.workload.end(request, {"sample": 5})

    assert exporter.workload.settled(request) == once


def test_a_thousand_jobs_are_a_bounded_number_of_series(tmp_path: Path) -> None:
    """Beyond the cap they are summed as `other`; every one is still in the store."""
    with ExporterProcess(tmp_path, "--max-label-sets", "10", *QUICK) as exporter:
        for number in range(200):
            request, _ = exporter.workload.begin(job=f"job-{number}")
            exporter.workload.end(request)
        exporter.until(
            lambda: sum(line.value for line in exporter.metrics().samples("joulecast_intervals_total")) == 200
        )
        lines = exporter.metrics().samples("joulecast_intervals_total")

    assert len(lines) == 11
    assert next(line.value for line in lines if line.labels["job"] == "other") == 190


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system takes root")
def test_a_full_disk(tmp_path: Path) -> None:
    """Begins are taken with a word of warning, and stored once there is room: none is lost."""
    state = tmp_path / "small"
    state.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", state], check=False).returncode:
        pytest.skip("mounting is not permitted here")
    try:
        with ExporterProcess(tmp_path, *QUICK, state=state) as exporter:
            fill(state / "ballast")
            answer = exporter.workload.call("BeginInterval", pb.BeginIntervalRequest(request_id="full"))
            exporter.workload.call("EndInterval", pb.EndIntervalRequest(request_id="full"))
            kept = exporter.workload.settled("full")
            (state / "ballast").unlink()
            exporter.until(lambda: exporter.workload.look("full").durable)
    finally:
        subprocess.run(["umount", state], check=True)

    assert not answer.durable
    assert "in memory only" in answer.warning
    assert kept.status == pb.INTERVAL_STATUS_FINISHED


def test_doors_that_are_taken(tmp_path: Path, exporter: ExporterProcess) -> None:
    """A second exporter on the same address, or the same state, ends with one line that says what to do."""
    second = tmp_path / "second"
    second.mkdir()
    taken = ExporterProcess(second, "--listen", str(exporter.listen))
    shared = ExporterProcess(second, state=exporter.state)

    assert f"{exporter.listen} is taken by another process" in taken.refusal()
    assert f"another exporter (pid {exporter.pid})" in shared.refusal()


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ("perid = 0.5\n", "period"),
        ('period = "fast"\n', "seconds from 0.05 to 4"),
        ("period = 0.5\nlisten", "no valid TOML"),
    ],
)
def test_a_configuration_with_a_mistake(tmp_path: Path, config: str, told: str) -> None:
    """An unknown key, a value of the wrong kind, a file that is no TOML: named, with what would be right."""
    file = tmp_path / "joulecast.toml"
    file.write_text(config)

    assert told in ExporterProcess(tmp_path, "--config", str(file)).refusal()


def test_an_orderly_end(exporter: ExporterProcess) -> None:
    """SIGTERM ends it well, at once, and what it had counted is there when it starts again."""
    exporter.until(lambda: watts(exporter, device="0", component="cpu") is not None)
    before = exporter.metrics().joules()
    began = time.monotonic()

    assert exporter.stop() == 0
    assert time.monotonic() - began < 10

    exporter.start()

    assert all(exporter.metrics().joules()[series] >= joules for series, joules in before.items())


def test_the_command_line_has_no_traceback(tmp_path: Path) -> None:
    """A mistyped command, a missing capture and a bad flag are one line each."""
    for words in (["exprter"], ["exporter", "--replay", str(tmp_path / "none")], ["exporter", "--period", "0"]):
        run = subprocess.run([COMMAND, *words], capture_output=True, text=True, check=False, timeout=30)

        assert run.returncode != 0
        assert run.stderr.startswith("joulecast: ")
        assert len(run.stderr.strip().splitlines()) == 1, run.stderr
        assert "Traceback" not in run.stderr
