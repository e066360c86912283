"""/metrics and the probes, on an address of their own."""

import hmac
import logging
import socket
import ssl
import threading
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from joulecast.errors import JoulecastError
from joulecast.serving.address import TcpAddress
from joulecast.serving.security import Security, Tls
from joulecast.version import __version__
from predictor.service.figures import Figures

_PROBES = frozenset({"/-/healthy", "/-/ready"})
_TEXT = "text/plain; charset=utf-8"

_log = logging.getLogger(__name__)


class MetricsPage:
    """Serves from its construction until `stop`. The token, where there is one, is wanted beyond this machine."""

    def __init__(self, address: TcpAddress, figures: Figures, security: Security | None = None) -> None:
        """Bind, and serve in the background. Raises JoulecastError."""
        security = security or Security()
        token = "" if address.is_loopback or security.token is None else security.token
        tls = None if security.tls is None else _context(security.tls)
        try:
            self._server = _Server(address, partial(_Handler, figures.registry, token.encode()), tls)
        except OSError as error:
            raise JoulecastError(
                f"cannot serve /metrics on {address} ({error.strerror or error})",
                "choose another address with --listen",
            ) from error
        self.address = address._replace(port=self._server.server_address[1])
        self.url = f"{'https' if tls else 'http'}://{self.address}/metrics"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="metrics", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    """A thread for each connection."""

    daemon_threads = True

    def __init__(self, address: TcpAddress, handler: Any, tls: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        self._tls = tls
        super().__init__((address.host, address.port), handler)

    def server_bind(self) -> None:
        """Bind, without HTTPServer's look-up of the host's name, which may wait for a name server."""
        super(ThreadingHTTPServer, self).server_bind()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept; the TLS handshake waits for the client, so it is left to the connection's own thread."""
        request, peer = super().get_request()
        if self._tls is not None:
            request = self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False)
        return request, peer

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 - the signature is socketserver's
        """Clients that leave are no news."""
        _log.debug("connection from %s ended", client_address, exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    """One request per connection, and not for long."""

    server_version = f"joulecast/{__version__}"
    sys_version = ""
    timeout = 10.0

    def __init__(self, registry: CollectorRegistry, token: bytes, *connection: Any) -> None:
        self._registry = registry
        self._token = token
        super().__init__(*connection)  # handles the request

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        if path in _PROBES:
            self._send(HTTPStatus.OK, _TEXT, b"ready\n" if path == "/-/ready" else b"healthy\n")
        elif not self._authorised():
            self._send(HTTPStatus.UNAUTHORIZED, _TEXT, b"a bearer token is needed\n")
        elif path == "/metrics":
            encode, content_type = choose_encoder(self.headers.get("Accept", ""))
            self._send(HTTPStatus.OK, content_type, encode(self._registry))
        else:
            self._send(HTTPStatus.NOT_FOUND, _TEXT, b"nothing here; try /metrics, /-/healthy, /-/ready\n")

    def _authorised(self) -> bool:
        if not self._token:
            return True
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)

    def _send(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        if status is HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Bearer realm="joulecast"')
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        _log.debug("%s: " + format, self.address_string(), *args)


def _context(tls: Tls) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(tls.certificate, tls.key)
        if tls.client_ca is not None:
            context.load_verify_locations(tls.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        raise JoulecastError(
            f"cannot use {tls.certificate} with {tls.key} ({error})",
            "give a readable PEM certificate, its unencrypted private key, and a PEM file of CA certificates",
        ) from error
    return context
