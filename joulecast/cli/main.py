"""The one command: a table of names, of which only the one that was asked for is loaded."""

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import NamedTuple, Protocol, cast

from joulecast.cli.grpc_log import quieten
from joulecast.errors import JoulecastError
from joulecast.labels import LabelError
from joulecast.version import __version__


class Entry(NamedTuple):
    """Where a command lives, what it does in one line, and the extra its room needs."""

    module: str
    summary: str
    extra: str = ""


COMMANDS = {
    "run": Entry("joulecast.cli.run", "run a command and tell its energy"),
    "intervals": Entry("joulecast.cli.intervals", "list, show and export the intervals an exporter keeps"),
    "idle": Entry("joulecast.cli.idle", "measure what this machine uses when it does nothing"),
    "grafana": Entry("joulecast.cli.grafana", "bring dashboards, and intervals on them, into a Grafana", "grafana"),
    "exporter": Entry(
        "exporter.commands.exporter", "measure this machine for Prometheus and for workloads", "exporter"
    ),
    "sensors": Entry("exporter.commands.sensors", "what can be measured here, and what stands in the way", "exporter"),
    "predict": Entry(
        "predictor.commands.predict", "estimate watts and joules before anybody measures them", "predictor"
    ),
    "evaluate": Entry("predictor.commands.evaluate", "how far off the models are, on measured records", "predictor"),
    "predictor": Entry(
        "predictor.commands.predictor", "answer over gRPC what nobody has measured, from trained models", "predictor"
    ),
    "train": Entry("predictor.commands.train", "learn models from measured records", "predictor"),
    "demo": Entry("joulecast.demo.command", "everything at once, on a replayed node of eight GPUs"),
}

EXAMPLES = """\
examples:
  joulecast exporter                                     measure this machine
  joulecast run --job nightly -- python train.py         the energy of one command
  joulecast intervals list --since 1d                    what was measured since yesterday

Where the exporter listens is taken from JOULECAST_ADDRESS, else this machine's own is used.
`joulecast COMMAND --help` tells the rest."""

ROOMS = {"joulecast", "exporter", "predictor"}


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare its arguments, description and examples."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Do it; the result is the exit status."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. 0 is success, 1 a problem told in one line, 2 wrong usage, 130 an interruption."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in {"-h", "--help", "help"}:
        print(help_text())
        return 0
    if words[0] in {"-V", "--version"}:
        print(f"joulecast {__version__}")
        return 0
    quieten()
    warnings.formatwarning = lambda message, *_, **__: f"{message}\n"
    try:
        code = _run(words[0], words[1:])
        sys.stdout.flush()
    except (JoulecastError, LabelError) as problem:
        print(f"joulecast: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Whoever read us has seen enough; Python must not try to flush the rest at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def help_text() -> str:
    """What the command can do."""
    width = max(map(len, COMMANDS))
    lines = [f"  {name:{width}}  {entry.summary}" for name, entry in COMMANDS.items()]
    return "\n".join(
        [
            "usage: joulecast COMMAND [OPTIONS]",
            "",
            "Every joule on a GPU fleet: a number, a name and an honest error bar.",
            "",
            "commands:",
            *lines,
            "",
            EXAMPLES,
        ]
    )


def _run(name: str, words: list[str]) -> int:
    entry = COMMANDS.get(name)
    if entry is None:
        print(_unknown(name), file=sys.stderr)
        return 2
    command = _load(name, entry)
    parser = argparse.ArgumentParser(
        prog=f"joulecast {name}",
        description=f"{entry.summary[0].upper()}{entry.summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    command.add_arguments(parser)
    return command.run(parser.parse_args(words))


def _load(name: str, entry: Entry) -> Command:
    try:
        return cast("Command", import_module(entry.module))
    except ModuleNotFoundError as missing:
        if not entry.extra or (missing.name or "").partition(".")[0] in ROOMS:
            raise
        raise JoulecastError(
            f"joulecast {name} needs the {entry.extra} extra", f"pip install 'joulecast[{entry.extra}]'"
        ) from missing


def _unknown(name: str) -> str:
    from difflib import get_close_matches

    if name.startswith("-"):
        return f"joulecast: options come after a command: joulecast COMMAND {name}"
    near = get_close_matches(name, COMMANDS, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(COMMANDS)}"
    return f"joulecast: no command {name!r}: {hint}"
