"""What splits say, as people and programs read it: errors on records that were left out of training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from joulecast.cli.table import Column, printable, rendered
from predictor.commands.evaluate_text import percent, whole_percent
from predictor.record import Record
from predictor.scoring.breakdown import documents, part, part_document, parts
from predictor.training.splits import Judgement

_COLUMNS = (
    Column("split", flexible=True),
    Column("records", right=True),
    Column("MAPE %", right=True),
    Column("median %", right=True),
    Column("R2 log", right=True),
    Column("in 2x", right=True),
    Column("in band", right=True),
    Column("inside", right=True),
    Column("MAPE in", right=True),
    Column("MAPE out", right=True),
)
TITLES = tuple(each.title for each in _COLUMNS)
"""Of the table of splits."""

LEGEND = (
    "Each record was answered by a model trained without it. In band: truths within P10 to P90, where",
    "80 % should be. Inside: records within what that model was trained on. MAPE in and out: the error",
    "there and elsewhere.",
)


def splits_lines(judged: Sequence[Judgement], width: int | None) -> Iterator[str]:
    """For each model a table of its splits, and of its errors by source and by device."""
    for model, mine in by_model(judged).items():
        yield printable(model)
        yield from rendered(_COLUMNS, split_rows(mine), width)
        yield from (f"{each.split}: {each.reason}" for each in mine if each.reason)
        for title, names in (("source", source_names(mine[0].records)), ("device", device_names(mine[0].records))):
            heads, rows = error_table(mine, names)
            if len(rows) > 1:
                yield ""
                columns = [Column(f"by {title}", flexible=True), *(Column(each, right=True) for each in heads)]
                yield from rendered(columns, rows, width)
        yield ""
    yield from unfit_lines(judged)
    yield from LEGEND


def unfit_lines(judged: Sequence[Judgement]) -> Iterator[str]:
    """The models that could not be trained on these records."""
    shown = by_model(judged)
    for model in dict.fromkeys(each.model for each in judged):
        if model not in shown:
            yield f"{printable(model)}: no records have all that it needs"


def by_model(judged: Sequence[Judgement]) -> dict[str, list[Judgement]]:
    """The judgements of each model that answered anything, or that says why it did not."""
    found: dict[str, list[Judgement]] = {}
    for each in judged:
        if each.answers is None or each.answers.answered.any():
            found.setdefault(each.model, []).append(each)
    return found


def split_rows(judged: Sequence[Judgement]) -> Sequence[Sequence[str]]:
    """A row of the table for each split that answered."""
    rows = []
    for each in judged:
        if each.answers is None:
            continue
        it = part(each.answers)
        total = it.scores.records + it.scores.unanswered
        rows.append(
            (
                each.split,
                f"{total}" if not it.scores.unanswered else f"{it.scores.records}/{total}",
                percent(it.scores.mape),
                percent(it.scores.median_ape),
                "" if it.scores.r2_log is None else f"{it.scores.r2_log:.3f}",
                whole_percent(it.scores.within_factor_two),
                whole_percent(it.scores.band_coverage),
                whole_percent(it.share),
                percent(it.inside.mape),
                percent(it.outside.mape),
            )
        )
    return rows


def error_table(judged: Sequence[Judgement], names: Sequence[str]) -> tuple[list[str], Sequence[Sequence[str]]]:
    """The splits, and for each name a row of MAPE / median APE in percent under them, as far as it was answered."""
    answered = [each for each in judged if each.answers is not None]
    columns = [parts(each.answers, names) for each in answered if each.answers is not None]
    rows = []
    for name in sorted(set(names)):
        cells = [_errors(column[name].scores.mape, column[name].scores.median_ape) for column in columns]
        if any(cells):
            rows.append((name, *cells))
    return [each.split for each in answered], rows


def source_names(records: Sequence[Record]) -> list[str]:
    """The source of each record, with its scope where the source measured several."""
    scopes: dict[str, set[str]] = {}
    for each in records:
        scopes.setdefault(each.source, set()).add(each.energy_scope)
    return [f"{each.source}, {each.energy_scope}" if len(scopes[each.source]) > 1 else each.source for each in records]


def device_names(records: Sequence[Record]) -> list[str]:
    """The device of each record."""
    return [each.device for each in records]


def splits_document(judged: Sequence[Judgement]) -> list[dict[str, Any]]:
    """Every split of every model, all together and by part."""
    return [
        {
            "model": each.recipe,
            "variant": each.variant,
            "split": each.split,
            **(
                {"reason": each.reason}
                if each.answers is None
                else {
                    **part_document(part(each.answers)),
                    "by_source": documents(parts(each.answers, [record.source for record in each.records])),
                    "by_device": documents(parts(each.answers, device_names(each.records))),
                }
            ),
        }
        for each in judged
    ]


def _errors(mape: float | None, median: float | None) -> str:
    return "" if mape is None else f"{percent(mape)} / {percent(median)}"
