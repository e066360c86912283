"""Grafana's HTTP API on loopback, with a token, and every way in which it fails."""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from doubles.certificates import Certificates
from doubles.grafana_contents import GrafanaContents, Refusal

TOKEN = "glsa_a-token-of-a-service-account"


@dataclass(slots=True)
class Trouble:
    """What becomes of requests by this method below this path: `after` went well, then `times` of them go wrong.

    `how` is a status, "html" (a page instead of JSON), "login" (a redirect to one), "hang", "cut" (no answer), "lost"
    (done, and no answer), "list" (JSON of another shape), "deep" (JSON nested without an end), "gateway" (a page of a
    proxy) or "echo" (an error that repeats the token).
    """

    how: int | str
    method: str = ""
    path: str = ""
    after: int = 0
    times: int = 1_000_000

    def strikes(self, method: str, path: str) -> bool:
        """Whether this request goes wrong; counts it."""
        if (self.method and method != self.method) or not path.startswith(self.path):
            return False
        if self.after:
            self.after -= 1
            return False
        self.times -= 1
        return self.times >= 0


class GrafanaServer(GrafanaContents):
    """Served below `prefix` ("/grafana"), with TLS if there are certificates.

    `writes` lists method and path of what changed anything.
    """

    def __init__(self, certificates: Certificates | None = None, *, prefix: str = "", newest: bool = False) -> None:
        super().__init__(newest=newest)
        self.writes: list[tuple[str, str]] = []
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []
        self.troubles: list[Trouble] = []
        self.before_write: Callable[[], None] | None = None  # once, between a client's last reading and its writing
        self.let_go = threading.Event()  # what hangs, hangs until then
        self._prefix = prefix
        self._lock = threading.Lock()
        double = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                double._serve(self)

            do_POST = do_PUT = do_GET  # noqa: N815 - the names that the server calls

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        scheme = "http"
        if certificates is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.server, certificates.server_key)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
            scheme = "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}{prefix}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        length = int(handler.headers.get("Content-Length") or 0)
        body = json.loads(handler.rfile.read(length)) if length else None
        target = urlsplit(handler.path)
        method, path = handler.command, unquote(target.path)
        self.requests.append((method, handler.path, dict(handler.headers)))
        if not path.startswith(f"{self._prefix}/api/"):
            _send(handler, 404, "<html>no such page, says the message</html>", kind="text/html")
            return
        path = path.removeprefix(f"{self._prefix}/api")
        with self._lock:
            trouble = next((each for each in self.troubles if each.strikes(method, path)), None)
            if trouble is None or trouble.how == "lost":
                status, answer = self._answer(handler, method, path, parse_qs(target.query), body)
        if trouble is None:
            _send(handler, status, json.dumps(answer))
        else:
            self._fail(handler, trouble.how)

    def _fail(self, handler: BaseHTTPRequestHandler, how: int | str) -> None:
        if isinstance(how, int):
            _send(handler, how, json.dumps({"message": f"\x1b[31mtold to\nanswer {how}"}))
        elif how == "html":
            _send(handler, 200, "<html>Please log in</html>", kind="text/html")
        elif how == "deep":
            _send(handler, 200, "[" * 100_000)
        elif how == "gateway":
            _send(handler, 502, "<html>a message from the proxy</html>", kind="text/html")
        elif how == "login":
            _send(handler, 302, "", location="https://sso.example.org/login?state=secret")
        elif how == "list":
            _send(handler, 200, "[[1]]" if "annotations" not in handler.path else '{"a": 1}')
        elif how == "echo":
            _send(handler, 403, json.dumps({"message": f"no rights for {handler.headers.get('Authorization')}"}))
        elif how == "hang":
            self.let_go.wait(60)
        handler.close_connection = True

    def _answer(
        self, handler: BaseHTTPRequestHandler, method: str, path: str, query: Mapping[str, list[str]], body: Any
    ) -> tuple[int, Any]:
        if handler.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"message": "Invalid API key"}
        if method != "GET" and self.before_write is not None:
            other, self.before_write = self.before_write, None
            other()
        try:
            answer = self.asked(method, path, query, body)
        except Refusal as refusal:
            return refusal.code, refusal.body
        if method != "GET":
            self.writes.append((method, path))
        return 200, answer


def _send(
    handler: BaseHTTPRequestHandler, status: int, text: str, *, kind: str = "application/json", location: str = ""
) -> None:
    content = text.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(content)))
    if location:
        handler.send_header("Location", location)
    handler.end_headers()
    handler.wfile.write(content)
