"""`joulecast grafana push`: the shipped dashboards, and what they stand on."""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict

from joulecast.cli.grafana_access import grafana_of
from joulecast.cli.table import printable
from joulecast.errors import JoulecastError
from joulecast.grafana.outcome import CHANGES, SHORTFALLS, Outcome, Thing
from joulecast.grafana.place import web_address
from joulecast.grafana.pushing import Order, push

DESCRIPTION = """\
Push the shipped dashboards into the folder Joulecast, as often as you like: what is there already is left as it is,
and so is a dashboard that people have edited in Grafana; that is told, and --force replaces it.
Exit status 1 if anything was not pushed."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the dashboards read from, and how much may be changed."""
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--prometheus-url", metavar="URL", help="make a data source of this Prometheus, as Grafana itself reaches it"
    )
    source.add_argument("--datasource", metavar="NAME", help="open with this data source of Grafana's, by uid or name")
    parser.add_argument("--force", action="store_true", help="also over what people have edited in Grafana")
    parser.add_argument("--dry-run", action="store_true", help="change nothing, tell what would change")
    parser.add_argument("--json", action="store_true", help="print a JSON object")
    parser.set_defaults(act=act)


def act(args: argparse.Namespace) -> int:
    """Push, telling each thing as it is settled; 1 if anything fell short."""
    url = web_address(args.prometheus_url, "Prometheus' URL") if args.prometheus_url else ""
    order = Order(url, args.datasource or "", args.dry_run, args.force)
    grafana = grafana_of(args)
    things = []
    for thing in push(grafana, order):
        things.append(thing)
        if not args.json:
            print(_line(thing, dry_run=order.dry_run), flush=True)
    changed = sum(thing.outcome in CHANGES for thing in things)
    short = [thing for thing in things if thing.outcome in SHORTFALLS]
    for thing in short:
        if thing.outcome is not Outcome.NOT_TRIED:
            print(f"joulecast: {printable(_shortfall(thing))}", file=sys.stderr)
    if args.json:
        document = {
            "grafana": grafana.url,
            "dry_run": order.dry_run,
            "changed": changed,
            "complete": not short,
            "things": [asdict(thing) for thing in things],
        }
        print(json.dumps(document, indent=2))
    else:
        print(_summary(changed, short, dry_run=order.dry_run), file=sys.stderr)
    return 1 if short else 0


def _line(thing: Thing, *, dry_run: bool) -> str:
    would = "would be " if dry_run and thing.outcome in CHANGES else ""
    remark = f", {thing.remark}" if thing.remark and thing.outcome in CHANGES else ""
    return printable(f"{thing.kind:11}  {thing.name:29}  {would}{thing.outcome}{remark}")


def _shortfall(thing: Thing) -> str:
    kept = f"the {thing.kind} {thing.name} is left as it is: " if thing.outcome is Outcome.KEPT else ""
    return f"{kept}{JoulecastError(thing.remark, thing.remedy)}"


def _summary(changed: int, short: Sequence[Thing], *, dry_run: bool) -> str:
    would = "would change" if dry_run else "changed"
    text = f"{changed} {would}" if changed else f"nothing {would}"
    return f"{text}, {len(short)} not pushed" if short else text
