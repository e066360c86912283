"""A finished interval becomes a record, where its workload's labels say what ran and sensors said what it drew."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from predictor.readers.cells import Refused, value_of
from predictor.readers.problems import Say
from predictor.readers.rows import record_of
from predictor.record import COLUMNS, MEASURED, Record
from predictor.record_column import Column

LABELS: Mapping[str, str] = {
    "model": "model_id",
    "family": "model_family",
    "parameters": "parameters_total",
    "active_parameters": "parameters_active",
    "batch": "batch_size",
    "gpu": "device",
    "hardware": "device",
    "devices": "device_count",
    "stack": "serving_stack",
    "input_tokens": "average_input_tokens",
    "output_tokens": "average_output_tokens",
}
"""Short names a label may have; any name of a characteristic's column does as well."""

OBSERVED = frozenset(
    {
        "record_id",
        "provenance",
        "measurement_method",
        "phase",
        "duration_seconds",
        "samples",
        "samples_per_second",
        "request_rate_per_second",
        "output_tokens_per_second",
        "mean_power_watts",
        "energy_joules_per_sample",
        "energy_joules_per_output_token",
        "cpu_utilization_ratio",
        "gpu_utilization_ratio",
        "gpu_memory_used_ratio",
    }
)
"""What sensors and counts say; it is never taken from a label."""
SAMPLES = ("sample", "samples", "request", "requests", "image", "images", "video", "videos")
REQUESTS = ("request", "requests")
TOKENS = ("output_token", "output_tokens", "token", "tokens")

_LEAST_COVERAGE = 0.99
_MOST_UNCERTAIN = 0.1


@dataclass(frozen=True, slots=True)
class Part:
    """The energy of one component over an interval."""

    gross_joules: float | None
    uncertainty_joules: float | None
    coverage: float | None
    provenance: str | None


@dataclass(frozen=True, slots=True)
class MeasuredInterval:
    """A finished interval, wherever it was kept. Ratios are means; `devices` counts those of each component."""

    interval_id: str
    phase: str
    duration_seconds: float
    labels: Mapping[str, str]
    counts: Mapping[str, float]
    parts: Mapping[str, Part]
    devices: Mapping[str, int] = field(default_factory=dict)
    below_resolution: bool = False
    cpu_utilization_ratio: float | None = None
    gpu_utilization_ratio: float | None = None
    gpu_memory_used_ratio: float | None = None


class _LeftOut(Exception):
    """Why an interval is no record."""


def records_of_intervals(where: str, intervals: Iterable[MeasuredInterval], say: Say) -> list[Record]:
    """The records among these intervals. How many were left out, and why, goes to `say`."""
    records: list[Record] = []
    reasons: Counter[str] = Counter()
    for interval in intervals:
        try:
            records.append(record_of_interval(interval))
        except _LeftOut as left_out:
            reasons[str(left_out)] += 1
    if reasons:
        counted = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
        say(f"{where}: {len(records)} of {len(records) + reasons.total()} intervals are records; left out: {counted}")
    return records


