"""Synthetic records of served language models whose power follows a known law, and a small recipe that can learn it."""

import math
import random
from dataclasses import replace
from typing import Any

from doubles.measured_records import generative_record

from predictor.record import Record
from predictor.training.recipe import FormRecipe, VariantRecipe, is_one_of, log
from predictor.training.recipes.generative_known_runtime import RECIPE as WHOLE

GPUS = {
    "NVIDIA H100 SXM 80GB": (700.0, 80e9, 3.35e12, 989.4e12),
    "NVIDIA A100 SXM4 40GB": (400.0, 40e9, 1.555e12, 312e12),
}
STACKS = ("vllm-0.5.4", "vllm-0.11.1", "pytorch-2.0.1-fastchat")

# As the shipped one, with a quarter of its features: a test should not wait for the others.
RECIPE = replace(
    WHOLE,
    variants=(
        VariantRecipe(
            "rate known",
            (
                FormRecipe(
                    "power_watts",
                    "rated_watts",
                    (
                        log("bandwidth utilization", "memory_bandwidth_utilization_ratio"),
                        log("concurrency", "concurrency"),
                        log("bytes per parameter", "bytes_per_parameter"),
                        log("model size", "model_size_bytes"),
                        *is_one_of("serving_stack", STACKS[:2]),
                    ),
                    most=0.0,
                ),
            ),
        ),
    ),
)


def serving_records(models: int = 12, each: int = 12, seed: int = 0, noise: float = 0.02) -> list[Record]:
    """Models of 1 to 64 billion parameters in three families; share of TDP = 0.2 + 0.7 x bandwidth utilisation^0.5."""
    rng = random.Random(seed)
    records: list[Record] = []
    for model in range(models):
        parameters = 1e9 * 2 ** (6 * model / max(1, models - 1))
        for number in range(each):
            device = rng.choice(sorted(GPUS))
            tdp, memory, bandwidth, peak = GPUS[device]
            concurrency = float(2 ** rng.randint(0, 7))
            utilisation = rng.uniform(0.05, 0.8)
            step = parameters * 2 / (bandwidth * utilisation)
            tokens = rng.uniform(100, 800)
            rate = concurrency / step / tokens
            watts = tdp * min(1.0, 0.2 + 0.7 * math.sqrt(utilisation)) * math.exp(rng.gauss(0, noise))
            values: dict[str, Any] = {
                "record_id": f"{model:02d}-{number:02d}",
                "model_id": f"model-{model}",
                "model_family": f"family-{model % 3}",
                "architecture": "dense",
                "task": rng.choice(("chat", "code")),
                "device": device,
                "device_tdp_watts": tdp,
                "device_memory_bytes": memory,
                "device_memory_bandwidth_bytes_per_second": bandwidth,
                "device_peak_flops_per_second": peak,
                "parameters_total": parameters,
                "parameters_active": parameters,
                "model_size_bytes": parameters * 2,
                "stack_version": rng.choice(STACKS),
                "concurrency": concurrency,
                "batch_size": concurrency,
                "request_rate_per_second": rate,
                "samples_per_second": rate,
                "output_tokens_per_second": rate * tokens,
                "average_output_tokens": tokens,
                "latency_seconds_per_token": step,
                "mean_power_watts": watts,
                "energy_joules_per_sample": watts / rate,
                "energy_joules_per_output_token": watts / rate / tokens,
            }
            records.append(generative_record(**values))
    return records
