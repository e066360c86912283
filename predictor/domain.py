"""Whether a point lies within what a model was trained on, and what does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from predictor.estimate import Departure
from predictor.form import Feature, Form

_SLACK = 1.001  # a rate of 36.8 was in training, whatever its last digit


def departures(forms: Iterable[Form], known: Mapping[str, float]) -> list[Departure]:
    """The quantities beyond what was seen in training."""
    left = []
    for each in bounded_features(forms):
        value = known.get(each.quantity)
        low, high = reach(each)
        if value is not None and not low <= value <= high:
            left.append(Departure(each.quantity, value, "", each.lowest, each.highest))
    return left


def bounded_features(forms: Iterable[Form]) -> list[Feature]:
    """One feature for each quantity whose range in training is known."""
    found: dict[str, Feature] = {}
    for form in forms:
        for each in form.features:
            if each.lowest is not None and each.highest is not None:
                found.setdefault(each.quantity, each)
    return list(found.values())


def reach(feature: Feature) -> tuple[float, float]:
    """From where to where a quantity, none of which is negative, counts as seen in training."""
    low, high = feature.lowest, feature.highest
    return (low or 0.0) / _SLACK, (high or 0.0) * _SLACK
