"""`joulecast run` beside a machine whose power is known: the joules of a command, its exit status, its GPUs."""

import json
import math
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import pytest
from doubles.burning import BurningTree, Wave
from doubles.exporter_process import COMMAND, ExporterProcess
from doubles.fake_nvml import FakeNvml
from doubles.sysfs import PowercapTree

WAVES = {
    "package-0": Wave(95.0),
    "package-0/dram": Wave(12.0),
    "package-1": Wave(40.0, 160.0, 0.37),
    "package-1/dram": Wave(4.0, 9.0, 0.23),
}
GPUS = 8
CHOSEN = (0, 1)


class Machine(NamedTuple):
    """What burns, and who measures it."""

    burning: BurningTree
    nvml: FakeNvml
    exporter: ExporterProcess

    def cpu_joules(self, begin: float, end: float) -> float:
        """The truth about packages and DRAM."""
        return math.fsum(self.burning.true_joules(zone, begin, end) for zone in WAVES)

    def gpu_joules(self, begin: float, end: float, gpus: range | tuple[int, ...] = range(GPUS)) -> float:
        """The truth about some of the GPUs."""
        return math.fsum(self.nvml.device(gpu).true_joules(begin, end) for gpu in gpus)


class Run(NamedTuple):
    """A finished `joulecast run --json`."""

    code: int
    printed: list[str]
    document: Mapping[str, Any]
    begin: float  # monotonic, from the reported times
    end: float


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    """Two sockets and eight GPUs, half of the load steady and half of it a square wave, at default settings."""
    directory = tmp_path_factory.mktemp("machine")
    tree = PowercapTree.server(directory / "sys", mmio=True)
    with (
        FakeNvml.build(directory) as nvml,
        BurningTree(tree, WAVES) as burning,
        ExporterProcess(directory, "--sysfs", str(tree.sysfs), environment=_with_gpus(nvml)) as exporter,
    ):
        yield Machine(burning, nvml, exporter)


def _with_gpus(nvml: FakeNvml) -> Mapping[str, str]:
    now = time.monotonic()
    for number in range(GPUS):
        gpu = nvml.add(watts=70.0 + 10 * number)
        gpu.set_ticks(phase_ms=11.0 * number)  # boards refresh at moments of their own
        if number % 2:
            gpu.square_wave(high=400.0, low=90.0, half_period=0.31, start=now, end=now + 3600.0)
    return nvml.environment()


def run(machine: Machine, *arguments: str) -> Run:
    """Run `joulecast run --json` with these arguments."""
    environment = {**os.environ, "JOULECAST_ADDRESS": machine.exporter.grpc}
    environment.pop("CUDA_VISIBLE_DEVICES", None)
    done = subprocess.run(
        [COMMAND, "run", "--json", *arguments], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Traceback" not in done.stderr, done.stderr
    *printed, last = done.stdout.splitlines()
    document = json.loads(last)
    wall_offset = time.time() - time.monotonic()
    begin = datetime.fromisoformat(document["begin_time"]).timestamp() - wall_offset
    return Run(done.returncode, printed, document, begin, begin + document["duration_seconds"])


@pytest.fixture(scope="module")
def whole(machine: Machine) -> Run:
    """Three seconds that pay for the whole machine."""
    return run(machine, "--job", "nightly", "--phase", "training", "--label", "model=resnet18", "--", "sleep", "3")


@pytest.fixture(scope="module")
def scoped(machine: Machine) -> Run:
    """A job on two of the eight GPUs, whose command fails."""
    return run(machine, "--gpus", "0,1", "--", "sh", "-c", "echo working; sleep 2; exit 7")


def test_gross_is_the_truth(machine: Machine, whole: Run) -> None:
    """What the counters of CPUs and DRAM burnt between the reported begin and end is told to a hundredth."""
    parts = whole.document["components"]
    told = parts["cpu"]["gross_joules"] + parts["dram"]["gross_joules"]
    assert told == pytest.approx(machine.cpu_joules(whole.begin, whole.end), rel=0.01)
    assert 3.0 <= whole.document["duration_seconds"] < 4.0


@pytest.mark.parametrize("component", ["cpu", "dram", "gpu"])
def test_the_error_bar_holds_the_truth(machine: Machine, whole: Run, component: str) -> None:
    """The stated sampling uncertainty is enough for each part, and no excuse: at most a fiftieth of the value."""
    energy = whole.document["components"][component]
    zones = {"cpu": ("package-0", "package-1"), "dram": ("package-0/dram", "package-1/dram"), "gpu": ()}[component]
    truth = math.fsum(machine.burning.true_joules(zone, whole.begin, whole.end) for zone in zones)
    truth += machine.gpu_joules(whole.begin, whole.end) if component == "gpu" else 0.0
    # Devices in step err in step, so their bars are added up instead of taken in square.
    counted = [each for each in whole.document["devices"] if each["component"] == component and each["counted"]]
    assert energy["gross_joules"] == pytest.approx(truth, abs=math.fsum(each["uncertainty_joules"] for each in counted))
    assert energy["uncertainty_joules"] < energy["gross_joules"] / 50
    assert (energy["coverage"], energy["provenance"]) == (1.0, "measured")


def test_the_sum_is_the_sum_of_its_parts(whole: Run) -> None:
    """Node energy is its components', and a component's that of its devices."""
    parts = whole.document["components"]
    assert whole.document["gross_joules"] == pytest.approx(math.fsum(part["gross_joules"] for part in parts.values()))
    for name, part in parts.items():
        devices = [each for each in whole.document["devices"] if each["component"] == name and each["counted"]]
        assert part["gross_joules"] == pytest.approx(math.fsum(each["gross_joules"] for each in devices))


def test_what_was_said_is_kept(machine: Machine, whole: Run) -> None:
    """Name, job, phase and labels come back, and the interval is summed under job and phase on /metrics."""
    document = whole.document
    assert (document["name"], document["job"], document["phase"]) == ("sleep", "nightly", "training")
    assert (document["labels"], document["status"], whole.code) == ({"model": "resnet18"}, "finished", 0)
    shown = machine.exporter.metrics().samples(
        "joulecast_interval_energy_joules_total", job="nightly", phase="training"
    )
    assert math.fsum(line.value for line in shown) == pytest.approx(document["gross_joules"])


def test_the_command_keeps_its_output_and_its_exit_status(scoped: Run) -> None:
    """What the command prints comes first, and its failure is the caller's to see."""
    assert (scoped.code, scoped.document["exit_code"], scoped.printed[0]) == (7, 7, "working")


def test_only_the_chosen_gpus_pay(machine: Machine, scoped: Run) -> None:
    """With `--gpus 0,1` two of eight GPUs are in the account, and their joules are true."""
    uuids = [machine.nvml.device(gpu).uuid for gpu in CHOSEN]
    assert scoped.document["gpus"] == uuids
    listed = [each["device"] for each in scoped.document["devices"] if each["component"] == "gpu"]
    assert sorted(listed) == sorted(uuids)
    truth = machine.gpu_joules(scoped.begin, scoped.end, CHOSEN)
    energy = scoped.document["components"]["gpu"]
    # Both boards run in step, so their errors add up instead of averaging out.
    bar = math.fsum(each["uncertainty_joules"] for each in scoped.document["devices"] if each["component"] == "gpu")
    assert energy["gross_joules"] == pytest.approx(truth, abs=bar)
    assert bar < 0.1 * truth
