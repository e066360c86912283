"""From points to a form: raw features, a fitted pipeline, and the same thing as a dot product."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline

from joulecast.errors import JoulecastError
from predictor.form import Band, Feature, Form, Term, Transform
from predictor.training.pipeline import pipeline
from predictor.training.recipe import FeatureRecipe, FormRecipe

Floats = NDArray[np.float64]

_UNBOUNDED = Band(0.0, 0.0)  # until the residuals of left-out records are known


def raw_features(recipe: FormRecipe, known: Mapping[str, Floats], names: Mapping[str, Any], rows: int) -> Floats:
    """Features before they are standardised, shape (rows, features); NaN where a quantity is unknown."""
    table = np.full((rows, len(recipe.features)), np.nan)
    for place, each in enumerate(recipe.features):
        if each.transform is Transform.IS:
            column = names.get(each.quantity)
            table[:, place] = 0.0 if column is None else column == each.value
        elif each.quantity in known:
            quantity = known[each.quantity]
            table[:, place] = np.log(quantity + each.offset) if each.transform is Transform.LOG else quantity
    return table


def terms_of(recipe: FormRecipe) -> list[tuple[int, ...]]:
    """The places each term multiplies: every feature, the chosen products, squares of what is no indicator, cubes."""
    places = range(len(recipe.features))
    chosen = [
        pair
        for pair in combinations_with_replacement(places, 2)
        if _is_worth(recipe.features[pair[0]], recipe.features[pair[1]])
        and recipe.products(recipe.features[pair[0]], recipe.features[pair[1]])
    ]
    cubes = [(place,) * 3 for place in places if recipe.features[place].name in recipe.cubes]
    return [*((place,) for place in places), *chosen, *cubes]


def _is_worth(one: FeatureRecipe, other: FeatureRecipe) -> bool:
    """No square of an indicator, which is itself, and no product of two that exclude each other."""
    both = one.transform is Transform.IS and other.transform is Transform.IS
    return not (both and one.quantity == other.quantity)


def fit(
    recipe: FormRecipe,
    raw: Floats,
    truth: Floats,
    reference: Floats,
    groups: Sequence[str],
    *,
    weights: Floats | None = None,
) -> tuple[Pipeline, Form]:
    """Fit on rows that lack nothing. `groups` are kept apart in the inner folds. Raises JoulecastError for too few."""
    if len(set(groups)) < 2:
        raise JoulecastError(
            f"all {len(truth)} records are of one model ({next(iter(groups), 'none')})",
            "give records of two models or more: nothing could be left out to choose by",
        )
    y = np.log(truth / reference)
    terms = terms_of(recipe)
    indicators = [each.transform is Transform.IS for each in recipe.features]
    made = pipeline(recipe.bound, indicators, terms)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # at the smallest alphas, which are seldom chosen
        made.fit(raw, y, lasso__groups=groups, lasso__weights=weights)
    highest = float(y.max()) if recipe.most is None else recipe.most
    features = _features(recipe, made, raw)
    intercept, kept = _terms(made, terms)
    form = Form(
        recipe.target,
        recipe.reference,
        features,
        intercept,
        kept,
        float(y.min()),
        highest,
        _UNBOUNDED,
        _UNBOUNDED,
        reference_mean=float(np.log(reference).mean()),
    )
    return made, form


def _features(recipe: FormRecipe, made: Pipeline, raw: Floats) -> tuple[Feature, ...]:
    bounded = made.named_steps["bounded"]
    features = []
    for place, each in enumerate(recipe.features):
        seen = raw[np.isfinite(raw[:, place]), place]
        numeric = each.transform is not Transform.IS
        if each.transform is Transform.LOG:
            seen = np.exp(seen) - each.offset
        features.append(
            Feature(
                each.name,
                each.quantity,
                each.transform,
                mean=float(bounded.mean_[place]),
                scale=float(bounded.scale_[place]),
                low=0.0 - float(bounded.high_[place]),
                high=float(bounded.high_[place]),
                offset=each.offset,
                value=each.value,
                optional=each.optional,
                lowest=float(seen.min()) if numeric and seen.size else None,
                highest=float(seen.max()) if numeric and seen.size else None,
            )
        )
    return tuple(features)


def _terms(made: Pipeline, terms: Sequence[tuple[int, ...]]) -> tuple[float, tuple[Term, ...]]:
    """The second scaler folded into the coefficients: intercept and the terms that are not zero."""
    scaler, lasso = made.named_steps["scale"], made.named_steps["lasso"]
    coefficients = lasso.coef_ / scaler.scale_
    intercept = float(lasso.intercept_ - coefficients @ scaler.mean_)
    kept = tuple(
        Term(float(coefficient), places)
        for coefficient, places in zip(coefficients, terms, strict=True)
        if coefficient != 0.0
    )
    return intercept, kept
