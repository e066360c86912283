"""The least a gRPC service can be, for comparison: one method that takes nothing and gives nothing, in its own process.

Synchronous Python on ten threads, as in gRPC's own examples; all else as gRPC and Python have it by default.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
from google.protobuf.empty_pb2 import Empty

SERVICE = "joulecast.bench.Empty"
METHOD = f"/{SERVICE}/Call"
THREADS = 10


@contextmanager
def empty_service(*addresses: str) -> Iterator[None]:
    """Serve on these addresses from a process of its own."""
    command = [sys.executable, "-m", "bench.empty_service", *addresses]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.communicate()


def empty_call(channel: grpc.Channel) -> Callable[..., Empty]:
    """The one method of the service."""
    call: Callable[..., Empty] = channel.unary_unary(
        METHOD, request_serializer=Empty.SerializeToString, response_deserializer=Empty.FromString
    )
    return call


def serve(addresses: Sequence[str]) -> None:
    """Answer calls until standard input ends."""
    answer = Empty()
    method = grpc.unary_unary_rpc_method_handler(
        lambda _request, _context: answer,
        request_deserializer=Empty.FromString,
        response_serializer=Empty.SerializeToString,
    )
    server = grpc.server(ThreadPoolExecutor(THREADS))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, {"Call": method}),))
    for address in addresses:
        server.add_insecure_port(address)
    server.start()
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    serve(sys.argv[1:])
