"""What is added to a form's y to suit one machine: the fit, its errors on points left out, and the form that results.

The correction is linear in the standardised features: an offset and, from three points on, slopes. Both are the mean of
a Gaussian posterior whose prior says that nothing changes (ridge regression by another name):

    offset ~ N(0, 0.7^2), slope of each feature ~ N(0, 0.07^2), residual ~ N(0, 0.2^2), all in ln(truth / estimate).

The three were chosen by leaving out devices: boards at a wall meter and GPUs of served language models, 1 to 30 points
each. An offset of one machine to another is easily 0.6, which is why it is hardly shrunk, and slopes are, much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from predictor.form import Band, Feature, Form, Term, Transform

OFFSET_SD, SLOPE_SD, NOISE_SD = 0.7, 0.07, 0.2
FEWEST_FOR_SLOPES = 3
LEFT_OUT = "leave-point-out"
"""The split of an artifact's own points: each is estimated by a calibration on the others."""

_PRIOR_POINTS = 4  # that NOISE_SD counts for where a band is drawn
_P90 = 1.2816  # standard deviations, of a normal distribution


@dataclass(frozen=True, slots=True)
class Seen:
    """One form at the points that have a truth for it: standardised features, and ln(truth / estimate)."""

    names: tuple[str, ...]  # of the points
    features: tuple[tuple[float, ...], ...]
    known: tuple[Mapping[str, float], ...]
    truths: tuple[float, ...]
    residuals: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What is added to y: an offset, and a slope for each feature."""

    offset: float
    slopes: tuple[float, ...]

    def at(self, features: Sequence[float]) -> float:
        """The correction at a point."""
        return self.offset + math.fsum(slope * z for slope, z in zip(self.slopes, features, strict=True))


def change_of(features: Sequence[Sequence[float]], residuals: Sequence[float]) -> Change:
    """The mean of the posterior; without slopes where points are too few to tell one from an offset."""
    import numpy as np

    z, r = np.array(features), np.array(residuals)
    slope = SLOPE_SD**2 if len(r) >= FEWEST_FOR_SLOPES else 0.0
    weights = np.linalg.solve(OFFSET_SD**2 + slope * (z @ z.T) + NOISE_SD**2 * np.eye(len(r)), r)
    slopes = slope * (z.T @ weights)
    return Change(float(OFFSET_SD**2 * weights.sum()), tuple(float(each) for each in slopes))


def left_out_errors(seen: Seen) -> list[float]:
    """For each point ln(truth / estimate) of a calibration on the others; empty for a single point."""
    if len(seen.residuals) < 2:
        return []
    errors = []
    for place, (features, residual) in enumerate(zip(seen.features, seen.residuals, strict=True)):
        others = [other for other in range(len(seen.residuals)) if other != place]
        change = change_of([seen.features[other] for other in others], [seen.residuals[other] for other in others])
        errors.append(residual - change.at(features))
    return errors


def corrected(form: Form, seen: Seen, errors: Sequence[float]) -> Form:
    """The form with its correction, its bounds moved along, and bands from the errors."""
    change = change_of(seen.features, seen.residuals)
    terms = {each.features: each.coefficient for each in form.terms}
    for place, slope in enumerate(change.slopes):
        if slope:
            terms[place,] = terms.get((place,), 0.0) + slope
    band = band_of(errors)
    return replace(
        form,
        intercept=form.intercept + change.offset,
        terms=tuple(Term(coefficient, places) for places, coefficient in terms.items()),
        # Where y was held at a bound, so it is now, and only the offset counts.
        lowest=form.lowest + change.offset,
        highest=form.highest + change.offset,
        features=tuple(_feature(each, seen.known) for each in form.features),
        band=band,
        outer_band=Band(min(band.p10, form.outer_band.p10), max(band.p90, form.outer_band.p90)),
    )


def moved_along(form: Form, offset: float) -> Form:
    """A form of which nothing was measured, beside one that was: energy moves with power, and the rate stays."""
    return replace(form, intercept=form.intercept + offset, lowest=form.lowest + offset, highest=form.highest + offset)


def band_of(errors: Sequence[float]) -> Band:
    """As wide as the left-out points say, a few of them beside what is usual after a calibration."""
    count = len(errors)
    variance = (_PRIOR_POINTS * NOISE_SD**2 + math.fsum(each**2 for each in errors)) / (_PRIOR_POINTS + count)
    half = _P90 * math.sqrt(variance * (1 + 1 / max(1, count)))
    return Band(-half, half)


def _feature(each: Feature, known: Sequence[Mapping[str, float]]) -> Feature:
    """With the points in its range."""
    values = [point[each.quantity] for point in known if each.quantity in point]
    if each.transform is Transform.IS or each.lowest is None or each.highest is None or not values:
        return each
    return replace(each, lowest=min(each.lowest, *values), highest=max(each.highest, *values))
