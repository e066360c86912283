"""A finished interval whose workload described itself gets the workload model's estimate beside its energy."""

import subprocess
import sys
from dataclasses import replace

import pytest
from doubles.energy_server import LOAD_WATTS, EnergyServer

from exporter.sensors.nvml.gpu import Gpu
from joulecast.v1 import energy_pb2 as pb
from joulecast.v1.energy_pb2_grpc import EnergyServiceStub

SERVED = {
    "model": "llama-3.1-8b",
    "parameters": "8.03e9",
    "precision": "bf16",
    "device": "H100 SXM",
    "device_count": "1",
    "concurrency": "20",
    "stack_version": "vllm-0.11.1",
}
ANSWERED = {"request": 40.0, "output_token": 12_000.0}
SECONDS = 12.0
CLASSIFIED = {"model": "resnet50", "macs": "4.1e9", "parameters": "25.6e6", "batch": "32"}


def interval_of(
    server: EnergyServer,
    stub: EnergyServiceStub,
    labels: dict[str, str],
    counts: dict[str, float] | None = None,
    *,
    phase: str = "inference",
) -> pb.Interval:
    """An interval of 12 s with these labels and counts, once it is finished."""
    begun = stub.BeginInterval(pb.BeginIntervalRequest(labels=labels, phase=phase))
    server.node.run_for(SECONDS)
    stub.EndInterval(pb.EndIntervalRequest(interval_id=begun.interval_id, counts=counts or ANSWERED))
    server.node.run_for(2.0)
    return stub.GetInterval(pb.GetIntervalRequest(interval_id=begun.interval_id)).interval


def without(*names: str) -> dict[str, str]:
    """The labels of the served model, but for these."""
    return {name: text for name, text in SERVED.items() if name not in names}


def put_gpus(server: EnergyServer, *models: str) -> None:
    """Let the node have these GPUs."""
    gpus = tuple(Gpu(f"GPU-{index}", index, model, "550.54") for index, model in enumerate(models))
    server.snapshot = replace(server.snapshot, wall=1.0, gpus=gpus)


