"""Serving before anything has run: what a planner is told about a model trained on a made-up roofline."""

from functools import cache

import pytest

from predictor.lasso_model import LassoModel
from predictor.record import Record
from predictor.training.recipes.generative_a_priori import RECIPE
from predictor.training.train import records_for, train

DEVICE = {
    "device_tdp_watts": 700.0,
    "device_memory_bytes": 86e9,
    "device_memory_bandwidth_bytes_per_second": 3.35e12,
    "device_peak_flops_per_second": 9.9e14,
}
TEXTS = {"device": "NVIDIA H100 SXM 80GB", "task": "chat", "architecture": "dense", "serving_stack": "vllm-0.11.1"}


def measured(billions: float, flying: float, **changes: object) -> Record:
    """A made-up run: weights are read once a step, tokens computed at a third of the peak; busier draws more."""
    step = 0.003 + 2e9 * billions / 3.35e12 + 6e9 * billions * flying / 9.9e14
    watts = 700.0 * (0.4 + 0.5 * flying / (flying + 60.0))
    rate = flying / step
    values = {
        "record_id": f"{billions}-{flying}",
        "source": "made up",
        "kind": "generative",
        "model_id": f"model of {billions}",
        "energy_scope": "gpu",
        "parameters_total": billions * 1e9,
        "bytes_per_parameter": 2.0,
        "device_count": 1.0,
        "concurrency": flying,
        "average_output_tokens": 300.0,
        "output_tokens_per_second": rate,
        "request_rate_per_second": rate / 300.0,
        "latency_seconds_per_token": step,
        "mean_power_watts": watts,
        "energy_joules_per_output_token": watts / rate,
        "energy_joules_per_sample": watts / rate * 300.0,
        "stack_version": "vllm-0.11.1",
        **{name: value for name, value in TEXTS.items() if name != "serving_stack"},
        **DEVICE,
        **changes,
    }
    return Record(**values)  # type: ignore[arg-type]


@cache
def model() -> LassoModel:
    """Trained on seven made-up models at seven loads."""
    sizes, loads = (1.0, 2.0, 4.0, 7.0, 13.0, 20.0, 34.0), (1.0, 4.0, 16.0, 48.0, 96.0, 192.0, 384.0)
    return LassoModel(train(RECIPE, [measured(each, flying) for each in sizes for flying in loads]).artifact)


def question(billions: float, flying: float) -> dict[str, float]:
    """What is known before a run."""
    return {"parameters": billions * 1e9, "concurrency": flying, "average_output_tokens": 300.0}


@pytest.mark.parametrize("flying", [8.0, 64.0, 256.0])
def test_a_model_that_was_left_out_costs_about_what_it_was_made_to(flying: float) -> None:
    """Between trained sizes a token's energy and the power are within 15 % of the made-up truth."""
    truth = measured(9.0, flying)
    found = model().estimate(question(9.0, flying), TEXTS)
    assert found.joules_per_output_token is not None
    assert found.power_watts is not None
    assert found.joules_per_output_token.value == pytest.approx(truth.energy_joules_per_output_token, rel=0.15)
    assert found.power_watts.value == pytest.approx(truth.mean_power_watts, rel=0.15)


def test_joules_of_a_request_are_those_of_its_tokens() -> None:
    """A request of 300 tokens costs 300 times a token."""
    found = model().estimate(question(9.0, 32.0), TEXTS)
    assert found.joules_per_sample is not None
    assert found.joules_per_output_token is not None
    assert found.joules_per_sample.value == pytest.approx(300.0 * found.joules_per_output_token.value)


def test_throughput_grows_with_what_is_in_flight() -> None:
    """Power over joules per token, which planners invert for a rate, never falls on the way from 1 to 384."""
    rates = []
    for flying in (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 384.0):
        found = model().estimate(question(9.0, flying), TEXTS)
        assert found.power_watts is not None
        assert found.joules_per_output_token is not None
        rates.append(found.power_watts.value / found.joules_per_output_token.value)
    assert rates == sorted(rates)


def test_no_rate_or_latency_is_asked_for() -> None:
    """Nothing that only a run tells is an input."""
    inputs = {each.name for each in RECIPE.inputs}
    told = {"request_rate", "samples_per_second", "output_tokens_per_second", "latency_seconds_per_token"}
    assert not inputs & told


def test_wall_power_is_not_what_gpus_drew() -> None:
    """A record of another scope is left out of training."""
    kept = records_for(RECIPE, [measured(7.0, 8.0), measured(7.0, 16.0, energy_scope="wall")])
    assert [each.concurrency for each in kept] == [8.0]


def test_a_mixture_of_experts_costs_less_than_a_dense_model_of_its_size() -> None:
    """Of 30 billion parameters 3 are passed by a token: alone in flight, fewer are read and fewer computed."""
    dense = model().estimate(question(30.0, 1.0), TEXTS)
    sparse = model().estimate({**question(30.0, 1.0), "parameters_active": 3e9}, TEXTS)
    assert dense.joules_per_output_token is not None
    assert sparse.joules_per_output_token is not None
    assert sparse.joules_per_output_token.value < 0.5 * dense.joules_per_output_token.value
