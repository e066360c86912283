"""The recipe for classifiers: what it takes, whose energy it learns, and which variant answers."""

from dataclasses import replace

import pytest

from predictor.lasso_model import LassoModel
from predictor.record import Record
from predictor.training.recipes.discriminative import RECIPE, parts, takes
from predictor.training.train import train

IDLE = 0.15


def classified(number: int, *, scope: str = "gpu+cpu+dram", host_watts: float = 60.0) -> Record:
    """A classifier on a GPU whose power follows its utilisation, and a host that draws a constant beside it."""
    size = 1.0 + number % 6
    busy = 0.1 + 0.08 * (number % 11)
    rate = 100.0 * busy / size
    gpu = 230.0 * (IDLE + (1 - IDLE) * busy)
    return Record(
        record_id=f"made-{number}",
        source="made",
        kind="discriminative",
        model_id=f"model-{number % 6}",
        device="NVIDIA Quadro RTX 5000",
        energy_scope=scope,
        parameters_total=5e6 * size,
        bytes_per_parameter=4.0,
        macs=1e9 * size,
        device_kind="gpu",
        device_count=1.0,
        serving_stack="pytorch" if number % 2 else "tensorflow",
        precision="fp32",
        batch_size=32.0,
        samples_per_second=rate,
        gpu_utilization_ratio=busy,
        gpu_memory_utilization_ratio=busy / 2,
        cpu_utilization_ratio=0.02 + 0.01 * (number % 5),
        mean_power_watts=gpu + host_watts,
        energy_joules_per_sample=(gpu + host_watts) / rate,
        gpu_energy_joules_per_sample=gpu / rate,
        provenance="integrated",
    )


RECORDS = [classified(number) for number in range(66)]
ASKED = {
    "macs": 3e9,
    "parameters": 15e6,
    "bytes_per_parameter": 4.0,
    "batch_size": 32.0,
    "samples_per_second": 20.0,
    "gpu_utilization_ratio": 0.6,
    "cpu_utilization_ratio": 0.05,
    "gpu_memory_utilization_ratio": 0.3,
}
NAMES = {"device": "NVIDIA Quadro RTX 5000", "serving_stack": "pytorch", "precision": "fp32"}


@pytest.fixture(scope="module")
def model() -> LassoModel:
    """The recipe trained on made records."""
    return LassoModel(train(RECIPE, RECORDS).artifact)


def test_a_node_s_record_also_tells_the_gpu_s_energy() -> None:
    """The part is of scope gpu, with the GPU's joules and watts; a record of a GPU alone has no parts."""
    (part,) = parts(RECORDS[0])
    assert part.energy_scope == "gpu"
    assert part.energy_joules_per_sample == RECORDS[0].gpu_energy_joules_per_sample
    assert part.mean_power_watts == pytest.approx(230.0 * (IDLE + (1 - IDLE) * 0.1))
    assert parts(part) == ()
    assert parts(replace(RECORDS[0], gpu_energy_joules_per_sample=None)) == ()


def test_language_models_are_no_classifiers() -> None:
    """Only discriminative records are taken."""
    assert takes(RECORDS[0])
    assert not takes(replace(RECORDS[0], kind="generative"))


def test_scopes_are_told_apart(model: LassoModel) -> None:
    """The same point is answered for the GPU alone and for the node, each near what was measured."""
    estimate = model.estimate(ASKED, {**NAMES, "energy_scope": "gpu"})
    assert estimate.scope == "gpu"
    gpu = estimate.power_watts
    node = model.estimate(ASKED, {**NAMES, "energy_scope": "gpu+cpu+dram"}).power_watts
    assert gpu is not None
    assert node is not None
    truth = 230.0 * (IDLE + (1 - IDLE) * 0.6)
    assert gpu.value == pytest.approx(truth, rel=0.1)
    assert node.value == pytest.approx(truth + 60.0, rel=0.1)


@pytest.mark.parametrize(
    ("given", "variant"),
    [
        (set(ASKED), "rate and GPU utilization known"),
        (set(ASKED) - {"gpu_utilization_ratio"}, "rate and CPU utilization known"),
        (set(ASKED) - {"gpu_utilization_ratio", "cpu_utilization_ratio"}, "rate known"),
        (set(ASKED) - {"samples_per_second"}, "a priori"),
    ],
)
def test_the_variant_with_most_knowledge_answers(model: LassoModel, given: set[str], variant: str) -> None:
    """Without utilisation the rate is used, without the rate what is known before anything runs."""
    figures = {"device_tdp_watts", "device_memory_bandwidth_bytes_per_second", "device_peak_flops_per_second"}
    found, _ = model.way(frozenset(given | figures))
    assert found.name == variant
    estimate = model.estimate({name: ASKED[name] for name in given}, NAMES)
    assert estimate.joules_per_sample is not None
    assert estimate.joules_per_sample.value > 0
