"""One answer as people read it: the figures with their band, what they hold for, and what moves them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from joulecast.cli.table import Column, printable, rendered
from joulecast.client.readable import joules_text, seconds_text, watts_text
from joulecast.footprint.rates import NO_RATES, Rates
from predictor.commands.predict_footprint import Day, day_of, day_rows
from predictor.correction import LEFT_OUT
from predictor.estimate import Contribution, Departure, Description, Evaluation, Quantity
from predictor.planning.answer import Answer, Serving, largest
from predictor.planning.host_share import NOTE, with_host

_FIGURES = (Column(""), Column("P10", right=True), Column("estimate", right=True), Column("P90", right=True))
_BAR = 12
_SHOWN = 6


def answer_lines(answer: Answer, description: Description, sample: str, rates: Rates = NO_RATES) -> Iterator[str]:
    """Everything about one answer; `sample` is what one sample is: a request, an image."""
    day = day_of(answer.estimate, rates)
    machine = _machine(host_power(answer, description))
    yield from rendered(_FIGURES, [*_figures(answer, sample), *day_rows(day), *machine])
    if answer.serving is not None:
        yield _serving_text(answer.serving)
    yield ""
    scope = answer.estimate.scope or description.scope
    yield f"scope: {scope}, {_SCOPES.get(scope, 'and nothing beside it')}"
    yield from _domain_lines(answer.estimate.departures)
    yield from (f"note: {printable(note)}" for note in notes_of(answer, description, day))
    yield from _contribution_lines(answer.estimate.contributions)
    yield ""
    yield from model_lines(description)


def notes_of(answer: Answer, description: Description, day: Day | None = None) -> list[str]:
    """What a reader should know, each once."""
    host = [NOTE] if _is_of_gpus(answer, description) else []
    return list(dict.fromkeys([*answer.notes, *answer.estimate.notes, *host, *(day.notes() if day else ())]))


def host_power(answer: Answer, description: Description) -> Quantity | None:
    """Of the whole machine, where the answer is of its GPUs alone."""
    power = answer.estimate.power_watts
    return with_host(power) if power is not None and _is_of_gpus(answer, description) else None


def model_lines(description: Description) -> Iterator[str]:
    """Who answered, and how far off it was on what it had not seen."""
    yield f"model: {printable(description.name)} version {printable(description.version)}"
    judged = judgements(description.evaluations)
    if not judged:
        yield "       how far off it is, is not known: its artifact holds no evaluation"
    is_calibrated = any(each.split == LEFT_OUT for each in judged)
    for each in judged:
        what = "points" if each.split == LEFT_OUT else "records"
        before = "before its calibration, " if is_calibrated and each.split != LEFT_OUT else ""
        band = "" if each.band_coverage is None else f"; {each.band_coverage:.0%} of the truths lay in the band"
        yield (
            f"       {before}{printable(each.split)}: off by {each.mape:.1%} on average, "
            f"{each.median_ape:.1%} in the median ({each.records} {what}){band}"
        )


def judgements(evaluations: Sequence[Evaluation]) -> list[Evaluation]:
    """What it did on points left out of a calibration, and on models left out of training, else the first there is."""
    points = [each for each in evaluations if each.split == LEFT_OUT]
    others = [each for each in evaluations if each.split != LEFT_OUT]
    models = [each for each in others if each.split.startswith("leave-model-out")]
    return [*points, *(models or others)[:1]]


def departure_text(each: Departure) -> str:
    """What left the domain, and what training had."""
    if each.value is None:
        return f"{each.feature} {each.text!r} was not in training" if each.text else f"{each.feature} is not known"
    seen = "" if each.lowest is None or each.highest is None else f": training had {each.lowest:g} to {each.highest:g}"
    return f"{each.feature} is {each.value:g}{seen}"


def energy_per_day_text(kilowatt_hours: float) -> str:
    """Kilowatt-hours, three digits of them.

    >>> energy_per_day_text(12.34), energy_per_day_text(1234.5), energy_per_day_text(0.01234)
    ('12.3 kWh', '1,234 kWh', '0.0123 kWh')
    """
    if kilowatt_hours <= 0:
        return "0 kWh"
    return f"{kilowatt_hours:,.{min(6, max(0, 2 - math.floor(math.log10(kilowatt_hours))))}f} kWh"


def number_text(value: float) -> str:
    """Three digits, and all of them before the point.

    >>> number_text(0.3456), number_text(1352.4)
    ('0.346', '1,352')
    """
    return f"{value:.3g}" if value < 1000 else f"{value:,.0f}"


_SCOPES: Mapping[str, str] = {
    "gpu": "the devices alone",
    "wall": "the whole machine, at its plug",
    "cpu": "the processors alone",
    "cpu+dram": "processors and memory",
    "gpu+cpu+dram": "devices, processors and memory",
}


def _is_of_gpus(answer: Answer, description: Description) -> bool:
    return (answer.estimate.scope or description.scope) == "gpu"


def _figures(answer: Answer, sample: str) -> Iterator[Sequence[str]]:
    it = answer.estimate
    for name, quantity, text in (
        ("power", it.power_watts, watts_text),
        (f"energy per {sample}", it.joules_per_sample, joules_text),
        ("energy per output token", it.joules_per_output_token, joules_text),
        ("energy per day", it.kilowatt_hours_per_day, energy_per_day_text),
    ):
        if quantity is not None:
            yield name, text(quantity.p10), text(quantity.value), text(quantity.p90)


def _machine(power: Quantity | None) -> Iterator[Sequence[str]]:
    if power is not None:
        yield "with the machine around it", watts_text(power.p10), watts_text(power.value), watts_text(power.p90)


def _serving_text(serving: Serving) -> str:
    each = "" if serving.replicas == 1 else f" in each of {serving.replicas} replicas"
    return (
        f"served with {number_text(serving.concurrency)} requests in flight{each}, "
        f"{seconds_text(serving.seconds_per_token)} a token, {serving.output_tokens_per_second:,.0f} of at most "
        f"{serving.most_output_tokens_per_second * serving.replicas:,.0f} tokens/s"
    )


def _domain_lines(departures: Sequence[Departure]) -> Iterator[str]:
    if not departures:
        yield "in domain: yes, everything lies within what the model was trained on"
        return
    yield "in domain: no, trust it less:"
    yield from (f"  {printable(departure_text(each))}" for each in departures)


def _contribution_lines(contributions: Sequence[Contribution]) -> Iterator[str]:
    """Factors on the mean training record, as bars to the left and to the right."""
    if not contributions:
        return
    shown, others = largest(contributions, _SHOWN)
    rows = [*((each.feature, each.log_ratio) for each in shown), *([("all others", others)] if others else [])]
    widest = max(abs(ratio) for _, ratio in rows) or 1.0
    width = max(len(printable(name)) for name, _ in rows)
    yield ""
    yield "what moves it from the mean of training:"
    for name, ratio in rows:
        bar = "#" * max(1, round(abs(ratio) / widest * _BAR))
        left, right = (bar, "") if ratio < 0 else ("", bar)
        yield f"  {printable(name):{width}}  {left:>{_BAR}}|{right:<{_BAR}}  x {_factor(math.exp(ratio))}"


def _factor(value: float) -> str:
    """Three digits, never as a power of ten where it can be read without."""
    return f"{value:.3g}" if 1e-3 <= value < 1000 else f"{value:.1e}"
