"""The HTTP door itself: one address, optional TLS and bearer token, and behind them the pages of a `Site`."""

import hmac
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any

from exporter.metrics.answer import Answer, plain
from exporter.metrics.connections import BoundedServer, Limits
from exporter.metrics.listen import EVERYWHERE, bind_error
from exporter.metrics.site import PROBES, Site
from exporter.metrics.tls import Tls
from joulecast.serving.address import TcpAddress
from joulecast.version import __version__

_log = logging.getLogger(__name__)


class MetricsServer:
    """Serves a site on one address, from threads of its own.

    With a `token`, everything but the probes needs `Authorization: Bearer TOKEN`.
    """

    def __init__(
        self,
        listen: TcpAddress,
        site: Site,
        *,
        tls: Tls | None = None,
        token: str = "",
        limits: Limits = Limits(),  # noqa: B008 - frozen
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Read the TLS files; nothing is bound yet. Raises JoulecastError."""
        self._listen = listen
        self._handler = partial(_Handler, site, token.encode())
        self._tls = tls.context() if tls else None
        self._limits = limits
        self._monotonic = monotonic
        self._server: BoundedServer | None = None

    def start(self) -> None:
        """Bind, and serve in the background. Raises JoulecastError when the address cannot be had."""
        try:
            self._server = BoundedServer(
                self._listen, self._handler, tls=self._tls, limits=self._limits, monotonic=self._monotonic
            )
        except OSError as error:
            raise bind_error(self._listen, error) from error
        threading.Thread(target=self._server.serve_forever, name="metrics-http", daemon=True).start()

    def close(self) -> None:
        """Stop listening and end what is still connected; harmless twice."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server.hang_up(opened_before=float("inf"))
            self._server = None

    @property
    def address(self) -> TcpAddress:
        """Where it listens; once started with the port that was bound, also where port 0 was asked for."""
        if self._server is None:
            return self._listen
        return TcpAddress(self._listen.host, self._server.server_address[1])

    @property
    def url(self) -> str:
        """The address for a browser on this machine, without a path."""
        host, port = self.address
        here = TcpAddress("localhost" if host in EVERYWHERE else host, port)
        return f"{'https' if self._tls else 'http'}://{here}"


class _Handler(BaseHTTPRequestHandler):
    """One request per connection, so that an idle client holds none of the few."""

    protocol_version = "HTTP/1.1"
    server_version = f"joulecast/{__version__}"
    sys_version = ""
    wbufsize = -1  # head and body leave in one write
    error_content_type = "text/plain; charset=utf-8"
    error_message_format = "%(message)s\n"

    def __init__(self, site: Site, token: bytes, *connection: Any) -> None:
        self._site = site
        self._token = token
        super().__init__(*connection)  # handles the request

    def do_GET(self) -> None:
        self._send(self._answer())

    def do_HEAD(self) -> None:
        self._send(self._answer())

    def _refuse_method(self) -> None:
        self._send(plain(HTTPStatus.METHOD_NOT_ALLOWED, "only GET and HEAD", {"Allow": "GET, HEAD"}))

    do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _refuse_method  # noqa: N815 - http.server's names

    def _answer(self) -> Answer:
        path = self.path.partition("?")[0]
        if path not in PROBES and not self._authorised():
            challenge = {"WWW-Authenticate": 'Bearer realm="joulecast"'}
            return plain(HTTPStatus.UNAUTHORIZED, "a bearer token is needed", challenge)
        try:
            return self._site.answer(
                path,
                accept=self.headers.get("Accept", ""),
                accept_encoding=self.headers.get("Accept-Encoding", ""),
                if_none_match=self.headers.get("If-None-Match", ""),
            )
        except Exception:  # a bug in one page must neither end the exporter nor go unseen
            _log.exception("cannot answer %s", path)
            return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "this page failed; the exporter's log says why")

    def _authorised(self) -> bool:
        if not self._token:
            return True
        scheme, _, given = self.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), self._token)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        if answer.status is not HTTPStatus.NOT_MODIFIED:  # these would be of the content that is not sent
            self.send_header("Content-Type", answer.content_type)
            self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Connection", "close")
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's signature
        _log.debug("%s: " + format, self.address_string(), *args)
