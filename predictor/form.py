"""The one form of every model here: a Lasso on standardised features and their products, as a dot product.

y = intercept + sum of coefficient x product of up to three standardised features; the estimate is reference x exp(y).
Evaluated in plain Python for one point; `predictor.columns` does the same for many.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property


class Transform(StrEnum):
    """How a quantity enters a feature, before it is standardised."""

    LOG = "log"  # ln(offset + quantity)
    VALUE = "value"
    IS = "is"  # 1 where a name is this one, else 0


@dataclass(frozen=True, slots=True)
class Feature:
    """One standardised input of a Lasso: z = (transform(quantity) - mean) / scale, held within `low` and `high`.

    Beyond its bounds a feature counts as at them: a straight line learnt inside says nothing of what lies far outside.
    An `optional` feature that is not known counts as at its mean, z = 0.
    """

    name: str
    quantity: str
    transform: Transform
    mean: float
    scale: float
    low: float = -math.inf  # in standard deviations
    high: float = math.inf
    offset: float = 0.0
    value: str = ""  # the name an indicator stands for
    optional: bool = False
    lowest: float | None = None  # of the quantity, in training
    highest: float | None = None

    def standardised(self, known: Mapping[str, float], names: Mapping[str, str]) -> float:
        """Its value for one point whose quantities are known."""
        if self.transform is Transform.IS:
            raw = 1.0 if names.get(self.quantity) == self.value else 0.0
        else:
            found = known.get(self.quantity)
            if found is None:
                return 0.0
            raw = math.log(self.offset + found) if self.transform is Transform.LOG else found
        return min(max((raw - self.mean) / self.scale, self.low), self.high)


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient and the features it multiplies, by their places."""

    coefficient: float
    features: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Band:
    """The P10 and P90 of ln(truth / estimate)."""

    p10: float
    p90: float


@dataclass(frozen=True)
class Form:
    """One Lasso: estimates `target` (power_watts, joules_per_sample, ...) as reference x exp(y).

    `reference` names a quantity; `lowest` and `highest` bound y to what training saw and physics allows. `band` holds
    for points like those in training, `outer_band` for unlike ones, both from records left out of training.
    """

    target: str
    reference: str
    features: tuple[Feature, ...]
    intercept: float
    terms: tuple[Term, ...]
    lowest: float
    highest: float
    band: Band
    outer_band: Band
    reference_mean: float = 0.0  # ln of the reference, over training

    @cached_property
    def wanted(self) -> tuple[str, ...]:
        """The quantities without which there is no estimate."""
        needed = [each.quantity for each in self.features if not each.optional and each.transform is not Transform.IS]
        return tuple(dict.fromkeys([*needed, self.reference]))

    @cached_property
    def welcome(self) -> tuple[str, ...]:
        """The quantities that are used where they are known."""
        return tuple(dict.fromkeys(each.quantity for each in self.features if each.optional))

    @cached_property
    def _terms(self) -> tuple[tuple[float, int, int, int], ...]:
        """Terms as fixed tuples; place -1 of the features is a 1 appended to them."""
        return tuple((each.coefficient, *(*each.features, -1, -1, -1)[:3]) for each in self.terms)  # type: ignore[misc]

    def with_bands(self, inner: Band, outer: Band) -> Form:
        """The same form with these bands; an estimate outside the domain is never given the narrower one."""
        return replace(self, band=inner, outer_band=Band(min(inner.p10, outer.p10), max(inner.p90, outer.p90)))

    def standardised(self, known: Mapping[str, float], names: Mapping[str, str]) -> list[float]:
        """All features of one point."""
        return [each.standardised(known, names) for each in self.features]

    def linear(self, features: Sequence[float]) -> float:
        """Y before its bounds, of standardised features."""
        z = [*features, 1.0]
        return self.intercept + math.fsum(c * z[i] * z[j] * z[k] for c, i, j, k in self._terms)

    def bounded(self, y: float) -> float:
        """Y within what training saw."""
        return min(max(y, self.lowest), self.highest)

    def contributions(self, features: Sequence[float]) -> dict[str, float]:
        """How far each feature moves y from the intercept; a product is shared evenly by those it multiplies."""
        shares: dict[str, float] = {}
        for term in self.terms:
            part = term.coefficient * math.prod(features[place] for place in term.features) / len(term.features)
            for place in term.features:
                name = self.features[place].name
                shares[name] = shares.get(name, 0.0) + part
        return shares
