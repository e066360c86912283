"""A trained Lasso arranged for many single questions: the answers of `LassoModel`, in a fraction of the time.

What names say is worked out once for each combination of them, what to derive once for each set of features.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TypeVar

from predictor.answers import CACHE_NOTE, KWH_PER_DAY, cache_factor, follow
from predictor.artifact import Artifact, read_artifact
from predictor.domain import bounded_features, reach
from predictor.estimate import Contribution, Departure, Estimate, InvalidFeature, Quantity
from predictor.known import figures_of_names
from predictor.lasso_model import LassoModel
from predictor.service.point_form import PointForm

Key = TypeVar("Key")
Value = TypeVar("Value")


def load_quick_model(path: Path) -> QuickModel:
    """Read an artifact and make it answer quickly. Raises JoulecastError."""
    return QuickModel(read_artifact(path))


@dataclass(frozen=True, slots=True)
class _Named:
    """What a combination of names says: figures, departures, the indicators of every form, whose energy is asked."""

    figures: Mapping[str, float]
    departures: Sequence[Departure]
    starts: Mapping[PointForm, Sequence[float]]
    scope: str


@dataclass(frozen=True, slots=True)
class _Shape:
    """What follows from a set of features: the forms that answer, how to get to what they need, and the domain."""

    forms: Sequence[PointForm]
    steps: Sequence[tuple[str, Callable[..., float], Callable[[Mapping[str, float]], Sequence[float]]]]
    bounds: Sequence[tuple[str, float, float, float | None, float | None]]
    notes: tuple[str, ...]


class QuickModel(LassoModel):
    """A trained Lasso. Many threads may ask at once: at worst two of them prepare the same thing."""

    def __init__(self, artifact: Artifact, most_kept: int = 4096) -> None:
        """At most so many combinations of names, and of features, are kept prepared."""
        super().__init__(artifact)
        self._most_kept = most_kept
        self._forms = {id(form): PointForm(form) for each in artifact.variants for form in each.forms}
        self._named: dict[tuple[tuple[str, str], ...], _Named] = {}
        self._shapes: dict[frozenset[str], _Shape] = {}

    def estimate(
        self, numbers: Mapping[str, float], texts: Mapping[str, str], *, contributions: bool = True
    ) -> Estimate:
        """Answer one point whose features were checked against `description.inputs`. Raises InvalidFeature."""
        key = tuple(texts.items())
        named = self._named.get(key)
        if named is None:
            try:
                named = self._keep(self._named, key, self._name(texts))
            except InvalidFeature:  # explicit figures may stand for the name
                return super().estimate(numbers, texts, contributions=contributions)
        known = {**named.figures, **numbers}
        given = frozenset(known)
        shape = self._shapes.get(given) or self._keep(self._shapes, given, self._shape(given))
        for quantity, formula, arguments in shape.steps:
            known[quantity] = formula(*arguments(known))
        left = [
            Departure(quantity, known[quantity], "", lowest, highest)
            for quantity, low, high, lowest, highest in shape.bounds
            if not low <= known[quantity] <= high
        ]
        left += named.departures
        found: dict[str, Quantity] = {}
        shares: Sequence[Contribution] = ()
        for form in shape.forms:
            moves = form.moves(known, named.starts[form])
            reference = known[form.reference]
            y, beyond = form.sum(moves)
            found[form.target] = form.quantity(reference, y, inside=not left)
            if contributions and form is shape.forms[0]:
                shares = form.shares(moves, beyond, reference)
        notes = shape.notes
        cached = cache_factor(known)
        if cached is not None and "joules_per_output_token" in found:
            found["joules_per_output_token"] = found["joules_per_output_token"].times(cached)
            notes = (*notes, CACHE_NOTE)
        follow(found, known, Quantity.times)
        watts = found.get("power_watts")
        return Estimate(
            watts,
            found.get("joules_per_sample"),
            found.get("joules_per_output_token"),
            None if watts is None else watts.times(KWH_PER_DAY),
            left,
            shares,
            notes,
            named.scope,
        )

    def _keep(self, kept: dict[Key, Value], key: Key, value: Value) -> Value:
        """Keep a preparation for the next call. When there are too many, which no honest caller needs, begin anew."""
        if len(kept) >= self._most_kept:
            kept.clear()
        kept[key] = value
        return value

    def _name(self, texts: Mapping[str, str]) -> _Named:
        figures, names = figures_of_names({}, texts)
        trained = {kind: self.trained_name(kind, name) for kind, name in names.items()}
        starts = {form: form.start(trained) for form in self._forms.values()}
        return _Named(figures, self.foreign(names), starts, trained.get("energy_scope", ""))

    def _shape(self, given: frozenset[str]) -> _Shape:
        variant, plan = self.way(given)
        reached = given.union(quantity for quantity, _, _ in plan.steps)
        bounds = [
            (each.quantity, *reach(each), each.lowest, each.highest)
            for each in bounded_features(variant.forms)
            if each.quantity in reached
        ]
        notes = (*self.artifact.notes, *(f"assumed: {each}" for each in plan.assumptions))
        steps = [(quantity, formula, _picker(needs)) for quantity, formula, needs in plan.steps]
        return _Shape([self._forms[id(form)] for form in variant.forms], steps, bounds, notes)


def _picker(names: Sequence[str]) -> Callable[[Mapping[str, float]], Sequence[float]]:
    """What takes the values of these names out of a mapping, as a sequence however few they are."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda known: [known[name] for name in names]
