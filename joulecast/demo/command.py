"""`joulecast demo`: a played node of eight GPUs with everything around it, until Ctrl-C."""

import argparse
import signal
import sys
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path

from joulecast.demo.places import FIRST_PORT, places
from joulecast.demo.processes import Company
from joulecast.demo.show import Show, Stopped
from joulecast.errors import JoulecastError

__all__ = ["add_arguments", "run"]

_EPILOG = """\
Nothing shown is this machine: a capture of a server that does not exist is played by the real exporter,
tagged by the real client, scraped by a real Prometheus where one is installed. All of it listens on
127.0.0.1 only, beside an exporter that may run here, and is gone when it ends.

examples:
  joulecast demo
  joulecast demo --first-port 29877"""

_NEEDED = ("grpc_health", "numpy", "prometheus_client")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where it listens."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--first-port",
        type=int,
        default=FIRST_PORT,
        metavar="PORT",
        help=f"the first of the five ports of 127.0.0.1 that it takes; 0 for any that are free (default: {FIRST_PORT})",
    )


def run(args: argparse.Namespace) -> int:
    """Start everything, say where to look, and end everything at the first signal."""
    if any(find_spec(name) is None for name in _NEEDED):
        raise JoulecastError(
            "joulecast demo needs what measures and what predicts",
            "pip install 'joulecast[exporter,predictor-service]'",
        )
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    chosen = places(args.first_port)
    with tempfile.TemporaryDirectory(prefix="joulecast-demo-") as directory:
        try:
            with Company(Path(directory)) as company:
                Show(company, Path(directory), chosen, stopped, sys.stdout).run()
        except Stopped:
            pass
    sys.stdout.write("\nThe demo has ended, and nothing of it is left behind.\n")
    return 0
