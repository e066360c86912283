"""Serving is observed, its power is not: energy is power over the known rate, so only mean power is learnt."""

from predictor.estimate import Input, Question
from predictor.form import Transform
from predictor.record import Record
from predictor.training.recipe import FeatureRecipe, FormRecipe, Recipe, VariantRecipe, is_one_of, log
from predictor.training.recipes.serving import DEVICE_INPUTS, MODEL_INPUTS, STANDS_FOR, TASKS

INPUTS = (
    *MODEL_INPUTS,
    *DEVICE_INPUTS,
    Input("request_rate", "1/s", "requests completed per second"),
    Input("average_output_tokens", "tokens", "generated tokens of one request"),
    Input("output_tokens_per_second", "1/s", "generated tokens of all requests together"),
    Input("concurrency", "requests", "mean requests in flight"),
    Input("batch_size", "requests", "most requests the server takes in flight"),
    Input("latency_seconds_per_token", "s", "between two tokens of one request"),
)

# Both are told from vLLM before its engine was rewritten, which a stack that was never measured counts as.
SET_APART = ("pytorch-2.0.1-fastchat", "vllm-0.11.1")

FEATURES = (
    log("compute utilization", "compute_utilization_ratio"),
    log("weight bandwidth utilization", "memory_bandwidth_utilization_ratio"),
    log("read bandwidth utilization", "read_bandwidth_utilization_ratio"),
    log("concurrency", "concurrency"),
    log("device count", "device_count"),
    log("model_size_to_ram", "model_size_to_ram", optional=True),
    log("active parameters", "parameters_active"),
    log("model size", "model_size_bytes"),
    log("bytes per parameter", "bytes_per_parameter"),
    log("average_output_tokens", "average_output_tokens", optional=True),
    log("step time", "step_seconds"),
    log("steps per weight read", "steps_per_weight_read"),
    *is_one_of("task", TASKS),
    *is_one_of("serving_stack", SET_APART),
)


def products(one: FeatureRecipe, other: FeatureRecipe) -> bool:
    """All but step time by stack or task: on an unseen device that learns which device served which stack."""
    with_name = Transform.IS in {one.transform, other.transform}
    return not (with_name and "step time" in {one.name, other.name})


def takes(record: Record) -> bool:
    """GPU energy of served language models."""
    return record.kind == "generative" and record.energy_scope == "gpu"


RECIPE = Recipe(
    name="generative-known-runtime",
    question=Question.GENERATIVE_KNOWN_RUNTIME,
    scope="gpu",
    inputs=INPUTS,
    variants=(
        VariantRecipe(
            "rate known", (FormRecipe("power_watts", "rated_watts", FEATURES, products, bound=1.3, most=0.0),)
        ),
    ),
    takes=takes,
    stands_for=STANDS_FOR,
    scored="joules_per_sample",
)
