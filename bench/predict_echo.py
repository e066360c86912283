"""The least a gRPC service with the prediction service's request can be: it answers with what it was sent.

Synchronous Python on ten threads, as in gRPC's own examples, in a process of its own; all else as gRPC and Python have
it by default.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc

from bench.empty_service import THREADS
from joulecast.v1 import prediction_pb2 as pb

SERVICE = "joulecast.bench.Echo"
METHOD = f"/{SERVICE}/Call"


@contextmanager
def echo_service(address: str) -> Iterator[None]:
    """Serve on this address from a process of its own."""
    command = [sys.executable, "-m", "bench.predict_echo", address]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.communicate()


def echo_call(channel: grpc.Channel) -> Callable[..., pb.PredictRequest]:
    """The one method of the service."""
    call: Callable[..., pb.PredictRequest] = channel.unary_unary(
        METHOD,
        request_serializer=pb.PredictRequest.SerializeToString,
        response_deserializer=pb.PredictRequest.FromString,
    )
    return call


def serve(addresses: Sequence[str]) -> None:
    """Answer calls until standard input ends."""
    method = grpc.unary_unary_rpc_method_handler(
        lambda request, _context: request,
        request_deserializer=pb.PredictRequest.FromString,
        response_serializer=pb.PredictRequest.SerializeToString,
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
