"""Measured points as people write them down: `key=value,...`, or a small CSV with such keys for columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from joulecast.errors import JoulecastError
from predictor.answers import RATES
from predictor.checking import Checks
from predictor.estimate import Description, InvalidFeature, Question
from predictor.measured_point import MeasuredPoint, point_of_record, refuse_estimated
from predictor.nearest import nearest
from predictor.planning.energy_scope import usual_scope
from predictor.planning.generative import usual_serving
from predictor.planning.processor import told_by_name
from predictor.points import NUMBERS, TEXTS
from predictor.record import SCOPES

_TRUTHS: Mapping[str, str] = {
    "watts": "power_watts",
    "power_watts": "power_watts",
    "mean_power_watts": "power_watts",
    "wall_watts": "power_watts",
    "joules_per_sample": "joules_per_sample",
    "energy_joules_per_sample": "joules_per_sample",
    "joules_per_output_token": "joules_per_output_token",
    "energy_joules_per_output_token": "joules_per_output_token",
}
"""What a measurement may be called, and the target it is the truth of."""

_ABOUT = ("name", "scope", "energy_scope", "provenance")
_RECORDS_KEY = "record_id"  # a file with this column is one of records


def points_of_files(paths: Iterable[Path], description: Description, scope: str = "") -> list[MeasuredPoint]:
    """The points of records, or of small CSV files. Raises JoulecastError naming file and line."""
    points: list[MeasuredPoint] = []
    for path in paths:
        if path.suffix.lower() == ".csv" and _RECORDS_KEY not in (header := _header(path)):
            if not header:
                raise JoulecastError(f"{path} is empty", "a header and a row for each point belong there")
            points += _points_of_csv(path, description, scope)
            continue
        from predictor.readers.reading import read_records

        inputs = [each.name for each in description.inputs]
        points += [_checked(point_of_record(each, inputs), description) for each in read_records([path])]
    return points


def point_of_text(text: str, place: int, description: Description, scope: str = "") -> MeasuredPoint:
    """The point that `key=value,key=value` says. Raises JoulecastError."""
    values: dict[str, str] = {}
    for part in text.split(","):
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise JoulecastError(
                f"--point: {part!r} says nothing", "write key=value, as watts=432,request_rate=20,concurrency=32"
            )
        if key.strip() in values:
            raise JoulecastError(f"--point: {key.strip()} stands there twice", "keep one of them")
        values[key.strip()] = value.strip()
    return _point(values, f"point {place}", description, scope)


def _points_of_csv(path: Path, description: Description, scope: str) -> list[MeasuredPoint]:
    from predictor.readers.csv_file import table_of_csv

    said: list[str] = []
    header, rows = table_of_csv(path, said.append)
    points = []
    for line, cells in rows:
        if len(cells) != len(header):
            raise JoulecastError(
                f"{path}, {line}: {len(cells)} cells under {len(header)} columns", "the decimal mark is a point"
            )
        values = {key.strip(): cell.strip() for key, cell in zip(header, cells, strict=True) if cell.strip()}
        points.append(_point(values, f"{path.name}, {line}", description, scope))
    return points


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return [each.strip() for each in next(csv.reader(stream), [])]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise JoulecastError(f"{path} cannot be read ({error})", "name a CSV file of points or records") from error


def _point(values: Mapping[str, str], name: str, description: Description, scope: str) -> MeasuredPoint:
    """One point from keys and texts, with what a question assumes too, checked as a question is."""
    refuse_estimated(name, values.get("provenance", ""))
    texts_taken = {each.name for each in description.inputs if each.is_text}
    taken = {each.name for each in description.inputs}
    numbers: dict[str, float] = {}
    texts: dict[str, str] = {}
    truths: dict[str, float] = {}
    for key, value in values.items():
        feature = NUMBERS.get(key) or TEXTS.get(key) or key
        if key in _ABOUT:
            continue
        if key in _TRUTHS:
            truths[_TRUTHS[key]] = _measured(name, key, value)
        elif feature in texts_taken:
            texts[feature] = value
        elif feature in taken or feature in RATES:
            # A rate makes energy of power, also for a model that does not take it.
            numbers[feature] = _number(name, key, value) if feature in taken else _measured(name, key, value)
        else:
            known = [*taken, *RATES, *_TRUTHS, *_ABOUT]
            raise JoulecastError(f"{name}: {description.name} takes no {key!r}", nearest(key, known))
    if description.question is Question.NODE_POWER:
        told, named = told_by_name(texts.get("device", ""))
        numbers = {**{key: value for key, value in told.items() if key in taken}, **numbers}
        texts = {**{key: value for key, value in named.items() if key in texts_taken}, **texts}
    texts = {**usual_serving(description, texts), **texts}
    if not truths:
        raise JoulecastError(f"{name}: nothing was measured", "give watts=, wall_watts= or joules_per_sample=")
    of = values.get("scope") or values.get("energy_scope") or ("wall" if "wall_watts" in values else scope)
    if of and of not in SCOPES:
        raise JoulecastError(f"{name}: scope is {of!r}", nearest(of, SCOPES))
    if "energy_scope" in texts_taken:
        of = of or usual_scope(description, texts.get("device", ""))
        texts["energy_scope"] = of
    return _checked(MeasuredPoint(values.get("name", name), numbers, texts, truths, of), description)


def _checked(point: MeasuredPoint, description: Description) -> MeasuredPoint:
    try:
        taken = {each.name for each in description.inputs}
        Checks(description).point({key: value for key, value in point.numbers.items() if key in taken}, point.texts)
    except InvalidFeature as problem:
        raise JoulecastError(f"{point.name}: {problem.problem}", problem.remedy) from None
    return point


def _measured(name: str, key: str, value: str) -> float:
    number = _number(name, key, value)
    if not number > 0:
        raise JoulecastError(f"{name}: {key} is {value}", "what was measured is positive")
    return number


def _number(name: str, key: str, value: str) -> float:
    from math import isfinite

    try:
        number = float(value)
    except ValueError:
        raise JoulecastError(f"{name}: {key} is {value[:40]!r}", "a number belongs there, as 7e9") from None
    if not isfinite(number):
        raise JoulecastError(f"{name}: {key} is {value[:40]}", "a finite number belongs there")
    return number


def of_one_name(points: Sequence[MeasuredPoint]) -> None:
    """Raises JoulecastError where a point is given twice under one name."""
    names = [each.name for each in points]
    twice = next((each for each in names if names.count(each) > 1), None)
    if twice is not None:
        raise JoulecastError(f"the point {twice!r} is given twice", "keep one of them, or give each its own name=")
