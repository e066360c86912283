"""`joulecast predictor`: answer energy questions over gRPC until told to stop."""

import argparse
import os
from collections.abc import Iterator

from joulecast.v1 import prediction_pb2 as pb
from predictor.artifact import PACKAGED
from predictor.hardware.catalogue import devices
from predictor.service.config import add_arguments, load_config
from predictor.service.quick_model import load_quick_model
from predictor.service.running import serve

__all__ = ["add_arguments", "run"]


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP looks for changed artifacts at once."""
    packaged = [PACKAGED] if PACKAGED.is_dir() else []
    return serve(load_config(args, os.environ), packaged, load_quick_model, known_hardware, _print)


def _print(text: str) -> None:
    print(text, flush=True)


def known_hardware(kind: str, matching: str) -> Iterator[pb.Hardware]:
    """The catalogue's devices as messages. Raises JoulecastError for a kind there is not."""
    for each in devices(kind, matching):
        yield pb.Hardware(
            name=each.name,
            aliases=each.aliases,
            kind=each.kind,
            tdp_watts=each.tdp_watts,
            memory_bytes=each.memory_bytes,
            memory_bandwidth_bytes_per_second=each.memory_bandwidth_bytes_per_second,
            peak_flops_per_second=each.peak_flops_per_second,
            idle_watts=each.idle_watts,
            source=each.source,
        )
