"""A kubelet's HTTPS door on loopback: GET /pods, a bearer token checked, and every way in which it goes wrong."""

import json
import ssl
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Self

from doubles.certificates import Certificates
from doubles.kubelet_pods import pod_list

from exporter.kubernetes.access import Endpoint

TOKEN = "eyJhbGciOiJSUzI1NiJ9.a-token-of-a-service-account"
FORBIDDEN = (
    "Forbidden (user=system:serviceaccount:monitoring:joulecast, verb=get, resource=nodes, subresource(s)=[pods proxy])"
)

Mood = Literal["well", "forbidden", "hang", "stall", "garbage", "cut", "endless", "busy", "moved"]

_REFUSALS = {
    "forbidden": (403, FORBIDDEN.encode()),
    "busy": (503, b"\x1b[31mtoo many\x00 requests"),
    "moved": (301, b"elsewhere"),
    "garbage": (200, b"<html>not a kubelet</html>"),
}


class Kubelet:
    """Answers as its `mood` is. `token` is the only one it takes, None takes all; plain HTTP without certificates."""

    def __init__(self, certificates: Certificates | None = None) -> None:
        self.mood: Mood = "well"
        self.token: str | None = TOKEN
        self.body = json.dumps(pod_list([])).encode()
        self.asked: list[str] = []  # the Authorization header of every question
        self.let_go = threading.Event()  # what hangs, hangs until then
        kubelet = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                kubelet.asked.append(self.headers.get("Authorization", ""))
                kubelet._answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = _Server(("127.0.0.1", 0), Handler)
        self._tls: ssl.SSLContext | None = None
        if certificates is not None:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(certificates.server, certificates.server_key)
            self._server.tls = self._tls
        self.endpoint = Endpoint("https" if certificates else "http", "127.0.0.1", self._server.server_port)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    def show(self, pods: Iterable[Mapping[str, Any]]) -> None:
        """What it lists from now on."""
        self.body = json.dumps(pod_list(list(pods)), ensure_ascii=False).encode()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path != "/pods":
            return _reply(request, 404, b"404 page not found\n")
        if self.token is not None and request.headers.get("Authorization") != f"Bearer {self.token}":
            return _reply(request, 401, b"Unauthorized")
        match self.mood:
            case "well":
                _reply(request, 200, self.body)
            case "hang":
                self.let_go.wait()
            case "stall":
                _reply(request, 200, self.body, until=len(self.body) // 2)
                self.let_go.wait()
            case "cut":
                _reply(request, 200, self.body, until=len(self.body) // 2)
            case "endless":
                self._pour(request)
            case refusal:
                _reply(request, *_REFUSALS[refusal])
        return None

    def _pour(self, request: BaseHTTPRequestHandler) -> None:
        """One pod after the other, for ever."""
        pod = self.body.partition(b'"items": [')[2].removesuffix(b"]}") + b","
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b'{"items": [')
        while not self.let_go.is_set():
            request.wfile.write(pod * 1000)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tls: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands in the thread of the connection, so that one that never does holds up nobody."""
        if self.tls is not None:
            request = self.tls.wrap_socket(request, server_side=True)
        super().finish_request(request, client_address)

    def handle_error(self, *_: Any) -> None:
        """Clients that leave or distrust are part of the play."""


def _reply(request: BaseHTTPRequestHandler, status: int, body: bytes, until: int | None = None) -> None:
    request.send_response(status)
    request.send_header("Content-Type", "application/json")
    request.send_header("Content-Length", str(len(body)))
    request.end_headers()
    request.wfile.write(body[:until])
    request.wfile.flush()
