"""`joulecast evaluate`: how far off the models are, on records they are given."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulecast.cli.progress import ProgressLine
from joulecast.cli.table import terminal_width
from joulecast.errors import JoulecastError
from predictor.commands.parallel_arguments import jobs

if TYPE_CHECKING:
    from predictor.lasso_model import LassoModel
    from predictor.record import Record
    from predictor.training.importance import Importances
    from predictor.training.splits import Judgement

_EXAMPLES = """\
Measured records are answered by the models that come with this version, or by one that is named: each record goes to
the first model of its kind that can answer it. With --splits, models are trained anew on these records with a part of
them left out, and asked about that part. How to read the figures is told in docs/evaluation.md.

examples:
  joulecast evaluate --records mine.csv
  joulecast evaluate --records mine.csv --model my-node.json --json
  joulecast evaluate --records generative.csv --splits leave-model-out,leave-device-out
  joulecast evaluate --records generative.csv discriminative.csv --splits all --importances --report report.html"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which records, which model, and how the figures are shown."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--records",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="FILE",
        help="CSV or Parquet files of records or of exported intervals",
    )
    parser.add_argument("--store", default="", metavar="URL", help="an exporter's store: its intervals are records too")
    parser.add_argument(
        "--model", default="", metavar="FILE|NAME", help="the artifact, or a packaged one by name (default: all)"
    )
    parser.add_argument(
        "--splits",
        default="none",
        metavar="none|all|NAME,...",
        help="train anew with a part left out: random, leave-model-out, leave-family-out, leave-device-out (all of "
        "these), calibrated-device-out (the same after a calibration by three points of the device)",
    )
    parser.add_argument(
        "--importances", action="store_true", help="train on the paper's metrics alone, and show what each weighs"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="write all of it as one HTML page, with charts")
    parser.add_argument("--jobs", type=jobs, default=-1, metavar="N", help="folds at a time (default: one per core)")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    """Read, ask, and tell how far off."""
    from predictor.commands.evaluate_document import asked_document
    from predictor.commands.evaluate_importances import importance_document, importance_lines
    from predictor.commands.evaluate_splits import splits_document, splits_lines
    from predictor.commands.evaluate_text import asked_lines
    from predictor.readers.reading import read_records
    from predictor.scoring.asking import ask

    records = read_records(args.records, store=args.store, say=_say)
    judged = _judged(args, records)
    weighed = _weighed(args, records)
    width = terminal_width(sys.stdout)
    if args.json or args.report or judged is None:
        asked = ask(_models(args.model, may_be_none=judged is not None), records)
    if args.report:
        from predictor.commands.evaluate_report import write_report

        names = [path.name for path in args.records] + (["the store"] if args.store else [])
        write_report(args.report, names, asked, judged or (), weighed)
        _say(f"written: {args.report}")
    if args.json:
        document: dict[str, Any] = asked_document(asked)
        if judged is not None:
            document["splits"] = splits_document(judged)
        if weighed:
            document["importances"] = importance_document(weighed)
        print(json.dumps(document, indent=2, allow_nan=False))
    else:
        print(*(splits_lines(judged, width) if judged is not None else asked_lines(asked, width)), sep="\n")
        if weighed:
            print("", *importance_lines(weighed, width), sep="\n")
    return 0


def _weighed(args: argparse.Namespace, records: Sequence[Record]) -> list[Importances]:
    """The paper's metrics weighed, where they were asked for."""
    if not args.importances:
        return []
    from predictor.training.importance import importances

    return importances(records)


def _judged(args: argparse.Namespace, records: Sequence[Record]) -> list[Judgement] | None:
    """What the splits say; None where none was asked for."""
    if args.splits == "none":
        return None
    from predictor.training.recipes.all_recipes import RECIPES
    from predictor.training.splits import judge, recipe_named, recipes_for, splits_of

    splits = splits_of(args.splits)
    recipes = [recipe_named(_name_of(args.model), RECIPES)] if args.model else RECIPES
    line = ProgressLine(sys.stderr)
    judged = list(judge(recipes_for(records, recipes), records, splits, args.jobs, lambda text: _progress(line, text)))
    line.clear()
    return judged


def _models(named: str, *, may_be_none: bool) -> list[LassoModel]:
    """The named artifact, else those packaged that answer for a kind of records."""
    from predictor.artifact import artifact_paths
    from predictor.estimate import Question
    from predictor.lasso_model import load_model
    from predictor.planning.source import artifact_path

    if named:
        return [load_model(artifact_path(named))]
    found = [load_model(path) for path in artifact_paths()]
    models = [each for each in found if each.description.question is not Question.NODE_POWER]
    if not models and not may_be_none:
        raise JoulecastError("no model of workloads comes with this version", "name an artifact with --model")
    return models


def _name_of(named: str) -> str:
    """The name of an artifact's recipe."""
    from predictor.artifact import read_artifact
    from predictor.planning.source import artifact_path

    return read_artifact(artifact_path(named)).name


def _progress(line: ProgressLine, text: str) -> None:
    if line.active:
        line.show(f"joulecast: {text}")
    else:
        _say(text)


def _say(text: str) -> None:
    print(f"joulecast: {text}", file=sys.stderr)
