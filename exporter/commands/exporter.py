"""`joulecast exporter`: measure this machine, publish it for Prometheus, and answer workloads."""

import argparse
import logging
import os
import signal
import sys

from exporter.assembly import Exporter
from exporter.commands.findings import report
from exporter.commands.heap import settle_memory, share_one_heap
from exporter.config import add_arguments as add_config_arguments
from exporter.config import load_config

__all__ = ["add_arguments", "run"]

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Every option of the exporter; each is also a key of the configuration file and a JOULECAST_* variable."""
    add_config_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT."""
    config = load_config(args, os.environ)
    logging.basicConfig(
        level=config.log_level.upper(), stream=sys.stderr, format="%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    )
    # A thread that waits for the interpreter may wait this long for one that computes: keep edges sharp.
    sys.setswitchinterval(0.0001)
    share_one_heap()
    # Blocked in every thread that starts from now on, and waited for below: one that another thread received would not
    # wake this one.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    exporter = Exporter(config)
    exporter.start()
    print(report(exporter), flush=True)
    settle_memory()  # after the start, which whoever restarts it waits for
    signal.sigwait(STOP_SIGNALS)
    exporter.stop()
    return 0
