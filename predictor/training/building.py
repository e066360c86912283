"""A recipe and records to a finished artifact: fitted, verified, judged on what was left out, its bands measured."""

from __future__ import annotations

import json
import platform
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

import numpy as np
import sklearn
from threadpoolctl import threadpool_limits

from joulecast.errors import JoulecastError
from joulecast.version import __version__
from predictor.artifact import Artifact, document_of
from predictor.estimate import Evaluation
from predictor.form import Band, Form
from predictor.record import Record
from predictor.scoring.answers import Answers
from predictor.scoring.provenance import digest_of
from predictor.scoring.scores import Scores, scores
from predictor.training.cross_validation import CrossValidated, band_of, cross_validate
from predictor.training.folds import SEED, SPLITS
from predictor.training.recipe import Recipe
from predictor.training.train import records_for, train
from predictor.training.verification import AGREEMENT, QUESTIONS, verify

Progress = Callable[[str], None]

_WITH_OUTSIDERS = ("leave-device-out", "leave-family-out", "leave-model-out")


@dataclass(frozen=True)
class Judged:
    """One variant's answers to records it was not trained on: by split, then by target."""

    variant: str
    records: Sequence[Record]
    by_split: dict[str, dict[str, CrossValidated]]


def build(recipe: Recipe, records: Sequence[Record], *, jobs: int = -1, say: Progress = lambda _: None) -> Artifact:
    """Train, verify against the pipeline, cross-validate by every split, and put bands around estimates.

    The same records give the same bytes on one machine. Raises JoulecastError where records are missing, estimated, or
    of one model only.
    """
    chosen = records_for(recipe, records)
    say(f"{recipe.name}: fitting {len(chosen)} records")
    with threadpool_limits(1):
        trained = train(recipe, chosen)
        for form, made, raw in trained.pipelines:
            verify(form, made, raw)
    judged = [_judge(recipe, each.name, chosen, jobs, say) for each in trained.artifact.variants]
    artifact = replace(
        trained.artifact,
        variants=tuple(
            replace(each, forms=tuple(_with_band(form, found) for form in each.forms))
            for each, found in zip(trained.artifact.variants, judged, strict=True)
        ),
        evaluations=tuple(_evaluations(recipe, judged)),
        provenance=_provenance(recipe, chosen, judged),
    )
    return replace(artifact, version=_version(artifact))


def _judge(recipe: Recipe, variant: str, records: Sequence[Record], jobs: int, say: Progress) -> Judged:
    """One variant alone, so that its band and errors are its own."""
    alone = replace(recipe, variants=tuple(each for each in recipe.variants if each.name == variant))
    targets = tuple(dict.fromkeys([recipe.scored, *(form.target for form in alone.variants[0].forms)]))
    by_split = {}
    for split in SPLITS:
        say(f"{recipe.name}, {variant}: {split}")
        found = cross_validate(alone, records, split, jobs, targets)
        if found:
            by_split[split] = found
    return Judged(variant, records, by_split)


def _with_band(form: Form, judged: Judged) -> Form:
    """The bands of one form: inside the domain as models left out say, outside as whatever was outside says."""
    by_model = judged.by_split.get("leave-model-out", {}).get(form.target)
    if by_model is None:
        raise JoulecastError("all records are of one model", "give records of two models or more")
    it = by_model.answers
    residuals = it.residuals
    usual = residuals[it.answered & it.in_domain]
    band = band_of(usual if usual.size >= 50 else residuals[it.answered])
    foreign = [
        answers.residuals[answers.answered & ~answers.in_domain]
        for split in _WITH_OUTSIDERS
        if (found := judged.by_split.get(split, {}).get(form.target)) is not None
        for answers in (found.answers,)
    ]
    outside = np.concatenate(foreign) if foreign else np.array([])
    outer = band_of(outside) if outside.size >= 50 else Band(band.p10 * 2, band.p90 * 2)
    return form.with_bands(band, outer)


def _evaluations(recipe: Recipe, judged: Sequence[Judged]) -> list[Evaluation]:
    """Errors by split of each variant, and by source where there are several."""
    found: list[Evaluation] = []
    for each in judged:
        prefix = f"{each.variant}: " if len(judged) > 1 else ""
        sources = np.array([record.source for record in each.records])
        for split, by_target in each.by_split.items():
            answers = by_target[recipe.scored].answers
            parts = [(split, answers)]
            if len(set(sources.tolist())) > 1:
                parts += [(f"{split}, {name}", answers.take(sources == name)) for name in sorted(set(sources.tolist()))]
            for name, part in parts:
                evaluation = scores(part).evaluation(prefix + name)
                if evaluation is not None:
                    found.append(evaluation)
    return found


def domain_table(recipe: Recipe, judged: Judged) -> dict[str, dict[str, Scores]]:
    """By split, and over all of them, the errors inside and outside what each fold was trained on."""
    by_split = {split: by_target[recipe.scored].answers for split, by_target in judged.by_split.items()}
    return {
        split: {
            "inside": scores(answers.take(answers.in_domain)),
            "outside": scores(answers.take(~answers.in_domain)),
        }
        for split, answers in {**by_split, "all splits": Answers.joined(list(by_split.values()))}.items()
    }


def _provenance(recipe: Recipe, records: Sequence[Record], judged: Sequence[Judged]) -> dict[str, Any]:
    by_source: dict[str, list[Record]] = {}
    for each in records:
        by_source.setdefault(each.source, []).append(each)
    return {
        "records": len(records),
        "models": len({each.model_id for each in records}),
        "devices": dict(sorted(Counter(each.device for each in records).items())),
        "sources": {
            name: {
                "records": len(mine),
                "digest": digest_of(mine),
                "licence": sorted({each.licence for each in mine}),
                "energy_scope": sorted({each.energy_scope for each in mine}),
            }
            for name, mine in sorted(by_source.items())
        },
        "domain": {
            each.variant: {
                split: {side: _plain(found) for side, found in sides.items()}
                for split, sides in domain_table(recipe, each).items()
            }
            for each in judged
        },
        "pipeline": {"questions": QUESTIONS, "agrees_within": AGREEMENT},
        "seed": SEED,
        "versions": {
            "joulecast": __version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
        },
    }


def _plain(found: Scores) -> dict[str, float | int | None]:
    return {"records": found.records, "mape": found.mape, "median_ape": found.median_ape}


def _version(artifact: Artifact) -> str:
    """Named after the content: another model is another version."""
    text = json.dumps(document_of(replace(artifact, version="")), sort_keys=True)
    return f"1.{blake2b(text.encode(), digest_size=4).hexdigest()}"
