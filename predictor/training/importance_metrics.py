"""The paper's metrics, and what it found to matter (Sánchez-Mompó et al., Information 2025, Sec. 7).

Its Lasso takes every metric that is not itself energy; the first of each list here are those it names as the most
important, in its order, with their combined importance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from predictor.form import Transform


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric under the paper's name, and the quantity it is here."""

    name: str
    quantity: str
    transform: Transform = Transform.LOG


@dataclass(frozen=True, slots=True)
class Study:
    """What the paper did for one kind of models: its metrics, the first `listed` of which it names, and their share."""

    kind: str
    title: str
    metrics: tuple[Metric, ...]
    listed: int
    combined: float


STUDIES: Mapping[str, Study] = {
    "discriminative": Study(
        "discriminative",
        "classifiers, energy of a sample",
        (
            Metric("GPU memory utilisation", "gpu_memory_utilization_ratio", Transform.VALUE),
            Metric("MACs per parameter", "macs_param"),
            Metric("work_done", "work_done"),
            Metric("model_size_to_ram", "model_size_to_ram"),
            Metric("MACs", "macs"),
            Metric("model size", "model_size_bytes"),
            Metric("GPU utilisation", "gpu_utilization_ratio", Transform.VALUE),
            Metric("CPU utilisation", "cpu_utilization_ratio", Transform.VALUE),
            Metric("parameters", "parameters"),
            Metric("overall_efficiency", "overall_efficiency"),
        ),
        listed=6,
        combined=0.65,
    ),
    "generative": Study(
        "generative",
        "language models, energy of a request",
        (
            Metric("request rate", "request_rate"),
            Metric("cache hit rate", "cache_hit_rate", Transform.VALUE),
            Metric("average output tokens", "average_output_tokens"),
            Metric("model_size_to_ram", "model_size_to_ram"),
            Metric("parameters", "parameters"),
            Metric("FLOPs", "flops"),
        ),
        listed=3,
        combined=0.75,
    ),
}
"""By the kind of records."""
