"""`joulecast evaluate`: how far off the models are, on records they are given."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from joulecast.cli.table import terminal_width
from joulecast.errors import JoulecastError

if TYPE_CHECKING:
    from predictor.lasso_model import LassoModel

_EXAMPLES = """\
Measured records are answered by the models that come with this version, or by one that is named: each record goes to
the first model of its kind that can answer it. How to read the figures is told in docs/evaluation.md.

examples:
  joulecast evaluate --records mine.csv
  joulecast evaluate --records mine.csv --model my-node.json --json"""


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
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    """Read, ask, and tell how far off."""
    from predictor.commands.evaluate_document import asked_document
    from predictor.commands.evaluate_text import asked_lines
    from predictor.readers.reading import read_records
    from predictor.scoring.asking import ask

    models = _models(args.model)
    records = read_records(args.records, store=args.store, say=_say)
    asked = ask(models, records)
    if args.json:
        print(json.dumps(asked_document(asked), indent=2, allow_nan=False))
    else:
        print(*asked_lines(asked, terminal_width(sys.stdout)), sep="\n")
    return 0


def _models(named: str) -> list[LassoModel]:
    """The named artifact, else those packaged that answer for a kind of records."""
    from predictor.artifact import artifact_paths
    from predictor.estimate import Question
    from predictor.lasso_model import load_model
    from predictor.planning.source import artifact_path

    if named:
        return [load_model(artifact_path(named))]
    found = [load_model(path) for path in artifact_paths()]
    models = [each for each in found if each.description.question is not Question.NODE_POWER]
    if not models:
        raise JoulecastError("no model of workloads comes with this version", "name an artifact with --model")
    return models


def _say(line: str) -> None:
    print(f"joulecast: {line}", file=sys.stderr)
