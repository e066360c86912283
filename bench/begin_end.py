"""What begin and end cost a workload, as a ratio to two bare unary calls of a gRPC service that does nothing.

Exporter and empty service are processes of their own, reached by this one over the same transport; the bare calls go
through a channel as gRPC opens it by default. Pairs take turns, so that a busy machine slows both. The energy is not
read.
"""

import socket
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import grpc
from google.protobuf.empty_pb2 import Empty

import joulecast
from bench.empty_service import empty_call, empty_service
from bench.figure import Figure, run
from bench.simulated_server import exporter_on_simulated_server
from bench.turns import Comparison, in_turns, p99
from joulecast.client.connection import CALL_TIMEOUT

ROUNDS = 6
PAIRS = 400
WARM_UP = 300
RATIO_LIMIT = 1.3


def a_port() -> int:
    """A TCP port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def two_bare_calls(address: str) -> Callable[[], None]:
    """The empty service, called twice as anyone would call it, with the client's timeout."""
    call = empty_call(grpc.insecure_channel(address))

    def twice() -> None:
        call(Empty(), timeout=CALL_TIMEOUT)
        call(Empty(), timeout=CALL_TIMEOUT)

    return twice


def begin_and_end(address: str) -> Callable[[], None]:
    """One interval through the client."""
    connection = joulecast.connect(address)

    def once() -> None:
        joulecast.begin("step", job="bench", phase="training", address=connection, epoch=3).end()

    return once


def figures_of(transport: str, compared: Comparison) -> list[Figure]:
    """The claim, and the times behind it."""
    ours, theirs = compared.ours, compared.theirs
    return [
        Figure(f"{transport}: begin + end / two bare calls", compared.ratio, "x", RATIO_LIMIT),
        Figure(f"{transport}: begin + end", statistics.median(ours) * 1e6, "us"),
        Figure(f"{transport}: begin + end, p99", p99(ours) * 1e6, "us"),
        Figure(f"{transport}: two bare calls", statistics.median(theirs) * 1e6, "us"),
        Figure(f"{transport}: two bare calls, p99", p99(theirs) * 1e6, "us"),
    ]


def measure() -> list[Figure]:
    """Over TCP on the loopback, and over a Unix socket."""
    found = []
    with tempfile.TemporaryDirectory(prefix="joulecast-") as directory:
        tcp, bare_tcp = (f"127.0.0.1:{a_port()}" for _ in range(2))
        bare_unix = f"unix://{Path(directory)}/empty.sock"
        with empty_service(bare_tcp, bare_unix), exporter_on_simulated_server("--grpc", tcp) as exporter:
            for transport, ours, theirs in (("TCP", tcp, bare_tcp), ("Unix socket", exporter.grpc, bare_unix)):
                compared = in_turns(
                    begin_and_end(ours), two_bare_calls(theirs), rounds=ROUNDS, pairs=PAIRS, warm_up=WARM_UP
                )
                found += figures_of(transport, compared)
    return found


if __name__ == "__main__":
    sys.exit(run(measure))
