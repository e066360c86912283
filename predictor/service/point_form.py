"""A form arranged for one point at a time: all products of two features are one small matrix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from predictor.estimate import Quantity
from predictor.form import Feature, Form, Transform
from predictor.service.shares import Shares, layout_of


class PointForm:
    """Evaluates a form: the same numbers as the form itself, to rounding, whatever the number of its terms.

    With z the features, c their coefficients and P the symmetric matrix of half the coefficients of products (those of
    squares whole), feature i moves y by z_i (c_i + (P z)_i): half of a product counts for each of its two features.
    """

    def __init__(self, form: Form) -> None:
        count = len(form.features)
        self.target = form.target
        self.reference = form.reference
        self._reference_mean = form.reference_mean
        self._band = (math.exp(form.band.p10), math.exp(form.band.p90))
        self._outer_band = (math.exp(form.outer_band.p10), math.exp(form.outer_band.p90))
        self._intercept, self._lowest, self._highest = form.intercept, form.lowest, form.highest
        names = [*(each.name for each in form.features), form.reference]
        self._layout, self._layout_beyond = layout_of(names), layout_of([*names, "bounds of training"])
        self._features = form.features
        self._numbers = [
            (place, each.quantity, each.transform is Transform.LOG, each.offset, *_scaler(each))
            for place, each in enumerate(form.features)
            if each.transform is not Transform.IS
        ]
        self._linear = np.zeros(count)
        self._products = np.zeros((count, count))
        self._higher = []
        for term in form.terms:
            if len(term.features) == 1:
                self._linear[term.features[0]] += term.coefficient
            elif len(term.features) == 2:
                one, other = term.features
                self._products[one, other] += term.coefficient / 2
                self._products[other, one] += term.coefficient / 2
            else:
                self._higher.append((term.coefficient / len(term.features), term.features))

    def start(self, names: Mapping[str, str]) -> list[float]:
        """The features with all that names say; numbers are not known yet, and count as at their means."""
        return [each.standardised({}, names) if each.transform is Transform.IS else 0.0 for each in self._features]

    def moves(self, known: Mapping[str, float], start: Sequence[float]) -> list[float]:
        """How far each feature moves y from the intercept."""
        z = [*start]
        get, log = known.get, math.log
        for place, quantity, is_log, offset, mean, scale, low, high in self._numbers:
            found = get(quantity)
            if found is not None:
                value = ((log(offset + found) if is_log else found) - mean) / scale
                z[place] = low if value < low else high if value > high else value  # noqa: FURB136 - a call each less
        features = np.array(z)
        moved = self._products.dot(features)
        moved += self._linear
        moved *= features
        moves: list[float] = moved.tolist()
        for coefficient, places in self._higher:
            part = coefficient * math.prod([z[place] for place in places])
            for place in places:
                moves[place] += part
        return moves

    def sum(self, moves: Sequence[float]) -> tuple[float, float]:
        """Y within its bounds, and how far these moved it."""
        free = self._intercept + math.fsum(moves)
        y = min(max(free, self._lowest), self._highest)
        return y, y - free

    def quantity(self, reference: float, y: float, *, inside: bool) -> Quantity:
        """The estimate with its band, which is wider outside of what was in training."""
        value = reference * math.exp(y)
        low, high = self._band if inside else self._outer_band
        return Quantity(value, value * low, value * high)

    def shares(self, moves: Sequence[float], beyond: float, reference: float) -> Shares:
        """What each feature moves ln(estimate) from that of the mean training record."""
        values = [*moves, math.log(reference) - self._reference_mean]
        return Shares(self._layout_beyond, [*values, beyond]) if beyond else Shares(self._layout, values)


def _scaler(feature: Feature) -> tuple[float, float, float, float]:
    return feature.mean, feature.scale, feature.low, feature.high
