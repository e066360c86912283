"""A threaded HTTP server that no client can hold: few connections at a time, and each of them ends by a deadline."""

import contextlib
import logging
import socket
import ssl
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from exporter.metrics.listen import family_of
from joulecast.serving.address import TcpAddress

_log = logging.getLogger(__name__)
_BUSY = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Length: 21\r\n\r\ntoo many connections\n"
)


@dataclass(frozen=True, slots=True)
class Limits:
    """How many connections at a time, and for how long each, from accept to close."""

    connections: int = 16
    seconds: float = 10.0


class BoundedServer(ThreadingHTTPServer):
    """Gives each connection a thread, up to the limit; the next ones are told 503 at once."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        listen: TcpAddress,
        handler: Callable[..., BaseHTTPRequestHandler],
        *,
        tls: ssl.SSLContext | None,
        limits: Limits,
        monotonic: Callable[[], float],
    ) -> None:
        """Bind and listen. Raises OSError."""
        self.address_family = family_of(listen)
        self._tls = tls
        self._limits = limits
        self._monotonic = monotonic
        self._slots = threading.BoundedSemaphore(limits.connections)
        self._opened: dict[socket.socket, float] = {}
        self._opened_lock = threading.Lock()
        super().__init__((listen.host, listen.port), handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of the host's name, which may wait for a name server."""
        if self.server_address[0] == "::":
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        TCPServer.server_bind(self)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the TLS handshake waits for the client, so it is left to the connection's own thread."""
        request, peer = super().get_request()
        if self._tls is not None:
            request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        return request, peer

    def process_request(self, request: Any, client_address: Any) -> None:
        """Start the connection's thread if there is room for one."""
        if not self._slots.acquire(blocking=False):
            self._refuse(request)
            return
        with self._opened_lock:
            self._opened[request] = self._monotonic()
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system gives no more threads
            self._forget(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve one connection on its own thread."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(request)

    def service_actions(self) -> None:
        """Twice a second and after each accept: end what has been connected for too long."""
        self.hang_up(opened_before=self._monotonic() - self._limits.seconds)

    def shutdown(self) -> None:
        """Stop accepting, at once: the end of the listening socket wakes the loop that waits for it."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        super().shutdown()

    def hang_up(self, opened_before: float) -> None:
        """End connections; their threads see the end of the stream and finish."""
        with self._opened_lock:
            for request, opened in self._opened.items():
                if opened <= opened_before:
                    # The plain socket's method: an SSLSocket's own pulls its state from under the thread that uses it.
                    with contextlib.suppress(OSError):
                        socket.socket.shutdown(request, socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the signature is socketserver's
        """Log what ended a connection: clients that leave are no news, anything else is a bug."""
        error = sys.exception()
        if isinstance(error, OSError):  # also every ssl.SSLError
            _log.debug("connection from %s ended: %s", client_address, error)
        else:
            _log.error("answering %s failed", client_address, exc_info=error)

    def _forget(self, request: socket.socket) -> None:
        with self._opened_lock:
            self._opened.pop(request, None)
        self._slots.release()

    def _refuse(self, request: socket.socket) -> None:
        # On the accepting thread, which must wait for nobody: no handshake, no blocking write.
        if self._tls is None:
            with contextlib.suppress(OSError):
                request.setblocking(False)
                request.send(_BUSY)
                request.shutdown(socket.SHUT_WR)
                request.recv(65536)  # unread data would turn the close into a reset
        request.close()
