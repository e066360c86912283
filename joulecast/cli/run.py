"""`joulecast run`: one command, and its energy."""

import argparse
import json
import os
import sys
from pathlib import Path

from joulecast.cli.account import account_lines
from joulecast.cli.arguments import add_address, label
from joulecast.cli.child import CannotStart, Child, HeldSignals, find_program
from joulecast.cli.document import document_of
from joulecast.cli.grpc_log import environment_given
from joulecast.cli.progress import ProgressLine, work_text
from joulecast.cli.table import terminal_width
from joulecast.client.caller import CONTAINER, NODE, asks_for_container
from joulecast.client.connection import shared_connection
from joulecast.client.energy import Energy
from joulecast.client.interval import Interval
from joulecast.client.readable import seconds_text
from joulecast.client.result import Result
from joulecast.client.scope import gpus_of
from joulecast.client.tag import tag_of
from joulecast.errors import JoulecastError

_EXAMPLES = """\
examples:
  joulecast run -- python train.py --epochs 3
  joulecast run --job nightly --phase training --label model=resnet18 -- ./train.sh
  joulecast run --gpus 0,1 --json -- python bench.py | tail -n 1 | jq .net_joules

The command keeps its terminal, its signals and its exit status: 128 + N if signal N killed it,
127 if there is no such command, 126 if it cannot be executed. Without an exporter it runs all the
same, and its energy is unknown. Progress and result go to standard error."""

_PROGRESS_SECONDS = 1.0
_UNDISTURBED_SECONDS = 3600.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the work is, what it runs on, and the command."""
    parser.usage = "joulecast run [OPTIONS] -- COMMAND [ARGUMENT ...]"
    parser.epilog = _EXAMPLES
    parser.add_argument("--name", metavar="NAME", help="what the work is called (default: the command's name)")
    parser.add_argument("--job", metavar="JOB", help="the series it is summed under in metrics")
    parser.add_argument("--phase", metavar="PHASE", help="training, inference, ... or free text")
    parser.add_argument(
        "--label", type=label, action="append", default=[], metavar="KEY=VALUE", help="a label; may be repeated"
    )
    parser.add_argument(
        "--gpus",
        metavar="LIST",
        help="GPUs it pays for: indices or UUIDs, or all, or none (default: what CUDA_VISIBLE_DEVICES shows)",
    )
    parser.add_argument(
        "--scope",
        choices=(NODE, CONTAINER),
        default=NODE,
        help="container: also the share of the container, service or job that this runs in (default: %(default)s)",
    )
    add_address(parser)
    parser.add_argument("--json", action="store_true", help="print the result as the last line of standard output")
    parser.add_argument("--strict", action="store_true", help="do not run the command without an exporter")
    parser.add_argument("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="the command and its arguments")


def run(args: argparse.Namespace) -> int:
    """Run it; the exit status is the command's."""
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        print("joulecast run: no command: joulecast run [OPTIONS] -- COMMAND [ARGUMENT ...]", file=sys.stderr)
        return 2
    try:
        program = find_program(command[0])
        held = HeldSignals()
        try:
            energy, code = _measured(args, program, command, held)
        finally:
            held.release()
    except CannotStart as problem:
        print(f"joulecast: {problem}", file=sys.stderr)
        return problem.status
    return _told(energy, code, as_json=args.json)


def _measured(args: argparse.Namespace, program: str, command: list[str], held: HeldSignals) -> tuple[Energy, int]:
    tag = tag_of(
        args.name or Path(command[0]).name,
        job=args.job,
        phase=args.phase,
        labels=dict(args.label),
        gpus=gpus_of(args.gpus, os.environ),
        container=asks_for_container(args.scope),
        strict=args.strict,
    )
    energy = Interval(tag, shared_connection(args.address), strict=args.strict).begin()
    environ = environment_given()
    if args.address:
        environ["JOULECAST_ADDRESS"] = args.address
    progress = ProgressLine(sys.stderr)
    before: Result | None = None

    def look() -> None:
        nonlocal before
        try:
            now = energy.result()
        except JoulecastError:  # strict, and the exporter is away: the end will tell
            return
        progress.show(work_text(before, now))
        before = now

    try:
        child = Child(program, command, environ, held)
        code = child.wait(look, _PROGRESS_SECONDS if progress.active else _UNDISTURBED_SECONDS)
    finally:
        progress.clear()
        _ended(energy)
    return energy, code


def _ended(energy: Energy) -> None:
    """End it. Even a strict run keeps the command's exit status, and tells at the reading what is wrong."""
    try:
        energy.end()
    except JoulecastError as problem:
        print(f"joulecast: {problem}", file=sys.stderr)


def _told(energy: Energy, code: int, *, as_json: bool) -> int:
    try:
        result = energy.result()
    except JoulecastError as problem:
        print(f"joulecast: {problem}", file=sys.stderr)
        return code or 1
    if as_json:
        # On a line of its own, wherever the command left the cursor.
        print(f"\n{json.dumps(document_of(result, exit_code=code))}")
        return code
    took = f"joulecast: {result.name} took {seconds_text(result.duration_seconds)}"
    if result.status == "unknown":
        print(f"{took}, energy unknown", file=sys.stderr)
    else:
        took = f"{took} (interval {result.interval_id})"
        print(took, *account_lines(result, terminal_width(sys.stderr)), sep="\n", file=sys.stderr)
    return code