def record_of_interval(interval: MeasuredInterval) -> Record:
    """The record an interval is. Raises an error that says why it is none."""
    given = _characteristics(interval.labels)
    if "model_id" not in given or not {"parameters_total", "macs"} & given.keys():
        raise _LeftOut("without labels for the model and its size")
    if "device" not in given:
        raise _LeftOut("without a label for the device")
    if interval.phase != "inference":
        raise _LeftOut("of another phase than inference")
    if interval.duration_seconds <= 0:
        raise _LeftOut("without duration")
    scope, joules, provenance = _energy(interval, given.get("energy_scope"))
    duration = interval.duration_seconds
    samples, tokens = count_of(interval.counts, SAMPLES), count_of(interval.counts, TOKENS)
    requests = count_of(interval.counts, REQUESTS)
    main = "gpu" if "gpu" in scope else "cpu"
    observed = {
        "record_id": f"interval-{interval.interval_id}",
        "energy_scope": scope,
        "phase": interval.phase,
        "provenance": provenance,
        "measurement_method": "Joulecast interval, gross energy of the components in scope",
        "duration_seconds": duration,
        "mean_power_watts": joules / duration,
        "samples": samples,
        "samples_per_second": _per(samples, duration),
        "request_rate_per_second": _per(requests, duration),
        "output_tokens_per_second": _per(tokens, duration),
        "energy_joules_per_sample": _per(joules, samples),
        "energy_joules_per_output_token": _per(joules, tokens),
        "cpu_utilization_ratio": interval.cpu_utilization_ratio,
        "gpu_utilization_ratio": interval.gpu_utilization_ratio,
        "gpu_memory_used_ratio": interval.gpu_memory_used_ratio,
    }
    assumed = {
        "source": "intervals",
        "kind": kind_of(given, tokens),
        "device_count": float(interval.devices[main]) if interval.devices.get(main) else None,
        "average_output_tokens": _per(tokens, requests),
        "model_size_bytes": _times(given.get("parameters_total"), given.get("bytes_per_parameter")),
    }
    values = assumed | given | observed
    if values["device_count"] is None:
        raise _LeftOut("without a label for the number of devices")
    if values["device_count"] != (interval.devices.get(main) or values["device_count"]):
        raise _LeftOut("with the energy of more or fewer devices than they ran on")
    return record_of({name: value for name, value in values.items() if value is not None}, {})


def describes_a_model(labels: Mapping[str, str]) -> bool:
    """Whether these labels may make a record at all: a cheap look before the account is read."""
    return "model" in labels or "model_id" in labels


def characteristics_among(labels: Mapping[str, str]) -> Iterator[tuple[str, Column, str]]:
    """The labels that give a characteristic: their names, the columns they fill, and what they say."""
    for label, text in labels.items():
        name = LABELS.get(label, label)
        column = COLUMNS.get(name)
        if column is not None and name not in OBSERVED and text.strip():
            yield label, column, text


def _characteristics(labels: Mapping[str, str]) -> dict[str, Any]:
    """The characteristics among the labels, by the names of their columns."""
    given: dict[str, Any] = {}
    for label, column, text in characteristics_among(labels):
        try:
            given[column.name] = value_of(text, column)
        except Refused as refused:
            raise _LeftOut(f"with a label {label} that cannot be read ({refused.what})") from None
    return given


def kind_of(given: Mapping[str, Any], tokens: float | None) -> str:
    """What a model that counts tokens does, or one that takes denoising steps, or any other."""
    if tokens is not None:
        return "generative"
    return "diffusion" if "denoising_steps" in given else "discriminative"


def _energy(interval: MeasuredInterval, wanted: str | None) -> tuple[str, float, str]:
    """Scope, joules and provenance: what the label says, else the GPUs, else what of CPU and DRAM was measured."""
    scope = wanted or _scope(interval.parts)
    joules = variance = 0.0
    weakest = MEASURED[0]
    for name in scope.split("+"):
        part = interval.parts.get(name)
        if part is None or part.gross_joules is None or part.provenance is None:
            raise _LeftOut(f"without energy of {name}")
        if part.provenance not in MEASURED:
            raise _LeftOut("of modelled or predicted energy")
        if part.coverage is None or part.coverage < _LEAST_COVERAGE:
            raise _LeftOut("not observed throughout")
        if part.provenance != MEASURED[0]:
            weakest = part.provenance
        joules += part.gross_joules
        variance += (part.uncertainty_joules or 0.0) ** 2
    if interval.below_resolution or joules <= 0 or variance**0.5 > _MOST_UNCERTAIN * joules:
        raise _LeftOut("too short for their sensors")
    return scope, joules, weakest


def _scope(parts: Mapping[str, Part]) -> str:
    known = {name for name, part in parts.items() if part.gross_joules is not None}
    if "gpu" in known:
        return "gpu"
    # A modelled DRAM would spoil the measured CPU beside it.
    return "cpu+dram" if "dram" in known and parts["dram"].provenance in MEASURED else "cpu"


def count_of(counts: Mapping[str, float], names: Iterable[str]) -> float | None:
    """The first of these counts that is there; None where none is."""
    return next((counts[name] for name in names if counts.get(name, 0) > 0), None)


def _per(value: float | None, divisor: float | None) -> float | None:
    return None if value is None or divisor is None else value / divisor


def _times(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one * other
