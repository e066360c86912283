"""Answers as JSON: null for what is not known, the same names as on the wire."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from joulecast.errors import JoulecastError
from joulecast.footprint.rates import NO_RATES, Rates
from predictor.commands.predict_footprint import day_document, day_of
from predictor.commands.predict_text import host_power, judgements, notes_of
from predictor.estimate import Description, Quantity
from predictor.planning.answer import Answer


def answer_document(answer: Answer, description: Description, rates: Rates = NO_RATES) -> dict[str, Any]:
    """One answer; `node_power_watts` is a prior, and its note is among the notes."""
    it = answer.estimate
    day = day_of(it, rates)
    return {
        "question": str(description.question),
        "asked": {**answer.texts, **answer.numbers},
        "power_watts": _quantity(it.power_watts),
        "joules_per_sample": _quantity(it.joules_per_sample),
        "joules_per_output_token": _quantity(it.joules_per_output_token),
        "kilowatt_hours_per_day": _quantity(it.kilowatt_hours_per_day),
        "footprint_per_day": day_document(day),
        "node_power_watts": _quantity(host_power(answer, description)),
        "scope": it.scope or description.scope,
        "in_domain": it.in_domain,
        "departures": [asdict(each) for each in it.departures],
        "contributions": [asdict(each) for each in it.contributions],
        "serving": None if answer.serving is None else asdict(answer.serving),
        "notes": notes_of(answer, description, day),
        "model": model_document(description),
    }


def refusal_document(asked: Mapping[str, Any], problem: JoulecastError | None) -> dict[str, Any]:
    """A point of a range that cannot be."""
    return {"asked": dict(asked), "error": str(problem)}


def model_document(description: Description) -> dict[str, Any]:
    """Who answered, and how far off it was on what it had not seen."""
    return {
        "name": description.name,
        "version": description.version,
        "errors": [asdict(each) for each in judgements(description.evaluations)],
    }


def _quantity(quantity: Quantity | None) -> dict[str, float] | None:
    return None if quantity is None else quantity._asdict()
