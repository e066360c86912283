"""An artifact: a trained model as one JSON file. Read with suspicion, for anybody may put a file in its place.

Nothing in it is executed: names are looked up, numbers must be finite, and what is not known is refused.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from joulecast.errors import JoulecastError
from predictor.document import Reader
from predictor.estimate import Evaluation, Input, Question
from predictor.form import Band, Feature, Form, Term, Transform

FORMAT = "joulecast-artifact"
SCHEMA = 1
PACKAGED = Path(__file__).with_name("artifacts")
"""The artifacts that come with this version."""

_MOST_BYTES = 16 * 2**20
_TARGETS = frozenset({"power_watts", "joules_per_sample", "joules_per_output_token"})


@dataclass(frozen=True, slots=True)
class Variant:
    """Forms that answer from the same knowledge: of several the first is taken whose quantities can be had."""

    name: str
    forms: tuple[Form, ...]


@dataclass(frozen=True, slots=True)
class Artifact:
    """A trained model. `stands_for` maps names of a text input to the trained name each counts as."""

    name: str
    version: str
    question: Question
    scope: str
    inputs: tuple[Input, ...]
    variants: tuple[Variant, ...]
    evaluations: tuple[Evaluation, ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)
    stands_for: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def read_artifact(path: Path) -> Artifact:
    """Read and check a file. Raises JoulecastError where it is truncated, foreign, of another schema, or impossible."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise JoulecastError(f"{path} is larger than any artifact", "name a file that `joulecast train` wrote")
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise JoulecastError(f"{path} cannot be read: {error}", "name a file that `joulecast train` wrote") from error
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise JoulecastError(f"{path} is no whole JSON document: {error}", "copy it again, or train anew") from None
    return artifact_of(document, str(path))


def artifact_of(document: Any, where: str) -> Artifact:
    """The artifact a JSON document describes. Raises JoulecastError that begins with `where`."""
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise JoulecastError(f"{where} is no artifact of Joulecast", "name a file that `joulecast train` wrote")
    if document.get("schema") != SCHEMA:
        raise JoulecastError(
            f"{where} is an artifact of schema {document.get('schema')!r}, this version reads {SCHEMA}",
            "train it anew with this version, or use the version that wrote it",
        )
    top = Reader(document, where)
    return Artifact(
        name=top.text("name"),
        version=top.text("version"),
        question=Question(top.choice("question", tuple(Question))),
        scope=top.text("scope"),
        inputs=tuple(_input(each) for each in top.objects("inputs")),
        variants=tuple(
            Variant(each.text("name"), tuple(_form(form) for form in each.objects("forms")))
            for each in top.objects("variants", at_least=1)
        ),
        evaluations=tuple(_evaluation(each) for each in top.objects("evaluations")),
        provenance=top.mapping("provenance"),
        stands_for={name: dict(table) for name, table in top.mapping("stands_for").items()},
        notes=tuple(top.texts("notes")),
    )


def document_of(artifact: Artifact) -> dict[str, Any]:
    """The JSON document of an artifact; what is unset is left out."""
    return {
        "format": FORMAT,
        "schema": SCHEMA,
        "name": artifact.name,
        "version": artifact.version,
        "question": artifact.question.value,
        "scope": artifact.scope,
        "inputs": [_plain(asdict(each)) for each in artifact.inputs],
        "variants": [
            {"name": each.name, "forms": [_form_document(form) for form in each.forms]} for each in artifact.variants
        ],
        "evaluations": [_plain(asdict(each)) for each in artifact.evaluations],
        "provenance": dict(artifact.provenance),
        "stands_for": {name: dict(table) for name, table in artifact.stands_for.items()},
        "notes": list(artifact.notes),
    }


def write_artifact(artifact: Artifact, path: Path) -> None:
    """Write the file whole or not at all; the same artifact gives the same bytes."""
    text = json.dumps(document_of(artifact), indent=1, allow_nan=False) + "\n"
    half = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    except OSError as error:
        half.unlink(missing_ok=True)
        raise JoulecastError(f"{path} cannot be written: {error.strerror}", "make room or name another") from error


