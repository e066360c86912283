"""Questions about a language model that is served: which model is asked, and with what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from joulecast.errors import JoulecastError
from predictor.characteristics import Characteristics, given
from predictor.estimate import Description, Estimate, InvalidFeature, Quantity, Question
from predictor.hardware.catalogue import device_named
from predictor.known import figures_of_names
from predictor.planning.answer import Answer, Asked
from predictor.planning.memory import Cache, check_memory
from predictor.planning.served_rate import USUAL_IDLE, Idle, plan_rate
from predictor.planning.source import Source

_RATES = ("request_rate", "output_tokens_per_second")
_RUNTIME = ("concurrency", "latency_seconds_per_token")
_IN_FLIGHT = ("concurrency", "batch_size")
_MOST_IN_FLIGHT = 1024.0  # where the model does not say what it was trained on


@dataclass(frozen=True, slots=True)
class Served:
    """A model from its config.json, with the cache its requests take; None where only its size was given."""

    characteristics: Characteristics
    cache: Cache


def question_of(names: Mapping[str, object]) -> Question:
    """Which question these features are: a rate with what is in flight, or with latency, is a runtime that is known."""
    if any(name in names for name in _RATES) and any(name in names for name in _RUNTIME):
        return Question.GENERATIVE_KNOWN_RUNTIME
    return Question.GENERATIVE_A_PRIORI


def answer_generative(
    source: Source,
    numbers: Mapping[str, float],
    texts: Mapping[str, str],
    served: Served | None = None,
    idle_watts: float | None = None,
) -> Answer:
    """Answer one operating point; a rate of which nothing else is known is planned for. Raises JoulecastError."""
    model = served.characteristics if served is not None else _by_size(numbers)
    told = _told(model, exact=served is not None)
    usual = usual_serving(source.description, texts)
    kind = {**usual, **({} if model.architecture is None else {"architecture": model.architecture})}
    derived = frozenset(told.keys() - numbers.keys()) | frozenset(kind.keys() - texts.keys())
    asked = Asked(source, {**told, **numbers}, {**kind, **texts}, derived)
    assumed = [f"assumed: {name} {value}" for name, value in usual.items()]
    most = check_memory(model, asked.numbers, texts, served.cache if served is not None else None)
    rate = _tokens_per_second(asked.numbers)
    if rate is None and not any(name in numbers for name in _IN_FLIGHT):
        raise JoulecastError("how much it serves is not known", "give --rps with --output-tokens, or --concurrency")
    if source.description.question is Question.GENERATIVE_KNOWN_RUNTIME or rate is None:
        found = asked.answer()
    else:
        found = _planned(asked, rate, most, idle_watts)
    notes = (*found.notes, *assumed, *(model.notes if served is not None else ()))
    return replace(found, numbers=numbers, texts=texts, notes=notes)


def _by_size(numbers: Mapping[str, float]) -> Characteristics:
    if "parameters" not in numbers:
        raise JoulecastError("the model's size is not known", "give --model-config FILE or --parameters, as 8e9")
    try:
        return given(parameters=numbers["parameters"], active_parameters=numbers.get("parameters_active"))
    except JoulecastError as problem:
        name = "parameters_active" if problem.problem.startswith("active") else "parameters"
        raise InvalidFeature(name, problem.problem, problem.remedy) from None


def usual_serving(description: Description, texts: Mapping[str, str]) -> dict[str, str]:
    """The stack and task that are meant where none is named: a model that was trained on some knows no other."""
    trained = {each.name: each.values for each in description.inputs}
    stacks = sorted((each for each in trained.get("serving_stack", ()) if each.startswith("vllm")), key=_version)
    usual = {"serving_stack": stacks[-1]} if stacks else {}
    if "chat" in trained.get("task", ()):
        usual["task"] = "chat"
    return {name: value for name, value in usual.items() if name not in texts}


def _version(stack: str) -> list[int]:
    """Its numbers, so that 0.11 comes after 0.5."""
    return [int(part) for part in re.findall(r"\d+", stack)]


def _told(model: Characteristics, *, exact: bool) -> dict[str, float]:
    """What the model's characteristics say in the features' names; sizes only where the file gives them."""
    told = {"parameters": float(model.parameters), "parameters_active": float(model.active_parameters)}
    if exact:
        told |= {"model_size_bytes": float(model.size_bytes), "bytes_per_parameter": model.bytes_per_parameter}
    return told


def _tokens_per_second(numbers: Mapping[str, float]) -> float | None:
    """The rate to be served, where one is asked for."""
    if "output_tokens_per_second" in numbers:
        return _positive("output_tokens_per_second", numbers)
    if "request_rate" not in numbers:
        return None
    if "average_output_tokens" not in numbers:
        raise JoulecastError("how long an answer is, is not known", "give --output-tokens with --rps, as 300")
    return _positive("request_rate", numbers) * _positive("average_output_tokens", numbers)


def _positive(name: str, numbers: Mapping[str, float]) -> float:
    if not numbers[name] > 0:
        raise InvalidFeature(name, f"{name} is {numbers[name]:g}", "it must be positive")
    return numbers[name]


def _planned(asked: Asked, rate: float, most: float | None, idle_watts: float | None) -> Answer:
    takes, numbers = asked.takes, asked.numbers
    in_flight = next((name for name in _IN_FLIGHT if name in takes), None)
    if in_flight is None:
        raise JoulecastError(
            f"{asked.source.description.name} takes no number of requests in flight, so it cannot plan a rate",
            "leave out --artifact, or give --concurrency",
        )
    bounds = (takes[in_flight].highest or _MOST_IN_FLIGHT, most, numbers.get("batch_size"))
    limit = max(1.0, min(bound for bound in bounds if bound is not None))
    # With its rate the model would take the throughput for known.
    fixed = {name: value for name, value in numbers.items() if name not in {*_RATES, in_flight}}

    def at(flying: float) -> Asked:
        return replace(asked, numbers={**fixed, in_flight: flying})

    plan = plan_rate(lambda flying: at(flying).estimate(), rate, limit, _idle(idle_watts, numbers, asked.texts))
    estimate = _per_request(plan.estimate, numbers.get("average_output_tokens"))
    return Answer(numbers, asked.texts, estimate, plan.serving, (*at(1.0).answer().notes, *plan.notes))


def _idle(given_watts: float | None, numbers: Mapping[str, float], texts: Mapping[str, str]) -> Idle | None:
    """Of all devices: as given, as measured, or the usual share of the rated power."""
    count = numbers.get("device_count", 1.0)
    if given_watts is not None:
        return Idle(given_watts * count, "as given")
    try:
        measured = device_named(texts["device"]).idle_watts
    except (KeyError, JoulecastError):
        measured = None
    if measured is not None:
        return Idle(measured * count, "as measured")
    rated = figures_of_names(numbers, texts)[0].get("device_tdp_watts")
    return None if rated is None else Idle(USUAL_IDLE * rated * count, f"taken as {USUAL_IDLE:.0%} of the rated power")


def _per_request(estimate: Estimate, tokens: float | None) -> Estimate:
    """With joules per request where the model said them per token only."""
    each = estimate.joules_per_output_token
    if estimate.joules_per_sample is not None or tokens is None or each is None:
        return estimate
    return replace(estimate, joules_per_sample=Quantity(each.value * tokens, each.p10 * tokens, each.p90 * tokens))
