"""`joulecast intervals`: list, show and export what an exporter keeps."""

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from joulecast.cli.account import account_lines, coverage_text
from joulecast.cli.arguments import add_address
from joulecast.cli.document import document_of
from joulecast.cli.export import FORMATS, export
from joulecast.cli.listing import add_filters, listed
from joulecast.cli.table import Column, printable, rendered, terminal_width
from joulecast.client.connection import connect
from joulecast.client.readable import NOT_KNOWN, cost_text, grams_text, joules_text, seconds_text
from joulecast.client.result import DeviceJoules, Result

_EXAMPLES = """\
examples:
  joulecast intervals list --job nightly --since 1d
  joulecast intervals list --status open --json
  joulecast intervals show 01JQ5ZK8Y7
  joulecast intervals export --format parquet --output nightly.parquet --job nightly"""

_LIST_LIMIT = 20

_LIST = (
    Column("id"),
    Column("begin"),
    Column("name", flexible=True),
    Column("job", flexible=True, expendable=2),
    Column("phase", flexible=True, expendable=3),
    Column("status"),
    Column("took", right=True),
    Column("gross", right=True),
    Column("net", right=True),
    Column("coverage", right=True, expendable=4),
    Column("source", expendable=1),
    Column("labels", flexible=True, expendable=5),
)
# Shown once an interval of the list has them.
_CARBON = Column("CO2e", right=True, expendable=4)
_COST = Column("cost", right=True, expendable=4)
_CONTAINER = Column("container", right=True, expendable=4)
_DEVICES = (
    Column("device"),
    Column("gross", right=True),
    Column("idle", right=True),
    Column("coverage", right=True),
    Column("source"),
    Column("sensor"),
    Column("in the node's sum"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Three things to do with intervals."""
    parser.epilog = _EXAMPLES
    actions = parser.add_subparsers(dest="action", required=True, metavar="list|show|export")

    lister = actions.add_parser("list", help="a table, newest first", allow_abbrev=False)
    add_filters(lister, limit=_LIST_LIMIT)
    add_address(lister)
    lister.add_argument("--json", action="store_true", help="a JSON array instead")
    lister.set_defaults(act=_list)

    shower = actions.add_parser("show", help="everything about one interval", allow_abbrev=False)
    shower.add_argument("id", metavar="ID", help="as `list` and `run --json` give it")
    add_address(shower)
    shower.add_argument("--json", action="store_true", help="a JSON object instead")
    shower.set_defaults(act=_show)

    exporter = actions.add_parser("export", help="a file, one row per interval, oldest first", allow_abbrev=False)
    exporter.add_argument("--format", choices=tuple(FORMATS), required=True, help="what to write")
    exporter.add_argument(
        "--output",
        required=True,
        metavar="FILE",
        help="where to; - is standard output (csv only). Never left half-done",
    )
    add_filters(exporter, limit=0)
    add_address(exporter)
    exporter.set_defaults(act=_export)


def run(args: argparse.Namespace) -> int:
    """Do the one that was asked for."""
    status: int = args.act(args)
    return status


def _list(args: argparse.Namespace) -> int:
    results = listed(connect(args.address), args, newest_first=True)
    if args.json:
        separator = "["
        for result in results:
            print(separator, json.dumps(document_of(result)), sep="\n", end="")
            separator = ","
        print("[]" if separator == "[" else "\n]")
        return 0
    kept = list(results)
    if not kept:
        print("no intervals match", file=sys.stderr)
        return 0
    columns, rows = _list_table(kept)
    print(*rendered(columns, rows, terminal_width(sys.stdout)), sep="\n")
    if len(rows) == args.limit:
        print(f"the newest {args.limit}; --limit 0 for all", file=sys.stderr)
    return 0


def _list_table(results: Sequence[Result]) -> tuple[list[Column], list[list[str]]]:
    """Titles and rows; before the labels stands what only some intervals have: a container's share, carbon, cost."""
    columns, rows = [*_LIST], [_list_row(result) for result in results]
    optional = ((_CONTAINER, _container), (_CARBON, _carbon), (_COST, _cost))
    for column, text_of in optional:
        texts = [*map(text_of, results)]
        if any(texts):
            columns.insert(-1, column)
            for row, text in zip(rows, texts, strict=True):
                row.insert(-1, text)
    return columns, rows


def _container(result: Result) -> str:
    return "" if result.container is None else joules_text(result.container.gross_joules)


def _carbon(result: Result) -> str:
    grams = result.footprint.grams_co2e
    return "" if grams is None else grams_text(grams)


def _cost(result: Result) -> str:
    footprint = result.footprint
    return "" if footprint.cost is None else cost_text(footprint.cost, footprint.currency)


def _list_row(result: Result) -> list[str]:
    return [
        result.interval_id or "",
        _local_time(result.begin_time, "seconds"),
        result.name,
        result.job,
        result.phase,
        result.status,
        seconds_text(result.duration_seconds),
        joules_text(result.energy.gross_joules),
        joules_text(result.energy.net_joules),
        coverage_text(result.energy.coverage),
        result.energy.provenance or NOT_KNOWN,
        _pairs(result.labels.items()),
    ]


def _show(args: argparse.Namespace) -> int:
    from joulecast.client.wire import result_of
    from joulecast.v1 import energy_pb2 as pb

    answer = connect(args.address).call("GetInterval", pb.GetIntervalRequest(interval_id=args.id))
    result = result_of(answer.interval)
    if args.json:
        print(json.dumps(document_of(result), indent=2))
        return 0
    width = terminal_width(sys.stdout)
    print(*_facts(result), "", *account_lines(result, width), sep="\n")
    if result.devices:
        print("", *rendered(_DEVICES, [*map(_device_row, result.devices)], width), sep="\n")
    return 0


def _facts(result: Result) -> list[str]:
    facts = {
        "id": result.interval_id or "",
        "name": result.name,
        "job": result.job,
        "phase": result.phase,
        "labels": _pairs(result.labels.items()),
        "counts": _pairs((what, f"{number:g}") for what, number in result.counts.items()),
        "status": result.status if result.durable else f"{result.status}, in memory only",
        "begin": _local_time(result.begin_time, "milliseconds"),
        "end": _local_time(result.end_time, "milliseconds"),
        "took": seconds_text(result.duration_seconds),
        "gpus": "all of the node's" if result.gpus is None else ", ".join(result.gpus) or "none",
        "usage": _usage(result),
    }
    return [f"{title:7} {printable(text)}" for title, text in facts.items() if text]


def _usage(result: Result) -> str:
    parts = {"cpu": result.usage.cpu_utilization_ratio, "memory": result.usage.memory_utilization_ratio}
    for gpu in result.usage.gpus:
        parts[gpu.uuid] = gpu.utilization_ratio
        parts[f"{gpu.uuid} memory"] = gpu.memory_utilization_ratio
    return ", ".join(f"{what} {100 * ratio:.1f} %" for what, ratio in parts.items() if ratio is not None)


def _device_row(device: DeviceJoules) -> list[str]:
    energy = device.energy
    return [
        " ".join(part for part in (device.component, device.device, device.zone) if part),
        joules_text(energy.gross_joules, energy.uncertainty_joules),
        joules_text(energy.idle_joules, energy.uncertainty_joules, bar=False),
        coverage_text(energy.coverage),
        energy.provenance or NOT_KNOWN,
        device.sensor,
        "yes" if device.counted else "no, shown only",
    ]


def _pairs(items: Iterable[tuple[str, str]]) -> str:
    return " ".join(f"{key}={value}" for key, value in items)


def _local_time(wall: float | None, precision: str) -> str:
    if wall is None:
        return ""
    return datetime.fromtimestamp(wall).astimezone().replace(tzinfo=None).isoformat(" ", precision)


def _export(args: argparse.Namespace) -> int:
    rows = export(listed(connect(args.address), args, newest_first=False), args.format, args.output)
    if args.output != "-":
        print(f"{rows} intervals written to {Path(args.output)}", file=sys.stderr)
    return 0
