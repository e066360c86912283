"""What all questions have in common: find who answers, ask about one point or many, and show it as was asked."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from joulecast.cli.table import terminal_width
from joulecast.footprint.rates import Rates
from predictor.commands.predict_arguments import Option, in_words_of_options
from predictor.commands.predict_document import answer_document, model_document, refusal_document
from predictor.commands.predict_footprint import rates_given
from predictor.commands.predict_plot import check_plot, plot
from predictor.commands.predict_table import sweep_lines
from predictor.commands.predict_text import answer_lines
from predictor.estimate import Description, InvalidFeature, Question
from predictor.planning.answer import Answer
from predictor.planning.ranges import Range
from predictor.planning.source import Source, local_source
from predictor.planning.sweep import Row, points, sweep, swept

AskSource = Callable[[Source, Mapping[str, float], Mapping[str, str]], Answer]


@dataclass(frozen=True, slots=True)
class Shown:
    """A question, what one sample of it is called, how a point is asked about, and the options it is put in."""

    question: Question
    sample: str
    ask: AskSource
    options: tuple[Option, ...]


def show(args: argparse.Namespace, shown: Shown, numbers: Mapping[str, Range], texts: Mapping[str, str]) -> int:
    """Ask and print. Raises JoulecastError in the words of the options."""
    over, rates = swept(numbers), rates_given(args)
    picture = Path(args.plot) if args.plot else None
    if picture is not None:
        check_plot(numbers, picture)
    source = _source(args, shown.question)

    def ask(point: Mapping[str, float]) -> Answer:
        try:
            return shown.ask(source, point, texts)
        except InvalidFeature as problem:
            raise in_words_of_options(problem, shown.options) from None

    if not over:
        _print_one(args, ask(next(points(numbers))), source.description, shown.sample, rates)
        return 0
    rows = sweep(numbers, ask)
    if args.json:
        print(json.dumps(_sweep_document(rows, texts, source.description, rates), indent=2))
    else:
        width = terminal_width(sys.stdout)
        print(*sweep_lines(rows, over, source.description, shown.sample, width, rates=rates), sep="\n")
    if picture is not None:
        plot(rows, numbers, source.description, shown.sample, picture)
        print(f"drawn: {picture}", file=sys.stderr)
    return 0


def _source(args: argparse.Namespace, question: Question) -> Source:
    if not args.address:
        return local_source(question, args.artifact)
    from predictor.planning.service import service_source

    return service_source(args.address, question, args.artifact)


def _print_one(args: argparse.Namespace, answer: Answer, description: Description, sample: str, rates: Rates) -> None:
    if args.json:
        print(json.dumps(answer_document(answer, description, rates), indent=2))
    else:
        print(*answer_lines(answer, description, sample, rates), sep="\n")


def _sweep_document(
    rows: list[Row], texts: Mapping[str, str], description: Description, rates: Rates
) -> dict[str, object]:
    return {
        "points": [
            answer_document(row.answer, description, rates)
            if row.answer is not None
            else refusal_document({**texts, **row.numbers}, row.problem)
            for row in rows
        ],
        "model": model_document(description),
    }