def _input(each: Reader) -> Input:
    return Input(
        name=each.text("name"),
        unit=each.text("unit", ""),
        meaning=each.text("meaning", ""),
        required=each.flag("required"),
        is_text=each.flag("is_text"),
        least=each.number("least", 0.0),
        least_is_allowed=each.flag("least_is_allowed"),
        most=each.optional("most"),
        lowest=each.optional("lowest"),
        highest=each.optional("highest"),
        values=tuple(each.texts("values")),
    )


def _evaluation(each: Reader) -> Evaluation:
    return Evaluation(
        split=each.text("split"),
        records=round(each.number("records")),
        mape=each.number("mape"),
        median_ape=each.number("median_ape"),
        r2_log=each.optional("r2_log"),
        within_factor_two=each.optional("within_factor_two"),
        band_coverage=each.optional("band_coverage"),
    )


def _form(each: Reader) -> Form:
    features = tuple(_feature(one) for one in each.objects("features"))
    return Form(
        target=each.choice("target", sorted(_TARGETS)),
        reference=each.text("reference"),
        features=features,
        intercept=each.number("intercept"),
        terms=tuple(_term(one, len(features)) for one in each.objects("terms")),
        lowest=each.number("lowest"),
        highest=each.number("highest"),
        band=_band(each.inner("band")),
        outer_band=_band(each.inner("outer_band")),
        reference_mean=each.number("reference_mean", 0.0),
    )


def _feature(each: Reader) -> Feature:
    scale = each.number("scale")
    if scale <= 0:
        raise each.wrong("scale", scale, "a number above 0")
    return Feature(
        name=each.text("name"),
        quantity=each.text("quantity"),
        transform=Transform(each.choice("transform", tuple(Transform))),
        mean=each.number("mean"),
        scale=scale,
        low=each.number("low", -math.inf),
        high=each.number("high", math.inf),
        offset=each.number("offset", 0.0),
        value=each.text("value", ""),
        optional=each.flag("optional"),
        lowest=each.optional("lowest"),
        highest=each.optional("highest"),
    )


def _term(each: Reader, features: int) -> Term:
    places = each.places("features", features)
    if not 1 <= len(places) <= 3:
        raise each.wrong("features", list(places), "one to three places")
    return Term(each.number("coefficient"), places)


def _band(each: Reader) -> Band:
    low, high = each.number("p10"), each.number("p90")
    if low > high:
        raise each.wrong("p10", low, "a number not above p90")
    return Band(low, high)


def _form_document(form: Form) -> dict[str, Any]:
    return {
        "target": form.target,
        "reference": form.reference,
        "reference_mean": form.reference_mean,
        "intercept": form.intercept,
        "lowest": form.lowest,
        "highest": form.highest,
        "band": asdict(form.band),
        "outer_band": asdict(form.outer_band),
        "features": [_plain(asdict(each)) for each in form.features],
        "terms": [{"coefficient": each.coefficient, "features": list(each.features)} for each in form.terms],
    }


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is at its default: unset, empty, false, or unbounded."""
    return {
        name: value if name == "records" else _written(value)
        for name, value in values.items()
        if not _is_default(name, value)
    }


def _written(value: Any) -> Any:
    """A value as JSON has it: numbers with a point, so that what is read again is written the same."""
    if isinstance(value, Transform):
        return value.value
    if isinstance(value, tuple):
        return list(value)
    return float(value) if type(value) is int else value


def _is_default(name: str, value: Any) -> bool:
    if value is None or value is False or value in ("", ()):
        return True
    if name in {"offset", "least"}:  # a bound of 0 means something elsewhere
        return bool(value == 0)
    return isinstance(value, float) and math.isinf(value)


def artifact_paths(directory: Path = PACKAGED) -> Sequence[Path]:
    """The artifacts in a directory, in the order of their names."""
    return sorted(directory.glob("*.json"))
