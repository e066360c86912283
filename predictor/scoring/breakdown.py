"""Scores of all answers and of their parts: by source, by device, by model, inside and outside the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from predictor.scoring.answers import Answers
from predictor.scoring.scores import Scores, scores


@dataclass(frozen=True)
class Part:
    """Scores of some records, and of those inside and outside of what the model was trained on.

    `share` is that of answered records inside; None where nothing was answered.
    """

    scores: Scores
    inside: Scores
    outside: Scores
    share: float | None


def part(answers: Answers) -> Part:
    """The scores of these answers."""
    answered = answers.take(answers.answered)
    return Part(
        scores(answers),
        scores(answered.take(answered.in_domain)),
        scores(answered.take(~answered.in_domain)),
        float(answered.in_domain.mean()) if len(answered.truth) else None,
    )


def parts(answers: Answers, names: Sequence[str]) -> dict[str, Part]:
    """The scores of each name's answers, the names in their order."""
    column = np.array(names, dtype=np.str_)
    return {str(name): part(answers.take(column == name)) for name in sorted(set(names))}


def figures(it: Scores) -> dict[str, float | int | None]:
    """Scores under the names of the JSON; null for what cannot be said."""
    return {
        "n": it.records,
        "unanswered": it.unanswered,
        "mape": it.mape,
        "median_ape": it.median_ape,
        "r2_log": it.r2_log,
        "within_factor_two": it.within_factor_two,
        "band_coverage": it.band_coverage,
    }


def domain_figures(it: Part) -> dict[str, Any]:
    """Errors inside and outside the domain, under the names of the JSON."""
    sides = {"true": it.inside, "false": it.outside}
    return {
        **{name: {"n": side.records, "mape": side.mape, "median_ape": side.median_ape} for name, side in sides.items()},
        "share": it.share,
    }


def part_document(it: Part) -> dict[str, Any]:
    """Everything about a part."""
    return {**figures(it.scores), "in_domain": domain_figures(it)}


def documents(found: Mapping[str, Part]) -> dict[str, dict[str, Any]]:
    """Everything about several parts."""
    return {name: part_document(each) for name, each in found.items()}
