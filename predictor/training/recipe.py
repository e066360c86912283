"""What is decided before any data are seen: which features a model takes, which products of them, and its target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from predictor.estimate import Input, Question
from predictor.form import Transform
from predictor.record import Record


@dataclass(frozen=True, slots=True)
class FeatureRecipe:
    """A feature whose scaler is not fitted yet; see `predictor.form.Feature`."""

    name: str
    quantity: str
    transform: Transform = Transform.LOG
    value: str = ""
    offset: float = 0.0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class FormRecipe:
    """One Lasso to be: target = reference x exp(features and their products).

    `products` says of two features whether their product is a term; `cubes` adds the third power of these features.
    Numeric features are held within `bound` standard deviations. `most` bounds y from above where physics does.
    """

    target: str
    reference: str
    features: tuple[FeatureRecipe, ...]
    products: Callable[[FeatureRecipe, FeatureRecipe], bool] = lambda _, __: True
    cubes: tuple[str, ...] = ()
    bound: float = 1.5
    most: float | None = None


@dataclass(frozen=True, slots=True)
class VariantRecipe:
    """Forms that need the same knowledge, trained on the records that have it."""

    name: str
    forms: tuple[FormRecipe, ...]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A model to be. `takes` says which records it is trained on; values of text inputs are filled in from them.

    `parts` gives what else one record measured (the GPU's share of a node's energy is a record of another scope):
    trained on beside it with `parts_weight`, for it is no measurement of its own, and never scored.
    """

    name: str
    question: Question
    scope: str
    inputs: tuple[Input, ...]
    variants: tuple[VariantRecipe, ...]
    takes: Callable[[Record], bool]
    stands_for: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    scored: str = "joules_per_sample"
    parts: Callable[[Record], Sequence[Record]] | None = None
    parts_weight: float = 1.0


def log(name: str, quantity: str, *, optional: bool = False, offset: float = 0.0) -> FeatureRecipe:
    """The logarithm of a quantity."""
    return FeatureRecipe(name, quantity, Transform.LOG, offset=offset, optional=optional)


def value(name: str, quantity: str, *, optional: bool = False) -> FeatureRecipe:
    """A quantity as it is."""
    return FeatureRecipe(name, quantity, Transform.VALUE, optional=optional)


def is_one_of(quantity: str, values: Sequence[str]) -> tuple[FeatureRecipe, ...]:
    """An indicator for each of these names."""
    return tuple(FeatureRecipe(f"{quantity}={each}", quantity, Transform.IS, each) for each in values)
