"""`joulecast predict calibrate`: adapt a model to a machine by a few points measured there."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from joulecast.cli.table import Column, rendered, terminal_width
from joulecast.client.readable import joules_text, watts_text
from predictor.planning.source import artifact_path

if TYPE_CHECKING:
    from predictor.artifact import Artifact
    from predictor.measured_point import MeasuredPoint

SUMMARY = "adapt a model to one machine by a few points measured there"

_EXAMPLES = """\
A point is an operating point and what was measured there: watts, wall_watts (a meter at the plug), joules_per_sample or
joules_per_output_token, beside the features the model takes. One point corrects the level, three or more slopes too,
cautiously. What results is an artifact as any other, of that machine alone, and says by what it was calibrated.

Points in a file are a CSV with such keys for columns, or measured records. Modelled and predicted energy is refused.

examples:
  joulecast predict calibrate --artifact generative-known-runtime --out my-node.json \\
      --point device=L40S,parameters=8e9,request_rate=4,average_output_tokens=300,concurrency=16,wall_watts=512
  joulecast predict calibrate --artifact node-power --points meter.csv --out my-server.json
  joulecast predict node --artifact my-server.json --cpu "EPYC 7763" --utilization 0.4"""

_COLUMNS = (
    Column("point", flexible=True),
    Column("measured", right=True),
    Column("before", right=True),
    Column("error", right=True, expendable=1),
    Column("left out", right=True),
    Column("calibrated", right=True),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What is adapted, by what, and where to."""
    parser.epilog = _EXAMPLES
    parser.add_argument("--artifact", required=True, metavar="FILE|NAME", help="an artifact, or a packaged one by name")
    parser.add_argument(
        "--point", action="append", default=[], metavar="KEY=VALUE,...", help="one point; repeat it for more"
    )
    parser.add_argument(
        "--points",
        "--records",
        dest="files",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="a CSV of points, or measured records; repeat it for more",
    )
    parser.add_argument(
        "--scope",
        default="",
        metavar="NAME",
        help="whose energy it was: gpu, wall, ... (default: the artifact's)",
    )
    parser.add_argument("--name", default="", metavar="NAME", help="of the new artifact (default: NAME-calibrated)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where to; it may be replaced")
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    """Calibrate, write, and tell what changed."""
    from predictor.artifact import read_artifact, write_artifact
    from predictor.calibration import calibrated
    from predictor.lasso_model import LassoModel
    from predictor.planning.point_file import of_one_name, point_of_text, points_of_files

    before = read_artifact(artifact_path(args.artifact))
    description = LassoModel(before).description
    points = points_of_files(args.files, description, args.scope)
    points += [point_of_text(text, place, description, args.scope) for place, text in enumerate(args.point, start=1)]
    of_one_name(points)
    after = calibrated(before, points, args.name)
    write_artifact(after, args.out)
    account = after.provenance["calibration"]
    if args.json:
        print(json.dumps({"artifact": str(args.out), "name": after.name, "calibration": account}, indent=2))
    else:
        print(*_lines(before, after, points, terminal_width(sys.stdout)), sep="\n")
        print(f"written: {args.out}")
    return 0


def _lines(before: Artifact, after: Artifact, points: Sequence[MeasuredPoint], width: int | None) -> Iterator[str]:
    account: Mapping[str, Any] = after.provenance["calibration"]
    for change in account["changes"]:
        yield f"{change['target']} of {before.name}, {change['variant']}:"
        yield from rendered(_COLUMNS, list(_rows(change, after, points)), width)
        yield f"offset: x {math.exp(change['offset']):.3g}{_slopes(change['slopes'])}"
        yield ""
    yield f"note: {after.notes[-1]}"


def _rows(change: Mapping[str, Any], after: Artifact, points: Sequence[MeasuredPoint]) -> Iterator[Sequence[str]]:
    """What was measured, and what was estimated before, without the point, and with all of them."""
    from predictor.lasso_model import LassoModel

    model, by_name = LassoModel(after), {each.name: each for each in points}
    text = watts_text if change["target"] == "power_watts" else joules_text
    left_out = change["ln_truth_over_estimate_left_out"] or [None] * len(change["points"])
    for name, error, rest in zip(change["points"], change["ln_truth_over_estimate_before"], left_out, strict=True):
        point = by_name[name]
        found = getattr(model.estimate(point.numbers, point.texts, contributions=False), change["target"])
        truth = change["measured"][name]
        yield (
            name,
            text(truth),
            text(truth / math.exp(error)),
            f"{math.expm1(-error):+.0%}",
            "" if rest is None else f"{math.expm1(-rest):+.0%}",
            "" if found is None else text(found.value),
        )


def _slopes(slopes: Mapping[str, float]) -> str:
    """The largest few, as what one standard deviation of the feature now does more."""
    largest = sorted(slopes.items(), key=lambda each: -abs(each[1]))[:3]
    shown = [f"{name} x {math.exp(slope):.3g}" for name, slope in largest if abs(slope) >= 0.005]
    return f"; a standard deviation of {', '.join(shown)}" if shown else "; no slope changes"
