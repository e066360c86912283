"""The standard health service, for probes and load balancers.

Not grpcio-health-checking's own servicer: that one sends to watchers under a lock which the end of a watch takes too,
on the thread that would complete the sending; a watcher that left during a change of status stopped the server.
"""

import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, nullcontext

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from joulecast.serving.answering import STANDARD
from joulecast.serving.streams import StreamSlots

NAME = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
MAX_WATCHERS = 4

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


class HealthService(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # grpc_health has no types
    """One status for the whole server, told under each of its services' names; not serving until told."""

    def __init__(
        self, services: Collection[str], thread_held: Callable[[], AbstractContextManager[None]] = nullcontext
    ) -> None:
        """`thread_held` is entered for as long as a watcher keeps its thread."""
        self._services = frozenset({"", *services})
        self._slots = StreamSlots(MAX_WATCHERS, thread_held)
        self._changed = threading.Condition()
        self._serving = False
        self._ended = False

    def set_serving(self, *, serving: bool) -> None:
        """Change the status and tell those who watch it."""
        with self._changed:
            self._serving = serving
            self._changed.notify_all()

    def end_watches(self) -> None:
        """Let those who watch go, after the last change: a server that stops waits for the calls under way."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def Check(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> health_pb2.HealthCheckResponse:
        """The status now."""
        if request.service not in self._services:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no service {request.service[:80]!r} here")
        return health_pb2.HealthCheckResponse(status=self._status(request.service))

    @STANDARD.streaming
    def Watch(
        self, request: health_pb2.HealthCheckRequest, context: grpc.ServicerContext
    ) -> Iterator[health_pb2.HealthCheckResponse]:
        """The status now and at every change."""
        with self._slots.held():
            left = threading.Event()

            def leave() -> None:
                with self._changed:
                    left.set()
                    self._changed.notify_all()

            if not context.add_callback(leave):
                return
            told = None
            while True:
                with self._changed:
                    while not left.is_set() and not self._ended and self._status(request.service) == told:
                        self._changed.wait()
                    before, told = told, self._status(request.service)
                if left.is_set() or told == before:
                    return
                yield health_pb2.HealthCheckResponse(status=told)

    def _status(self, service: str) -> int:
        if service not in self._services:
            return int(_UNKNOWN)
        return int(SERVING if self._serving else NOT_SERVING)
