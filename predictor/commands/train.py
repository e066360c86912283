"""`joulecast train`: measured records to artifacts, with a model card for each."""

from __future__ import annotations

import argparse
import shlex
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from joulecast.cli.progress import ProgressLine
from joulecast.errors import JoulecastError
from predictor.commands.parallel_arguments import jobs
from predictor.nearest import nearest

if TYPE_CHECKING:
    from predictor.artifact import Artifact
    from predictor.record import Record

_EXAMPLES = """\
Records are CSV or Parquet files, or an exporter's store; docs/records.md lists their columns. Estimated and predicted
energy is refused. The same records give the same bytes.

examples:
  joulecast train --records generative.csv diffusion.csv --out models/
  joulecast train --store /var/lib/joulecast --model generative-known-runtime --out models/
  joulecast train --records *.csv --out models/ --backend dask --scheduler tcp://head:8786"""

NODE_POWER = "node-power"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What to learn from, what to make, and where the folds run."""
    from predictor.training.backend import BACKENDS

    parser.epilog = _EXAMPLES
    parser.add_argument("--records", nargs="+", type=Path, default=[], metavar="FILE", help="measured records")
    parser.add_argument("--store", default="", metavar="STORE", help="an exporter's state directory or database")
    parser.add_argument(
        "--servers", type=Path, metavar="FILE", help="a table of servers' watts by load, for the node-power models"
    )
    parser.add_argument(
        "--model", action="append", default=[], metavar="NAME", help="train only this one; repeatable (default: all)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the artifacts go")
    parser.add_argument("--cards", type=Path, metavar="DIR", help="write a model card for each, in Markdown")
    parser.add_argument("--jobs", type=jobs, default=-1, metavar="N", help="folds at a time (default: one per core)")
    parser.add_argument("--backend", choices=BACKENDS, default="loky", help="where the folds run (default: loky)")
    parser.add_argument("--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster that runs already")


def run(args: argparse.Namespace) -> int:
    """Train, write, and say how far off each model is."""
    from predictor.artifact import write_artifact
    from predictor.training.backend import backend

    if not args.records and not args.store and args.servers is None:
        raise JoulecastError("nothing to learn from", "give --records FILE, --store STORE or --servers FILE")
    line = ProgressLine(sys.stderr)
    began = time.monotonic()

    def say(text: str) -> None:
        if line.active:
            line.show(f"joulecast: {time.monotonic() - began:4.0f} s, {text}")
        else:
            print(f"joulecast: {text}", file=sys.stderr)

    wanted = _wanted(args.model)
    records = _records(args)
    with backend(args.backend, args.scheduler):
        for artifact in _artifacts(args, wanted, records, say):
            path = args.out / f"{artifact.name.replace('node-power-', 'node-power_')}.json"
            write_artifact(artifact, path)
            line.clear()
            print(_summary(artifact, path), flush=True)
            if args.cards is not None:
                _write_card(artifact, args)
    return 0


def _wanted(models: Sequence[str]) -> set[str]:
    from predictor.training.recipes.all_recipes import NAMES

    known = (*NAMES, NODE_POWER)
    for name in models:
        if name not in known:
            raise JoulecastError(f"no model {name!r} can be trained", nearest(name, known))
    return set(models or known)


def _records(args: argparse.Namespace) -> list[Record]:
    from predictor.readers.reading import read_records

    if not args.records and not args.store:
        return []
    return read_records(args.records, store=args.store, say=lambda text: print(f"joulecast: {text}", file=sys.stderr))


def _artifacts(
    args: argparse.Namespace, wanted: set[str], records: Sequence[Record], say: object
) -> Iterator[Artifact]:
    """Each as soon as it is trained. A model named on the command line must have records; others are passed over."""
    from predictor.training.building import build
    from predictor.training.node_power.all_parts import train_node_power
    from predictor.training.recipes.all_recipes import RECIPES

    for recipe in RECIPES:
        if recipe.name not in wanted:
            continue
        if not args.model and not any(recipe.takes(each) for each in records):
            continue
        yield build(recipe, records, jobs=args.jobs, say=say)  # type: ignore[arg-type]
    if NODE_POWER in wanted:
        if args.servers is not None:
            yield from train_node_power(args.servers, records, args.jobs)
        elif args.model:
            raise JoulecastError("node power is learnt from a table of servers", "give --servers FILE")


def _summary(artifact: Artifact, path: Path) -> str:
    """What was written and how good it is, line by line."""
    lines = [f"{artifact.name} {artifact.version}: {path}"]
    lines += [
        f"  {each.split:<50} {each.records:>5} records"
        f"   MAPE {each.mape * 100:6.2f} %   median {each.median_ape * 100:6.2f} %"
        for each in artifact.evaluations
        if "," not in each.split
    ]
    return "\n".join(lines)


def _write_card(artifact: Artifact, args: argparse.Namespace) -> None:
    from predictor.training.card import card_of

    command = ["joulecast", "train"]
    if args.records:
        command += ["--records", *(path.name for path in args.records)]
    if args.servers is not None:
        command += ["--servers", args.servers.name]
    command += ["--out", args.out.name, "--cards", args.cards.name]
    path = args.cards / f"{artifact.name}.md"
    try:
        args.cards.mkdir(parents=True, exist_ok=True)
        path.write_text(card_of(artifact, shlex.join(command)), encoding="utf-8")
    except OSError as error:
        raise JoulecastError(f"{path} cannot be written: {error.strerror}", "make room or name another") from error
