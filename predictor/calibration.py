"""An artifact adapted to one machine by a few points measured there; what comes out is a Lasso as before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from joulecast.errors import JoulecastError
from predictor.answers import RATES
from predictor.artifact import Artifact, Variant
from predictor.correction import (
    LEFT_OUT,
    NOISE_SD,
    OFFSET_SD,
    SLOPE_SD,
    Seen,
    change_of,
    corrected,
    left_out_errors,
    moved_along,
)
from predictor.estimate import Evaluation, Input
from predictor.form import Form
from predictor.known import figures_of_names
from predictor.lasso_model import LassoModel
from predictor.measured_point import MeasuredPoint, point_of_record, truths_of
from predictor.record import Record
from predictor.ways import plan

_MOST_RATIO = 20.0  # between truth and estimate: beyond it something else was measured, or in other units


def calibrated(model: Artifact | LassoModel, points: Sequence[MeasuredPoint | Record], name: str = "") -> Artifact:
    """Adapt an artifact to the one machine these points were measured on.

    Its offset and slopes are corrected, its bands drawn anew from points left out, the machine put into its domain in
    place of all others, and its scope made that of the points; provenance says all this. The same points give the same
    artifact. Raises JoulecastError for estimated energy, for points of several machines or scopes, and for points that
    the artifact cannot be asked about.
    """
    artifact = model.artifact if isinstance(model, LassoModel) else model
    asked = LassoModel(artifact)
    inputs = [each.name for each in artifact.inputs]
    measured = [point_of_record(each, inputs) if isinstance(each, Record) else each for each in points]
    device, scope = _one_machine(measured, artifact)
    variants: list[Variant] = []
    changes: list[dict[str, Any]] = []
    scores: list[Evaluation] = []
    ranges: dict[str, tuple[float, float]] = {}
    absurd: list[JoulecastError] = []
    for variant in artifact.variants:
        forms = list(variant.forms)
        offsets: dict[int, float] = {}
        for place, form in enumerate(variant.forms):
            try:
                seen = _seen_at(asked, form, measured)
            except JoulecastError as problem:  # too far off to be adapted; another way of asking may be near
                absurd.append(problem)
                continue
            if seen is None:
                continue
            errors = left_out_errors(seen)
            forms[place] = corrected(form, seen, errors)
            offsets[place] = change_of(seen.features, seen.residuals).offset
            changes.append({"variant": variant.name, **_said(form, seen, errors)})
            _widen(ranges, seen)
            if errors:
                scores.append(_evaluation(errors))
        if offsets:
            mean = math.fsum(offsets.values()) / len(offsets)
            forms = [each if place in offsets else moved_along(each, mean) for place, each in enumerate(forms)]
            variants.append(Variant(variant.name, tuple(forms)))
    if not variants and absurd:
        raise absurd[0]
    if not variants:
        raise JoulecastError(
            f"no point has all that {artifact.name} needs", "give the features it takes; DescribeModel lists them"
        )
    return replace(
        artifact,
        name=name or f"{artifact.name}-calibrated",
        version=f"{artifact.version}+{len(measured)}",
        scope=scope,
        inputs=tuple(_input(each, device, ranges) for each in artifact.inputs),
        variants=tuple(variants),
        evaluations=(*scores[:1], *artifact.evaluations),
        provenance={**artifact.provenance, "calibration": _account(artifact, measured, scope, changes)},
        notes=(*artifact.notes, _note(device, scope, artifact, len(measured))),
    )


def _one_machine(points: Sequence[MeasuredPoint], artifact: Artifact) -> tuple[str, str]:
    """The device of all points, "" where the model takes none, and their scope. Raises JoulecastError."""
    if not points:
        raise JoulecastError("no points to calibrate by", "give --point or --records, one is enough")
    scopes = sorted({each.scope or artifact.scope for each in points})
    if len(scopes) > 1:
        raise JoulecastError(f"the points are of {' and '.join(scopes)}", "give points of one scope: they never mix")
    if not any(each.name == "device" for each in artifact.inputs):
        return "", scopes[0]
    names = sorted({each.device for each in points})
    if "" in names:
        raise JoulecastError("a point names no device", "give device=NAME with each point")
    if len(names) > 1:
        raise JoulecastError(f"the points are of {len(names)} devices ({', '.join(names)})", "calibrate each by itself")
    return names[0], scopes[0]


def _seen_at(asked: LassoModel, form: Form, points: Sequence[MeasuredPoint]) -> Seen | None:
    """The form at the points that can be asked and have a truth for it; None where none has."""
    found = []
    for point in points:
        known, names = figures_of_names(point.numbers, point.texts)
        way = plan(frozenset(known), tuple(dict.fromkeys((*form.wanted, *form.welcome, *RATES))))
        if any(name in way.missing for name in form.wanted):
            continue
        way.complete(known)
        truth = truths_of(point, known).get(form.target)
        if truth is None:
            continue
        names = {kind: asked.trained_name(kind, each) for kind, each in names.items()}
        features = tuple(form.standardised(known, names))
        y = form.linear(features)
        estimate = known[form.reference] * math.exp(form.bounded(y))
        if not 1 / _MOST_RATIO < truth / estimate < _MOST_RATIO:
            raise JoulecastError(
                f"{point.name}: {form.target} was {truth:.3g}, and {asked.artifact.name} says {estimate:.3g}",
                "that is no matter of calibration: check its units, and what was measured",
            )
        if form.bounded(y) != y:
            # Held at a bound, where no slope counts.
            features = (0.0,) * len(features)
        found.append((point.name, features, known, truth, math.log(truth / estimate)))
    return Seen(*zip(*found, strict=True)) if found else None


def _widen(ranges: dict[str, tuple[float, float]], seen: Seen) -> None:
    for known in seen.known:
        for name, value in known.items():
            low, high = ranges.get(name, (value, value))
            ranges[name] = (min(low, value), max(high, value))


def _input(each: Input, device: str, ranges: Mapping[str, tuple[float, float]]) -> Input:
    """The machine is the one device of the domain; numbers reach as far as the points."""
    if each.name == "device":
        return replace(each, values=(device,))
    if each.is_text or each.name not in ranges or each.lowest is None or each.highest is None:
        return each
    low, high = ranges[each.name]
    return replace(each, lowest=min(each.lowest, low), highest=max(each.highest, high))


def _evaluation(errors: Sequence[float]) -> Evaluation:
    from statistics import fmean, median

    misses = [abs(math.expm1(-each)) for each in errors]
    return Evaluation(LEFT_OUT, len(errors), fmean(misses), median(misses))


def _said(form: Form, seen: Seen, errors: Sequence[float]) -> dict[str, Any]:
    change = change_of(seen.features, seen.residuals)
    return {
        "target": form.target,
        "points": list(seen.names),
        "measured": dict(zip(seen.names, seen.truths, strict=True)),
        "offset": change.offset,
        "slopes": {each.name: slope for each, slope in zip(form.features, change.slopes, strict=True) if slope},
        "ln_truth_over_estimate_before": list(seen.residuals),
        "ln_truth_over_estimate_left_out": list(errors),
    }


def _account(
    artifact: Artifact, points: Sequence[MeasuredPoint], scope: str, changes: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    return {
        "of": {"name": artifact.name, "version": artifact.version, "scope": artifact.scope},
        "scope": scope,
        "points": [{"name": each.name, **each.texts, **each.numbers, "measured": dict(each.truths)} for each in points],
        "prior": {"offset_sd": OFFSET_SD, "slope_sd": SLOPE_SD, "noise_sd": NOISE_SD},
        "changes": list(changes),
        "left_out": [each.name for each in artifact.variants if all(each.name != one["variant"] for one in changes)],
    }


def _note(device: str, scope: str, artifact: Artifact, count: int) -> str:
    what = "one point" if count == 1 else f"{count} points"
    whose = f", and is of {scope} where {artifact.name} is of {artifact.scope}" if scope != artifact.scope else ""
    return f"calibrated by {what} measured on {device or 'one machine'}: it holds for that machine alone{whose}"
