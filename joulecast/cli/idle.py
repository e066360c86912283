"""`joulecast idle`: the idle experiment, which gives net energy its baseline."""

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING

from joulecast.cli.arguments import add_address
from joulecast.cli.document import iso_time
from joulecast.cli.progress import ProgressLine, bar_text
from joulecast.cli.table import Column, rendered, terminal_width
from joulecast.client.connection import connect
from joulecast.client.readable import watts_text
from joulecast.errors import JoulecastError

if TYPE_CHECKING:
    from joulecast.v1 import energy_pb2 as pb

_EXAMPLES = """\
Leave the machine alone meanwhile: whatever runs is taken for idle. The exporter keeps the result,
and subtracts it from every interval from then on.

examples:
  joulecast idle
  joulecast idle --seconds 300 --json"""

_COLUMNS = (
    Column("device"),
    Column("idle power", right=True),
    Column("spread", right=True),
    Column("from"),
)
_GRACE_SECONDS = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """How long, and whether anybody's work may be in the way."""
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "--seconds", type=_seconds, default=60.0, metavar="SECONDS", help="how long to look (default: 60)"
    )
    parser.add_argument("--force", action="store_true", help="although intervals are open")
    add_address(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON object")


def run(args: argparse.Namespace) -> int:
    """Measure, showing the time that is left, and print the baselines."""
    from joulecast.client.wire import duration
    from joulecast.v1 import energy_pb2 as pb

    request = pb.MeasureIdleRequest(duration=duration(args.seconds), force=args.force)
    progress = ProgressLine(sys.stderr)
    found: list[pb.IdlePower] = []
    try:
        stream = connect(args.address).stream("MeasureIdle", request, timeout=args.seconds + _GRACE_SECONDS)
        for answer in stream:
            progress.show(f"joulecast: measuring idle power {bar_text(answer.elapsed_seconds, answer.total_seconds)}")
            found.extend(answer.idle)
    finally:
        progress.clear()
    if not found:
        raise JoulecastError(
            "no device gave a reading to take a baseline from", "see what stands in the way with `joulecast sensors`"
        )
    if args.json:
        print(json.dumps({"idle": [_document(part) for part in found]}, indent=2))
    else:
        print(*rendered(_COLUMNS, [_row(part) for part in found], terminal_width(sys.stdout)), sep="\n")
    return 0


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < 86_400:
        raise argparse.ArgumentTypeError(f"{text!r} is no length of time: write seconds, less than a day")
    return seconds


def _row(part: "pb.IdlePower") -> list[str]:
    from joulecast.client.wire import COMPONENTS

    name = COMPONENTS.get(part.component, "")
    return [
        " ".join(text for text in (name, part.device, part.zone) if text),
        watts_text(part.watts),
        f"± {watts_text(part.spread_watts)}",
        f"{part.source}, {part.seconds:.0f} s",
    ]


def _document(part: "pb.IdlePower") -> dict[str, object]:
    from joulecast.client.wire import COMPONENTS, seconds_of

    return {
        "component": COMPONENTS.get(part.component),
        "device": part.device,
        "zone": part.zone,
        "watts": part.watts,
        "spread_watts": part.spread_watts,
        "source": part.source,
        "seconds": part.seconds,
        "measured_at": iso_time(seconds_of(part.measured_at)) if part.HasField("measured_at") else None,
    }
