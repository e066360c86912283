"""Evaluations as one HTML page: the tables that are printed, and charts beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from joulecast.errors import JoulecastError
from predictor.commands.evaluate_document import notes_of
from predictor.commands.evaluate_importances import LEGEND as IMPORTANCE_LEGEND
from predictor.commands.evaluate_importances import by_kind, importance_rows, remarks
from predictor.commands.evaluate_splits import (
    LEGEND,
    TITLES,
    by_model,
    device_names,
    error_table,
    source_names,
    split_rows,
    unfit_lines,
)
from predictor.commands.evaluate_text import COLUMNS, asked_rows, sentence, unanswered_lines
from predictor.commands.evaluate_text import LEGEND as ASKED_LEGEND
from predictor.report.importance_bars import importance_bars
from predictor.report.page import Figure, HtmlTable, Section, page
from predictor.report.residuals import residuals
from predictor.report.scatter import MOST, scatter
from predictor.scoring.answers import Answers
from predictor.scoring.asking import Asked
from predictor.scoring.breakdown import part
from predictor.training.importance import Importances
from predictor.training.splits import Judgement

_UNITS: Mapping[str, tuple[str, str]] = {
    "joules_per_sample": ("J", "energy of a sample"),
    "joules_per_output_token": ("J", "energy of an output token"),
    "power_watts": ("W", "power"),
}
_DRAWN_FIRST = ("leave-model-out", "leave-family-out", "leave-device-out", "random")
_DOTS = (("dot", "inside the domain"), ("square", "outside"))
_SPANS = (("most", "P10 to P90 of the records"), ("half", "the middle half"), ("median", "the median"))


def write_report(
    path: Path, files: Sequence[str], asked: Asked, judged: Sequence[Judgement], weighed: Sequence[Importances]
) -> None:
    """Write the page; splits, where there are any, take the place of plain answers. Raises JoulecastError."""
    sections = [*(_judged_sections(judged) if judged else _asked_sections(asked)), *_importance_sections(weighed)]
    subtitle = f"{len(asked.records)} measured records of {', '.join(files)}"
    try:
        path.write_text(page("How far off the models are", subtitle, sections), encoding="utf-8")
    except OSError as error:
        raise JoulecastError(f"{path} cannot be written ({error.strerror})", "check its folder") from error


def _asked_sections(asked: Asked) -> Iterator[Section]:
    whole = part(asked.answers)
    titles = [each.title for each in COLUMNS]
    yield Section(
        "Records answered by models as they are",
        [f"{sentence(whole.scores)}.", *unanswered_lines(asked), *notes_of(asked)],
        [HtmlTable(f"Errors; {ASKED_LEGEND}", titles, list(asked_rows(asked)))],
    )
    for place, model in enumerate(asked.models):
        for target in dict.fromkeys(asked.targets):
            rows = asked.of_model(place) & (np.array(asked.targets) == target)
            if not target or not rows.any():
                continue
            it = asked.answers.take(rows)
            devices = [each.device for each, mine in zip(asked.records, rows, strict=True) if mine]
            name = f"{model.description.name} {model.description.version}"
            yield Section(f"{name}: {_UNITS[target][1]}", figures=_figures(it, devices, target, ""))


def _judged_sections(judged: Sequence[Judgement]) -> Iterator[Section]:
    for model, mine in by_model(judged).items():
        sources, devices = source_names(mine[0].records), device_names(mine[0].records)
        drawn = min((each for each in mine if each.answers is not None), key=_rank, default=None)
        yield Section(
            model,
            [f"{each.split}: {each.reason}" for each in mine if each.reason],
            [HtmlTable("Errors by split", TITLES, split_rows(mine))],
            _figures(drawn.answers, devices, drawn.target, drawn.split) if drawn and drawn.answers else (),
            [
                HtmlTable(f"MAPE / median APE in % by {title}", [title, *heads], rows)
                for title, names in (("source", sources), ("device", devices))
                for heads, rows in (error_table(mine, names),)
            ],
        )

    yield Section("How to read these figures", [" ".join(LEGEND), *unfit_lines(judged)])


def _figures(answers: Answers, devices: Sequence[str], target: str, how: str) -> tuple[Figure, ...]:
    unit, quantity = _UNITS[target]
    count = int(answers.answered.sum())
    split = f", {how}" if how else ""
    few = f"; {MOST} of them are drawn, chosen by chance" if count > MOST else ""
    return (
        Figure(
            scatter(answers, unit, quantity),
            f"{count} records{split}{few}. Dashed: twice and half of what was measured.",
            _DOTS,
        ),
        Figure(residuals(answers, devices), f"By device{split}; to the right, how many records.", _SPANS),
    )


def _importance_sections(weighed: Sequence[Importances]) -> Iterator[Section]:
    for mine in by_kind(weighed):
        study = mine[0].study
        yield Section(
            f"Importances beside the paper's: {study.title}",
            [" ".join(IMPORTANCE_LEGEND), *remarks(mine)],
            figures=[
                Figure(
                    importance_bars(mine),
                    f"In bold with its place what the paper lists, of {study.combined:.0%} together.",
                    tuple((f"s{place % 4}", each.scope) for place, each in enumerate(mine)),
                )
            ],
            tables=[
                HtmlTable(
                    "Shares of importance", ["metric", "paper", *(each.scope for each in mine)], importance_rows(mine)
                )
            ],
        )


def _rank(it: Judgement) -> int:
    return _DRAWN_FIRST.index(it.split) if it.split in _DRAWN_FIRST else len(_DRAWN_FIRST)
