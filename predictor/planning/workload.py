"""A finished workload as a question: its labels say what ran, its counts and its length how much of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from joulecast.errors import JoulecastError
from predictor.estimate import InvalidFeature, Question
from predictor.hardware.catalogue import device_named
from predictor.planning.answer import Answer, Asked
from predictor.planning.energy_scope import usual_scope
from predictor.planning.generative import answer_generative
from predictor.planning.memory import check_weights
from predictor.planning.source import Source
from predictor.points import NUMBERS, TEXTS
from predictor.readers.cells import Refused, value_of
from predictor.readers.intervals import REQUESTS, SAMPLES, TOKENS, characteristics_among, count_of, kind_of

_QUESTIONS = {
    "generative": Question.GENERATIVE_KNOWN_RUNTIME,
    "diffusion": Question.DIFFUSION,
    "discriminative": Question.DISCRIMINATIVE,
}
# The size of the work, by kind: without it there is nothing to ask about.
_SIZES = {"generative": "parameters_total", "diffusion": "parameters_total", "discriminative": "macs"}
# What an interval's own energy is the sum of, by the kind of the device.
_SCOPES = {"gpu": "gpu+cpu+dram", "cpu": "cpu+dram"}


@dataclass(frozen=True, slots=True)
class Workload:
    """What ran for `seconds`. `device` and `device_count` are the node's own, for labels that name none.

    Utilisations are means, as ratios in 0..1; None and "" are not known.
    """

    labels: Mapping[str, str]
    counts: Mapping[str, float]
    seconds: float
    device: str = ""
    device_count: int | None = None
    cpu_utilization_ratio: float | None = None
    gpu_utilization_ratio: float | None = None


@dataclass(frozen=True, slots=True)
class WorkloadEstimate:
    """Joules over the whole length of the work, and the band that holds 80 % of truths."""

    model: str
    version: str
    scope: str
    joules: float
    p10_joules: float
    p90_joules: float
    departures: tuple[str, ...] = ()  # the features outside of what the model was trained on
    notes: tuple[str, ...] = ()


def estimate_workload(workload: Workload, source_of: Callable[[Question], Source]) -> WorkloadEstimate | None:
    """What such work takes; None where too little is known of it. Raises JoulecastError for what cannot be."""
    given = _characteristics(workload.labels)
    tokens = count_of(workload.counts, TOKENS)
    kind = given.get("kind") or kind_of(given, tokens)
    seconds = workload.seconds
    if not seconds > 0 or _SIZES[str(kind)] not in given:
        return None
    given = _on_device(workload) | given
    requests = count_of(workload.counts, REQUESTS)
    if tokens and requests:
        given.setdefault("average_output_tokens", tokens / requests)
    rates = {
        "samples_per_second": None if kind == "generative" else count_of(workload.counts, SAMPLES),
        "request_rate_per_second": requests if kind == "generative" else None,
        "output_tokens_per_second": tokens if kind == "generative" else None,
    }
    known = given | {name: count / seconds for name, count in rates.items() if count is not None}
    if not any(name in known for name in rates):
        return None
    numbers = {NUMBERS[name]: float(value) for name, value in known.items() if name in NUMBERS}
    texts = {TEXTS[name]: str(value) for name, value in known.items() if name in TEXTS}
    stack = known.get("stack_version") or known.get("serving_stack")
    if stack:
        texts["serving_stack"] = str(stack)
    return _answered(source_of(_QUESTIONS[str(kind)]), numbers, texts, seconds)


def _characteristics(labels: Mapping[str, str]) -> dict[str, float | str]:
    """By the names of their columns. Raises InvalidFeature for one that cannot be read."""
    given: dict[str, float | str] = {}
    for label, column, text in characteristics_among(labels):
        try:
            given[column.name] = value_of(text, column)
        except Refused as refused:
            remedy = refused.remedy.replace("leave the cell empty", "leave it out")
            raise InvalidFeature(column.name, f"label {label}: {refused.what}", remedy) from None
    return given


def _on_device(workload: Workload) -> dict[str, float | str]:
    """What the node says of the device, where it and the labels mean the same kind of it."""
    named = next(
        (text for _, column, text in characteristics_among(workload.labels) if column.name == "device"), workload.device
    )
    kind = _kind_of_device(named)
    if not kind:
        return {}
    found: dict[str, float | str] = {"device": named}
    if kind == "gpu" and workload.device_count:
        found["device_count"] = float(workload.device_count)
    # How busy a CPU is says nothing of the work of a GPU, and the other way round.
    utilization = {"cpu": workload.cpu_utilization_ratio, "gpu": workload.gpu_utilization_ratio}.get(kind)
    if utilization is not None:
        found[f"{kind}_utilization_ratio"] = utilization
    return found


def _answered(
    source: Source, numbers: Mapping[str, float], texts: Mapping[str, str], seconds: float
) -> WorkloadEstimate | None:
    description = source.description
    try:
        found = _ask(source, numbers, texts)
    except InvalidFeature as problem:
        if problem.feature in numbers or problem.feature in texts:
            raise
        return None  # something is missing, which is no mistake
    power = found.estimate.power_watts
    if power is None or not 0 < power.p10 * seconds <= power.p90 * seconds < math.inf:
        return None
    return WorkloadEstimate(
        description.name,
        description.version,
        found.estimate.scope or description.scope,
        power.value * seconds,
        power.p10 * seconds,
        power.p90 * seconds,
        tuple(dict.fromkeys(each.feature for each in found.estimate.departures)),
        tuple(dict.fromkeys((*found.estimate.notes, *found.notes))),
    )


def _ask(source: Source, numbers: Mapping[str, float], texts: Mapping[str, str]) -> Answer:
    question = source.description.question
    try:
        if question is Question.GENERATIVE_KNOWN_RUNTIME:
            return answer_generative(source, numbers, texts)
        check_weights(numbers, texts)
        if question is Question.DISCRIMINATIVE:
            texts = {"energy_scope": _scope(source, texts.get("device", "")), **texts}
        return Asked(source, numbers, texts, frozenset({"energy_scope"})).answer()
    except InvalidFeature:
        raise
    except JoulecastError as problem:  # its remedy names options of a command
        raise JoulecastError(problem.problem, "check the labels") from None
    except (ArithmeticError, ValueError):
        raise JoulecastError("these labels lead to no finite estimate", "check their units") from None


def _scope(source: Source, device: str) -> str:
    """The scope that compares with the interval's own energy."""
    return _SCOPES.get(_kind_of_device(device)) or usual_scope(source.description, device)


def _kind_of_device(name: str) -> str:
    """As the catalogue says; "" where it does not know it."""
    try:
        return device_named(name).kind if name else ""
    except JoulecastError:
        return ""
