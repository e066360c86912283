"""Reading the intervals an exporter keeps, however many, through its restarts."""

import argparse
from collections.abc import Iterator

from joulecast.cli.arguments import label, point_in_time, whole_number
from joulecast.client.connection import Connection
from joulecast.client.failure import Unreachable
from joulecast.client.result import Result

STATUSES = ("open", "settling", "finished", "truncated")


def add_filters(parser: argparse.ArgumentParser, *, limit: int) -> None:
    """Which intervals are meant, and how many of them; all filters must hold."""
    add_tag_filters(parser)
    parser.add_argument("--status", choices=STATUSES, help="only with this status")
    parser.add_argument(
        "--since", type=point_in_time, metavar="TIME", help="begun at or after: 30m, 1h, 2d ago, or 2026-03-01T12:00"
    )
    parser.add_argument("--until", type=point_in_time, metavar="TIME", help="begun before")
    parser.add_argument(
        "--limit",
        type=whole_number,
        default=limit,
        metavar="N",
        help=f"at most N intervals, 0 for all (default: {limit or 'all'})",
    )


def add_tag_filters(parser: argparse.ArgumentParser) -> None:
    """Which intervals are meant, by what their workload said of them."""
    parser.add_argument("--job", default="", metavar="JOB", help="only this job")
    parser.add_argument("--phase", default="", metavar="PHASE", help="only this phase")
    parser.add_argument("--name", default="", metavar="NAME", help="only this name")
    parser.add_argument(
        "--label", type=label, action="append", default=[], metavar="KEY=VALUE", help="only with it; may be repeated"
    )


def listed(
    connection: Connection, args: argparse.Namespace, *, newest_first: bool, cursor: str = ""
) -> Iterator[Result]:
    """Every matching interval, one at a time; with a `cursor`, an interval's id, only what comes after it.

    A stream that breaks off is resumed once after each interval it brought. Raises Unreachable or Refused.
    """
    from joulecast.client import wire
    from joulecast.v1 import energy_pb2 as pb

    request = pb.ListIntervalsRequest(
        job=args.job,
        phase=args.phase,
        name=args.name,
        labels=dict(args.label),
        status=next((code for code, text in wire.STATUSES.items() if text == args.status), None),
        since=None if args.since is None else wire.timestamp(args.since),
        until=None if args.until is None else wire.timestamp(args.until),
        limit=args.limit,
        newest_first=newest_first,
        cursor=cursor,
    )
    progressed = True
    while progressed:
        progressed = False
        try:
            for answer in connection.stream("ListIntervals", request):
                progressed = True
                yield wire.result_of(answer.interval)
                request.cursor = answer.cursor
                if request.limit == 1:
                    return
                request.limit = max(0, request.limit - 1)
        except Unreachable:
            if not progressed:
                raise
        else:
            return
