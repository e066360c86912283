"""`joulecast grafana annotate`: finished intervals as regions on Grafana's graphs."""

import argparse
import json
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from joulecast.cli.arguments import add_address, point_in_time
from joulecast.cli.document import iso_time
from joulecast.cli.grafana_access import grafana_of, seconds
from joulecast.cli.listing import add_tag_filters, listed
from joulecast.cli.table import printable
from joulecast.client import wire
from joulecast.client.connection import Connection, connect
from joulecast.client.failure import Unreachable
from joulecast.client.result import Result
from joulecast.grafana.annotating import LATE_SECONDS, Annotator, Marked, one_pass
from joulecast.grafana.bookmark import Bookmark
from joulecast.grafana.calls import Grafana
from joulecast.grafana.failure import GrafanaFailure
from joulecast.v1 import energy_pb2 as pb

DESCRIPTION = """\
Mark finished intervals as regions with their joules, which the dashboards show on their graphs. However often this
runs, each is marked once: Grafana is asked for the interval's own tag first."""

_SINCE = "1d"
_LATEST = 7 * 86_400.0  # what began since then is listed at every look


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which intervals, and whether to go on."""
    add_tag_filters(parser)
    parser.add_argument(
        "--since",
        type=point_in_time,
        default=_SINCE,
        metavar="TIME",
        help=f"begun at or after: 30m, 1h, 2d ago, or 2026-03-01T12:00 (default: {_SINCE})",
    )
    parser.add_argument("--follow", action="store_true", help="go on as intervals finish, until interrupted")
    parser.add_argument(
        "--every", type=seconds, default=5.0, metavar="SECONDS", help="how often --follow looks (default: 5)"
    )
    parser.add_argument(
        "--cursor-file", type=Path, metavar="FILE", help="remember here how far it got, and go on from there next time"
    )
    parser.add_argument(
        "--late",
        type=partial(seconds, latest=_LATEST),
        default=LATE_SECONDS,
        metavar="SECONDS",
        help="how long after its begin an interval may be told of and be noticed by --follow or with --cursor-file "
        f"(default: {LATE_SECONDS:g})",
    )
    parser.add_argument("--dry-run", action="store_true", help="post nothing, tell what would be posted")
    add_address(parser)
    parser.add_argument("--json", action="store_true", help="a JSON object for each interval, one on a line")
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> int:
    """One pass, or with --follow one after the other; what may be over by itself ends only the former."""
    grafana = grafana_of(args)
    connection = connect(args.address)
    with Bookmark(None if args.dry_run else args.cursor_file, _subject(args, grafana, connection), args.since) as place:
        # As `listed` takes them: everything from where the bookmark begins.
        args.since, args.until, args.status, args.limit = place.since, None, None, 0
        marking = _Marking(args, connection, grafana, place)
        if not args.follow:
            try:
                marking.go_on()
            finally:
                marking.tell_sum()
            return 0
        told = ""
        while True:
            try:
                marking.go_on()
                told = ""
            except (GrafanaFailure, Unreachable) as problem:
                if isinstance(problem, GrafanaFailure) and not problem.passing:
                    raise
                if str(problem) != told:
                    print(f"joulecast: {problem} (trying again)", file=sys.stderr, flush=True)
                told = str(problem)
            time.sleep(args.every)


class _Marking:
    """Passes over one exporter's intervals, each told on a line."""

    def __init__(self, args: argparse.Namespace, connection: Connection, grafana: Grafana, place: Bookmark) -> None:
        self._args = args
        self._connection = connection
        self._grafana = grafana
        self._place = place
        self._annotator: Annotator | None = None
        self._count: Counter[bool] = Counter()

    def go_on(self) -> None:
        """Mark what has become final by now. Raises JoulecastError."""
        if self._annotator is None:
            node = self._connection.call("DescribeNode", pb.DescribeNodeRequest()).hostname
            self._annotator = Annotator(self._grafana, node, dry_run=self._args.dry_run)
        for marked in one_pass(
            self._place,
            lambda cursor: listed(self._connection, self._args, newest_first=False, cursor=cursor),
            self._look,
            self._annotator.mark,
            time.time(),
            late=self._args.late,
        ):
            self._count[marked.posted] += 1
            if self._args.json:
                print(json.dumps(_document(marked, dry_run=self._args.dry_run)), flush=True)
            elif marked.posted:
                print(_line(marked.result, dry_run=self._args.dry_run), flush=True)

    def tell_sum(self) -> None:
        """How many there were, for a person."""
        if self._args.json:
            return
        verb = "would be annotated" if self._args.dry_run else "annotated"
        new, old = self._count[True], self._count[False]
        text = f"{new or 'nothing'} {verb}"
        print(f"{text}, {old} there already" if old else text, file=sys.stderr)

    def _look(self, interval_id: str) -> Result:
        return wire.result_of(
            self._connection.call("GetInterval", pb.GetIntervalRequest(interval_id=interval_id)).interval
        )


def _subject(args: argparse.Namespace, grafana: Grafana, connection: Connection) -> str:
    """Whose listing a cursor file is about."""
    return json.dumps(
        [grafana.url, connection.address, args.job, args.phase, args.name, *sorted(args.label)], ensure_ascii=False
    )


def _line(result: Result, *, dry_run: bool) -> str:
    verb = "would annotate" if dry_run else "annotated"
    return printable(f"{verb}  {result.interval_id}  {result.name}  {result.energy}")


def _document(marked: Marked, *, dry_run: bool) -> dict[str, object]:
    result = marked.result
    return {
        "interval_id": result.interval_id,
        "annotated": marked.posted and not dry_run,
        "there_already": not marked.posted,
        "name": result.name,
        "job": result.job,
        "phase": result.phase,
        "status": result.status,
        "begin_time": iso_time(result.begin_time),
        "end_time": iso_time(result.end_time),
        "gross_joules": result.energy.gross_joules,
        "net_joules": result.energy.net_joules,
        "uncertainty_joules": result.energy.uncertainty_joules,
        "provenance": result.energy.provenance,
    }
