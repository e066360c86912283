"""A record as a point a model can be asked about: the same names in training, evaluation and serving."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from predictor.record import Record

NUMBERS: Mapping[str, str] = {
    "parameters_total": "parameters",
    "parameters_active": "parameters_active",
    "bytes_per_parameter": "bytes_per_parameter",
    "model_size_bytes": "model_size_bytes",
    "macs": "macs",
    "device_count": "device_count",
    "device_tdp_watts": "device_tdp_watts",
    "device_memory_bytes": "device_memory_bytes",
    "device_memory_bandwidth_bytes_per_second": "device_memory_bandwidth_bytes_per_second",
    "device_peak_flops_per_second": "device_peak_flops_per_second",
    "batch_size": "batch_size",
    "concurrency": "concurrency",
    "request_rate_per_second": "request_rate",
    "samples_per_second": "samples_per_second",
    "output_tokens_per_second": "output_tokens_per_second",
    "average_input_tokens": "average_input_tokens",
    "average_output_tokens": "average_output_tokens",
    "cache_hit_rate": "cache_hit_rate",
    "latency_seconds_per_token": "latency_seconds_per_token",
    "cpu_utilization_ratio": "cpu_utilization_ratio",
    "gpu_utilization_ratio": "gpu_utilization_ratio",
    "gpu_memory_utilization_ratio": "gpu_memory_utilization_ratio",
    "denoising_steps": "denoising_steps",
    "height": "height",
    "width": "width",
    "frames": "frames",
    "resolution": "resolution",
}
"""Columns of a record and the features they are; the paper's names where it has one."""

TEXTS: Mapping[str, str] = {
    "device": "device",
    "task": "task",
    "architecture": "architecture",
    "precision": "precision",
    "delegate": "delegate",
    "unit": "unit",
    "power_mode": "power_mode",
    "energy_scope": "energy_scope",
    "live_preprocessing": "live_preprocessing",
}

TRUTHS = ("power_watts", "joules_per_sample", "joules_per_output_token")
_TRUTH_COLUMNS = ("mean_power_watts", "energy_joules_per_sample", "energy_joules_per_output_token")


def point_of(record: Record, inputs: Iterable[str]) -> tuple[dict[str, float], dict[str, str]]:
    """The numbers and names of a record that a model takes; what is unknown is left out."""
    wanted = set(inputs)
    numbers = {
        feature: float(value)
        for column, feature in NUMBERS.items()
        if feature in wanted and (value := getattr(record, column)) is not None
    }
    texts = {
        feature: value for column, feature in TEXTS.items() if feature in wanted and (value := getattr(record, column))
    }
    stack = record.stack_version or record.serving_stack
    if stack and "serving_stack" in wanted:
        texts["serving_stack"] = stack
    return numbers, texts


def truth_of(record: Record) -> dict[str, float]:
    """What was measured, by target."""
    return {
        target: float(value)
        for target, column in zip(TRUTHS, _TRUTH_COLUMNS, strict=True)
        if (value := getattr(record, column)) is not None
    }


def alike(
    points: Sequence[tuple[Mapping[str, float], Mapping[str, str]]],
) -> dict[tuple[frozenset[str], frozenset[str]], list[int]]:
    """The places of points that know the same features: each group is one table."""
    groups: dict[tuple[frozenset[str], frozenset[str]], list[int]] = {}
    for place, (numbers, texts) in enumerate(points):
        groups.setdefault((frozenset(numbers), frozenset(texts)), []).append(place)
    return groups
