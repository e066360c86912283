"""The gRPC server: its listeners, its threads, its health."""

from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc

from joulecast.serving import health, reflection
from joulecast.serving.address import Address
from joulecast.serving.call_threads import CallThreads
from joulecast.serving.listening import listen
from joulecast.serving.security import Security
from joulecast.serving.streams import StreamSlots
from joulecast.serving.token import TokenInterceptor
from predictor.service.prediction_service import SERVICE, PredictionService

# Of single questions; a batch, a reflection or a watch of the health holds one of its own. One computes while the other
# waits for the interpreter: a third would only take turns with them.
THREADS = 2
MAX_REFLECTIONS = 4
MAX_REQUEST_BYTES = 256 * 1024 * 1024  # a million rows of thirty features
GRACE_SECONDS = 10.0  # the longest that a batch may still take once the server is to stop

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or a second server would share the port unnoticed, with artifacts of its own
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
)


class PredictionServer:
    """Serves one prediction service on all of its addresses. `start`, then `stop`.

    `addresses` holds what it really listens on, once it is constructed: port 0 has become a port.
    """

    def __init__(
        self, service: PredictionService, addresses: Sequence[Address], security: Security | None = None
    ) -> None:
        """Bind every address; nothing is answered before `start`. Raises JoulecastError."""
        security = security or Security()
        security.check(addresses)
        self._threads = CallThreads(THREADS, "rpc")
        interceptors: list[Any] = [] if security.token is None else [TokenInterceptor(security.token)]
        # gRPC asks for a ThreadPoolExecutor and needs an executor.
        self._server = grpc.server(self._threads, interceptors=interceptors, options=_OPTIONS)  # type: ignore[arg-type]
        self._health = health.HealthService([SERVICE], self._threads.held)
        self._server.add_generic_rpc_handlers(
            (grpc.method_handlers_generic_handler(SERVICE, service.handlers(self._threads.held)),)
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        described = (SERVICE, health.NAME, reflection.NAME)
        slots = StreamSlots(MAX_REFLECTIONS, self._threads.held)
        self._server.add_generic_rpc_handlers((reflection.LazyReflection(described, slots),))
        credentials = None if security.tls is None else security.tls.credentials()
        self.addresses = tuple(listen(self._server, address, credentials) for address in addresses)

    def start(self) -> None:
        """Answer calls, and say so to health checks."""
        self._server.start()
        self._health.set_serving(serving=True)

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Take no new calls and end those under way, within the grace. Harmless twice."""
        self._health.set_serving(serving=False)
        self._health.end_watches()
        self._server.stop(grace_seconds).wait()
        self._threads.shutdown(wait=False, cancel_futures=True)
