"""A model card: what a model answers, from which data, how far off it is. Written by the command that trained it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from predictor.artifact import Artifact
from predictor.form import Form

_MOST_TERMS = 12


def card_of(artifact: Artifact, command: str) -> str:
    """Markdown; every figure is out of the artifact."""
    return "\n".join(_lines(artifact, command)) + "\n"


def _lines(artifact: Artifact, command: str) -> Iterator[str]:
    said = artifact.provenance
    yield f"# {artifact.name}"
    yield ""
    question = artifact.question.value.replace("_", " ")
    yield f"Answers *{question}*; energy of: {artifact.scope}. Version {artifact.version}."
    yield f"Written by `{command}`; do not edit."
    yield ""
    yield "## Trained on"
    yield ""
    yield from _trained_on(said)
    yield ""
    if artifact.evaluations:
        yield "## Errors on records that were left out of training"
        yield ""
        yield from _errors(artifact)
        yield ""
        yield "The P10-P90 band of each fold comes from the other folds' residuals."
        yield ""
    if said.get("domain"):
        yield "## Inside and outside the domain"
        yield ""
        yield "A record is outside where its device, stack, task, size or rate was not in the training of its fold."
        yield ""
        yield from _table(
            ("variant", "split", "inside", "MAPE", "median APE", "outside", "MAPE", "median APE"),
            _domain(said["domain"]),
        )
        yield ""
    for variant in artifact.variants:
        for form in variant.forms:
            yield from _form(variant.name, form)
    if artifact.notes:
        yield "## Notes"
        yield ""
        yield from (f"* {note}" for note in artifact.notes)
        yield ""
    yield "The artifact agrees with its scikit-learn pipeline to 1e-9 on 10,000 random inputs."
    versions = said.get("versions")
    if isinstance(versions, Mapping):
        yield f"Trained with {', '.join(f'{name} {version}' for name, version in versions.items())}."


def _errors(artifact: Artifact) -> Iterator[str]:
    return _table(
        ("split", "records", "MAPE", "median APE", "R2 (log)", "within 2x", "P10-P90 covers"),
        (
            (
                each.split,
                each.records,
                _percent(each.mape),
                _percent(each.median_ape),
                "" if each.r2_log is None else f"{each.r2_log:.3f}",
                _percent(each.within_factor_two),
                _percent(each.band_coverage),
            )
            for each in artifact.evaluations
        ),
    )


def _trained_on(said: Mapping[str, Any]) -> Iterator[str]:
    """Sources and devices of records; whatever else the provenance says in a word or a number."""
    sources, devices = said.get("sources"), said.get("devices")
    if isinstance(sources, Mapping):
        yield f"{said.get('records')} measured records of {said.get('models')} models."
        yield ""
        yield from _table(
            ("source", "records", "energy of", "licence"),
            (
                (name, each["records"], ", ".join(each["energy_scope"]), ", ".join(each["licence"]))
                for name, each in sources.items()
            ),
        )
        if isinstance(devices, Mapping):
            yield ""
            yield from _table(("device", "records"), devices.items())
        return
    for name, value in said.items():
        if isinstance(value, list):
            yield f"* {name.replace('_', ' ')}: {', '.join(map(str, value))}"
        elif isinstance(value, float):
            yield f"* {name.replace('_', ' ')}: {value:.4g}"
        elif isinstance(value, str | int):
            yield f"* {name.replace('_', ' ')}: {value}"


def _domain(domain: Mapping[str, Any]) -> Iterator[tuple[Any, ...]]:
    for variant, splits in domain.items():
        for split, sides in splits.items():
            found: list[Any] = [variant, split]
            for side in ("inside", "outside"):
                each = sides[side]
                found += [each["records"], _percent(each["mape"]), _percent(each["median_ape"])]
            yield tuple(found)


def _form(variant: str, form: Form) -> Iterator[str]:
    yield f"## {form.target}, {variant}"
    yield ""
    yield (
        f"`{form.target} = {form.reference} x exp(y)`, y from {len(form.features)} features in {len(form.terms)} "
        f"terms, within {form.lowest:.2f} and {form.highest:.2f}; P10-P90 of truth / estimate "
        f"{_ratio(form.band.p10)} to {_ratio(form.band.p90)} inside the domain, "
        f"{_ratio(form.outer_band.p10)} to {_ratio(form.outer_band.p90)} outside."
    )
    yield ""
    largest = sorted(form.terms, key=lambda each: -abs(each.coefficient))[:_MOST_TERMS]
    yield from _table(
        ("largest terms (standardised features)", "coefficient"),
        (
            (" x ".join(form.features[place].name for place in each.features), f"{each.coefficient:+.4f}")
            for each in largest
        ),
    )
    yield ""


def _table(header: tuple[str, ...], rows: Any) -> Iterator[str]:
    yield f"| {' | '.join(header)} |"
    yield f"|{'---|' * len(header)}"
    for row in rows:
        yield f"| {' | '.join(str(each) for each in row)} |"


def _percent(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio * 100:.1f} %"


def _ratio(logarithm: float) -> str:
    return f"{math.exp(logarithm):.2f}"
