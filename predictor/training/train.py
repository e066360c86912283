"""Records and a recipe to an artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from joulecast.errors import JoulecastError
from predictor.artifact import Artifact, Variant
from predictor.estimate import Input
from predictor.form import Form, Transform
from predictor.known import figures_of_names
from predictor.points import point_of, truth_of
from predictor.record import ESTIMATED, Record
from predictor.training.fitting import fit, raw_features
from predictor.training.recipe import FormRecipe, Recipe
from predictor.ways import plan

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trained:
    """An artifact and the pipelines it was read from, form by form, with the rows each was fitted on."""

    artifact: Artifact
    pipelines: tuple[tuple[Form, Pipeline, Floats], ...]


@dataclass(frozen=True)
class _Points:
    """Records in columns: quantities by name with NaN for unknown, and names."""

    records: Sequence[Record]
    known: dict[str, Floats]
    names: dict[str, NDArray[Any]]

    @property
    def rows(self) -> int:
        return len(self.records)


def records_for(recipe: Recipe, records: Sequence[Record]) -> list[Record]:
    """The records a recipe trains on, in a fixed order. Raises JoulecastError if one is no measurement or none fit."""
    estimated = [each for each in records if each.provenance in ESTIMATED]
    if estimated:
        raise JoulecastError(
            f"{len(estimated)} records hold {estimated[0].provenance} energy ({estimated[0].record_id}, ...)",
            "train on measured energy only: a model that learns from estimates learns their errors",
        )
    found = sorted((each for each in records if recipe.takes(each)), key=lambda each: each.record_id)
    if not found:
        raise JoulecastError(
            f"none of {len(records)} records is for {recipe.name}", "see the kinds and columns in docs/records.md"
        )
    return found


def train(recipe: Recipe, records: Sequence[Record]) -> Trained:
    """Fit every variant of a recipe on the records that have what it needs. Bands and evaluations come later.

    Raises JoulecastError where no variant can be fitted.
    """
    parts = [] if recipe.parts is None else [each for record in records for each in recipe.parts(record)]
    weights = np.array([1.0] * len(records) + [recipe.parts_weight] * len(parts)) if parts else None
    points = _points(recipe, [*records, *parts])
    variants: list[Variant] = []
    pipelines: list[tuple[Form, Pipeline, Floats]] = []
    for variant in recipe.variants:
        made = [_fit(form, points, weights) for form in variant.forms]
        fitted = [each for each in made if each is not None]
        if len(fitted) == len(variant.forms):
            variants.append(Variant(variant.name, tuple(form for form, _, _ in fitted)))
            pipelines += fitted
    if not variants:
        raise JoulecastError(
            f"{recipe.name}: no record has all that a model needs",
            f"give {' and '.join(_needs(recipe.variants[-1].forms[0]))}",
        )
    return Trained(
        Artifact(
            recipe.name,
            "0",
            recipe.question,
            recipe.scope,
            tuple(_seen(each, points) for each in recipe.inputs),
            tuple(variants),
            stands_for=recipe.stands_for,
            notes=recipe.notes,
        ),
        tuple(pipelines),
    )


def can_answer(recipe: Recipe, record: Record) -> bool:
    """Whether a record says what one of the variants needs."""
    numbers, _ = figures_of_names(*point_of(record, [each.name for each in recipe.inputs]))
    given = frozenset(numbers)
    return any(
        not plan(given, tuple(dict.fromkeys(need for form in variant.forms for need in _needs(form)))).missing
        for variant in recipe.variants
    )


def _fit(recipe: FormRecipe, points: _Points, weights: Floats | None) -> tuple[Form, Pipeline, Floats] | None:
    """One form on the rows that have what it needs; None where none has."""
    truth = np.array([truth_of(each).get(recipe.target, np.nan) for each in points.records])
    whole = np.isfinite(truth)
    for name in _needs(recipe):
        whole &= np.isfinite(points.known.get(name, np.full(points.rows, np.nan)))
    rows = np.flatnonzero(whole)
    if not rows.size:
        return None
    raw = raw_features(recipe, points.known, points.names, points.rows)[rows]
    groups = [points.records[row].model_id for row in rows.tolist()]
    reference = points.known[recipe.reference][rows]
    made, form = fit(recipe, raw, truth[rows], reference, groups, weights=None if weights is None else weights[rows])
    return form, made, raw


def _needs(recipe: FormRecipe) -> list[str]:
    needed = [each.quantity for each in recipe.features if not each.optional and each.transform is not Transform.IS]
    return list(dict.fromkeys([*needed, recipe.reference]))


def _points(recipe: Recipe, records: Sequence[Record]) -> _Points:
    """All quantities any form of the recipe uses, of all records, by the ways that serving goes."""
    inputs = [each.name for each in recipe.inputs]
    asked = [point_of(each, inputs) for each in records]
    said = [figures_of_names(numbers, texts) for numbers, texts in asked]
    names = {
        each.name: np.array([texts.get(each.name, "") for _, texts in said]) for each in recipe.inputs if each.is_text
    }
    wanted = {each.quantity for variant in recipe.variants for form in variant.forms for each in form.features}
    wanted |= {form.reference for variant in recipe.variants for form in variant.forms}
    known: dict[str, Floats] = {name: np.full(len(records), np.nan) for name in sorted(wanted)}
    for row, (numbers, _) in enumerate(said):
        way = plan(frozenset(numbers), tuple(sorted(wanted)))
        complete = dict(numbers)
        way.complete(complete)
        for name in wanted & complete.keys():
            known[name][row] = complete[name]
    for name in inputs:
        if name not in known and name not in names:
            known[name] = np.array([numbers.get(name, np.nan) for numbers, _ in said])
    return _Points(records, known, names)


def _seen(each: Input, points: _Points) -> Input:
    """An input with what training saw of it."""
    if each.is_text:
        values = sorted(set(points.names[each.name].tolist()) - {""})
        return replace(each, values=tuple(values))
    column = points.known[each.name]
    found = column[np.isfinite(column)]
    if not found.size:
        return each
    return replace(each, lowest=float(found.min()), highest=float(found.max()))