def test_a_described_workload_gets_an_estimate(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """A served language model: joules in their band, from whom, of what, and the interval's own energy unmoved."""
    interval = interval_of(server, stub, SERVED)

    estimate = interval.estimate
    assert (estimate.model, estimate.scope) == ("generative-known-runtime", "gpu")
    assert estimate.version
    assert 0 < estimate.p10_joules < estimate.joules < estimate.p90_joules
    # A H100 draws between its rest and its 700 W.
    assert 70 * SECONDS < estimate.joules < 700 * SECONDS
    assert estimate.in_domain
    assert not estimate.departures
    assert not interval.notes
    assert interval.node.gross_joules == pytest.approx(SECONDS * LOAD_WATTS, rel=0.01)
    assert interval.node.provenance == pb.PROVENANCE_MEASURED


def test_an_estimate_is_kept_nowhere(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """It is made when one interval is asked for: neither the store nor a listing holds it."""
    interval = interval_of(server, stub, SERVED)
    listed = [answer.interval for answer in stub.ListIntervals(pb.ListIntervalsRequest())]

    assert interval.HasField("estimate")
    assert [each.interval_id for each in listed] == [interval.interval_id]
    assert not listed[0].HasField("estimate")


def test_an_open_interval_has_none(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Before its end nobody knows what an interval has produced."""
    begun = stub.BeginInterval(pb.BeginIntervalRequest(labels=SERVED, phase="inference"))
    server.node.run_for(5.0)

    assert not stub.GetInterval(pb.GetIntervalRequest(interval_id=begun.interval_id)).interval.HasField("estimate")


def test_a_second_end_tells_it_too(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """An end that is repeated answers with the finished interval as a get does; the first one had none yet."""
    begun = stub.BeginInterval(pb.BeginIntervalRequest(labels=SERVED, phase="inference"))
    server.node.run_for(SECONDS)
    end = pb.EndIntervalRequest(interval_id=begun.interval_id, counts=ANSWERED)
    first = stub.EndInterval(end).interval
    server.node.run_for(2.0)

    assert not first.HasField("estimate")
    assert stub.EndInterval(end).interval.HasField("estimate")


def test_the_nodes_own_gpus_stand_in_for_a_device(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Without a label for the device two GPUs of the node are meant, and they take more than one."""
    one = interval_of(server, stub, SERVED).estimate
    put_gpus(server, "NVIDIA H100 80GB HBM3", "NVIDIA H100 80GB HBM3")
    two = interval_of(server, stub, without("device", "device_count")).estimate

    assert two.model == one.model
    assert two.joules > 1.2 * one.joules


@pytest.mark.parametrize("models", [(), ("NVIDIA H100 80GB HBM3", "NVIDIA L4"), ("NVIDIA Unheard-of 9",)])
def test_gpus_that_cannot_stand_in_give_no_estimate(
    server: EnergyServer, stub: EnergyServiceStub, models: tuple[str, ...]
) -> None:
    """None, two kinds, or one that nobody knows: which device it was is not known, and that is no mistake."""
    put_gpus(server, *models)
    interval = interval_of(server, stub, without("device", "device_count"))

    assert not interval.HasField("estimate")
    assert not interval.notes


def test_a_classifier_is_estimated_in_the_scope_of_the_interval(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Samples with their multiply-accumulates on a GPU: with CPUs and memory, as the node's energy; by label alone."""
    counts = {"sample": 12_000.0}
    whole = interval_of(server, stub, {**CLASSIFIED, "device": "A100-SXM4-40GB"}, counts).estimate
    alone = interval_of(
        server, stub, {**CLASSIFIED, "device": "A100-SXM4-40GB", "energy_scope": "gpu"}, counts
    ).estimate

    assert (whole.model, whole.scope, alone.scope) == ("discriminative", "gpu+cpu+dram", "gpu")
    assert 0 < alone.joules < whole.joules


def test_a_generator_of_images_is_estimated(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Denoising steps and a size make it a question about images."""
    labels = {"parameters": "12e9", "denoising_steps": "28", "height": "1024", "width": "1024", "batch_size": "1"}
    estimate = interval_of(server, stub, {**labels, "device": "H100 SXM"}, {"image": 4.0}).estimate

    assert (estimate.model, estimate.scope) == ("diffusion", "gpu")
    assert 70 * SECONDS < estimate.joules < 700 * SECONDS


def test_tokens_alone_are_enough(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """Power is learnt from tokens per second; how many requests they were for need not be told."""
    estimate = interval_of(server, stub, SERVED, {"output_token": 12_000.0}).estimate

    assert estimate.model == "generative-known-runtime"
    assert estimate.p10_joules < estimate.joules < estimate.p90_joules


def test_a_device_that_was_not_in_training_is_a_departure(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """The estimate says that it lies outside of the model's domain, and by what."""
    estimate = interval_of(server, stub, {**CLASSIFIED, "device": "T4"}, {"sample": 12_000.0}).estimate

    assert not estimate.in_domain
    assert "device" in estimate.departures


@pytest.mark.parametrize(
    ("labels", "counts"),
    [
        ({}, ANSWERED),
        ({"model": "8b", "batch": "first"}, ANSWERED),
        (without("parameters"), ANSWERED),
        (without("concurrency"), ANSWERED),
        (SERVED, {"request": 40.0}),
        (SERVED, {"epoch": 3.0}),
        (CLASSIFIED, {"sample": 12_000.0}),
    ],
)
def test_too_little_is_no_estimate_and_no_complaint(
    server: EnergyServer, stub: EnergyServiceStub, labels: dict[str, str], counts: dict[str, float]
) -> None:
    """A workload that told nothing, or not enough, hears nothing of estimates."""
    interval = interval_of(server, stub, labels, counts)

    assert not interval.HasField("estimate")
    assert not interval.notes


def test_other_phases_have_none(server: EnergyServer, stub: EnergyServiceStub) -> None:
    """The models know inference alone: training is not estimated, a phase that is not named is taken for inference."""
    assert not interval_of(server, stub, SERVED, phase="training").HasField("estimate")
    assert interval_of(server, stub, SERVED, phase="").HasField("estimate")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"parameters": "nan"}, "label parameters: 'nan' is no number: leave it out"),
        ({"parameters": "7"}, "7 billion is 7e9"),
        ({"precision": "bf61"}, "did you mean bf16?"),
        ({"device": "A100"}, "could be"),
        ({"parameters": "4e11"}, "do not fit"),
        ({"parameters_active": "9e9"}, "more than all"),
        ({"concurrency": "1e300"}, "check their units"),
    ],
)
def test_what_cannot_be_is_a_note(
    server: EnergyServer, stub: EnergyServiceStub, wrong: dict[str, str], words: str
) -> None:
    """A wrong characteristic is said with its remedy, once, beside an energy that is what it is."""
    interval = interval_of(server, stub, SERVED | wrong)

    assert not interval.HasField("estimate")
    assert [note.startswith("no model estimate: ") and words in note for note in interval.notes] == [True]
    assert interval.node.gross_joules == pytest.approx(SECONDS * LOAD_WATTS, rel=0.01)


def test_estimating_loads_no_numerical_library() -> None:
    """The exporter stays light beside its workload models too."""
    program = (
        "import sys; from exporter.sensors.predicted import workload_estimate;"
        f"assert workload_estimate({SERVED}, {ANSWERED}, {SECONDS});"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'torch', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
