"""Evaluations as JSON: errors are ratios of the truth, null is what cannot be said."""

from __future__ import annotations

from collections import Counter
from typing import Any

from predictor.scoring.asking import Asked
from predictor.scoring.breakdown import documents, part, part_document, parts
from predictor.scoring.provenance import acquaintances


def asked_document(asked: Asked) -> dict[str, Any]:
    """Records answered by models as they are: all together, and by part."""
    it = asked.answers
    return {
        **part_document(part(it)),
        "by_source": documents(parts(it, [each.source for each in asked.records])),
        "by_device": documents(parts(it, [each.device for each in asked.records])),
        "by_scope": documents(parts(it, [each.energy_scope for each in asked.records])),
        "models": [_model_document(asked, place) for place in range(len(asked.models))],
        "unanswered_reasons": dict(Counter(reason for reason in asked.reasons if reason).most_common()),
        "notes": notes_of(asked),
    }


def notes_of(asked: Asked) -> list[str]:
    """What a reader should know beside the figures."""
    known: list[str] = []
    for place, model in enumerate(asked.models):
        kinds = {each.kind for each, mine in zip(asked.records, asked.of_model(place), strict=True) if mine}
        known += acquaintances(model.description, [each for each in asked.records if each.kind in kinds])
    return [*known, *asked.notes]


def _model_document(asked: Asked, place: int) -> dict[str, Any]:
    description = asked.models[place].description
    return {
        "name": description.name,
        "version": description.version,
        "question": str(description.question),
        "scope": description.scope,
        **part_document(part(asked.answers.take(asked.of_model(place)))),
    }
