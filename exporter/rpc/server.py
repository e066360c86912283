"""The gRPC server: its listeners, its threads, its health."""

from collections.abc import Sequence
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc

from exporter.rpc.energy_service import SERVICE, EnergyService
from joulecast.serving import health, reflection
from joulecast.serving.address import Address
from joulecast.serving.call_threads import CallThreads
from joulecast.serving.listening import listen
from joulecast.serving.security import Security
from joulecast.serving.token import TokenInterceptor
from joulecast.v1.energy_pb2_grpc import add_EnergyServiceServicer_to_server

THREADS = 16  # more than all streams and health watchers there may be: a begin always finds a thread
MAX_REQUEST_BYTES = 16 * 1024 * 1024  # a thousand rows with all the labels they may have
GRACE_SECONDS = 1.0

_OPTIONS = (
    ("grpc.so_reuseport", 0),  # or two exporters would share a port, and each see half of the intervals
    ("grpc.max_receive_message_length", MAX_REQUEST_BYTES),
)


class RpcServer:
    """Serves one energy service on all of its addresses. `start`, then `stop`.

    `addresses` holds what it really listens on, once it is constructed: port 0 has become a port.
    """

    def __init__(self, service: EnergyService, addresses: Sequence[Address], security: Security | None = None) -> None:
        """Bind every address; nothing is answered before `start`. Raises JoulecastError."""
        security = security or Security()
        security.check(addresses)
        self._threads = CallThreads(THREADS, "rpc")
        interceptors: list[Any] = [] if security.token is None else [TokenInterceptor(security.token)]
        # gRPC asks for a ThreadPoolExecutor and needs an executor.
        self._server = grpc.server(self._threads, interceptors=interceptors, options=_OPTIONS)  # type: ignore[arg-type]
        self._health = health.HealthService([SERVICE])
        add_EnergyServiceServicer_to_server(service, self._server)  # type: ignore[no-untyped-call]
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        described = (SERVICE, health.NAME, reflection.NAME)
        self._server.add_generic_rpc_handlers((reflection.LazyReflection(described, service.slots),))
        credentials = None if security.tls is None else security.tls.credentials()
        self.addresses = tuple(listen(self._server, address, credentials) for address in addresses)

    def start(self) -> None:
        """Answer calls, and say so to health checks."""
        self._server.start()
        self.set_serving(serving=True)

    def set_serving(self, *, serving: bool) -> None:
        """Tell health checks whether this exporter is well; calls are answered either way."""
        self._health.set_serving(serving=serving)

    def stop(self) -> None:
        """Refuse new calls and let those that run end within the grace; gRPC removes its sockets. Harmless twice."""
        self.set_serving(serving=False)
        self._server.stop(GRACE_SECONDS).wait()
        self._threads.shutdown(wait=False, cancel_futures=True)
