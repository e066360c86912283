"""Grafana's HTTP API on loopback: what it keeps and refuses as the real one does, and every way in which it fails.

Kept to what Grafana 8 to 12 do: a save with another version than the stored one is refused (412), so is a second title
in one folder; what comes from files is not saved at all; tags are trimmed, limited to 100 characters each and to 500
bytes of JSON together; annotations are found by all of the tags that are asked for.
"""

import json
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from doubles.certificates import Certificates

TOKEN = "glsa_a-token-of-a-service-account"
_TAG_BYTES = 500
_TAG_CHARACTERS = 100


@dataclass(slots=True)
class Trouble:
    """What becomes of requests by this method below this path: `after` went well, then `times` of them go wrong.

    `how` is a status, "html" (a page instead of JSON), "login" (a redirect to one), "hang", "cut" (no answer), "lost"
    (done, and no answer), "list" (JSON of another shape), "gateway" (a page of a proxy) or "echo" (an error that
    repeats the token).
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


@dataclass(slots=True)
class Stored:
    """One dashboard, all its versions' messages, newest last."""

    model: dict[str, Any]
    folder: str
    messages: list[str] = field(default_factory=list)
    provisioned: bool = False


class Refusal(Exception):
    """A status and Grafana's own words."""

    def __init__(self, code: int, message: str, **more: Any) -> None:
        super().__init__(code, message)
        self.code = code
        self.body = {"message": message, **more}


class GrafanaServer:
    """Served below `prefix` ("/grafana"), with TLS if there are certificates. Tests read and change what it keeps.

    `writes` lists method and path of what changed anything; `newest` makes it one that keeps dashboards in a newer
    schema than they came in and wraps their versions.
    """

    def __init__(self, certificates: Certificates | None = None, *, prefix: str = "", newest: bool = False) -> None:
        self.datasources: list[dict[str, Any]] = []
        self.folders: dict[str, str] = {}
        self.dashboards: dict[str, Stored] = {}
        self.annotations: list[dict[str, Any]] = []
        self.writes: list[tuple[str, str]] = []
        self.requests: list[tuple[str, str, Mapping[str, str]]] = []
        self.troubles: list[Trouble] = []
        self.blind = False  # annotations are taken, and not shown to this token
        self.before_write: Callable[[], None] | None = None  # once, between a client's last reading and its writing
        self.let_go = threading.Event()  # what hangs, hangs until then
        self._prefix = prefix
        self._newest = newest
        self._ids = 0
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

    def edit(self, uid: str, message: str = "", **changes: Any) -> None:
        """Save a dashboard as a person does in the browser."""
        stored = self.dashboards[uid]
        stored.model = {**stored.model, **changes, "version": stored.model["version"] + 1}
        stored.messages.append(message)

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
        room, _, rest = path.strip("/").partition("/")
        call = getattr(self, f"_{method.lower()}_{room}", None)
        if call is None:
            return 404, {"message": "Not found"}
        if method != "GET" and self.before_write is not None:
            other, self.before_write = self.before_write, None
            other()
        try:
            answer = call(rest, query, body)
        except Refusal as refusal:
            return refusal.code, refusal.body
        if method != "GET":
            self.writes.append((method, path))
        return 200, answer

    def _get_datasources(self, _rest: str, _query: Any, _body: Any) -> Any:
        return self.datasources

    def _post_datasources(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        if any(body["name"] == each["name"] for each in self.datasources):
            raise Refusal(409, "data source with the same name already exists")
        self.datasources.append({**body, "id": self._next(), "readOnly": False})
        return {"message": "Datasource added", "datasource": self.datasources[-1]}

    def _put_datasources(self, rest: str, _query: Any, body: dict[str, Any]) -> Any:
        for number, each in enumerate(self.datasources):
            if str(each["id"]) == rest:
                self.datasources[number] = {**body, "id": each["id"]}
                return {"message": "Datasource updated"}
        raise Refusal(404, "Data source not found")

    def _get_folders(self, rest: str, _query: Any, _body: Any) -> Any:
        if not rest:
            return [
                {"id": number, "uid": uid, "title": title} for number, (uid, title) in enumerate(self.folders.items())
            ]
        if rest not in self.folders:
            raise Refusal(404, "folder not found", status="not-found")
        return {"id": 1, "uid": rest, "title": self.folders[rest]}

    def _post_folders(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        if body["uid"] in self.folders:
            raise Refusal(409, "a folder with the same uid already exists")
        self.folders[body["uid"]] = body["title"]
        return {"id": self._next(), **body}

    def _get_dashboards(self, rest: str, query: Mapping[str, list[str]], _body: Any) -> Any:
        _, uid, *more = rest.split("/")
        if uid not in self.dashboards:
            raise Refusal(404, "Dashboard not found")
        stored = self.dashboards[uid]
        if more != ["versions"]:
            about = {"folderUid": stored.folder, "provisioned": stored.provisioned, "version": stored.model["version"]}
            return {"dashboard": stored.model, "meta": about}
        rows = [
            {"version": number, "message": message, "createdBy": "admin"}
            for number, message in enumerate(stored.messages, 1)
        ]
        rows = rows[::-1][: int(query["limit"][0])]
        return {"continueToken": "", "versions": rows} if self._newest else rows

    def _post_dashboards(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        model, folder = body["dashboard"], body.get("folderUid", "")
        if folder and folder not in self.folders:
            raise Refusal(400, "folder not found", status="bad-request")
        stored = self.dashboards.get(model["uid"])
        if stored is not None and stored.provisioned:
            raise Refusal(400, "Cannot save provisioned dashboard")
        if stored is not None and not body["overwrite"] and model.get("version") != stored.model["version"]:
            raise Refusal(412, "The dashboard has been changed by someone else", status="version-mismatch")
        for uid, other in self.dashboards.items():
            if uid != model["uid"] and (other.model["title"], other.folder) == (model["title"], folder):
                raise Refusal(412, "A dashboard with the same name in the folder already exists", status="name-exists")
        kept = stored or Stored({"id": self._next(), "version": 0}, folder)
        numbering = {"id": kept.model["id"], "version": kept.model["version"] + 1}
        kept.model = {**model, **numbering, **({"schemaVersion": 42, "preload": False} if self._newest else {})}
        kept.folder = folder
        kept.messages.append(body.get("message", ""))
        self.dashboards[model["uid"]] = kept
        return {"status": "success", "uid": model["uid"], "url": f"/d/{model['uid']}/x", **numbering}

    def _get_annotations(self, _rest: str, query: Mapping[str, list[str]], _body: Any) -> Any:
        wanted = set(query.get("tags", ()))
        found = [each for each in self.annotations if wanted <= set(each["tags"])]
        return [] if self.blind else found[::-1][: int(query.get("limit", ["100"])[0])]

    def _post_annotations(self, _rest: str, _query: Any, body: dict[str, Any]) -> Any:
        if not body["text"]:
            raise Refusal(400, "text field should not be empty")
        tags = [tag.strip() for tag in body["tags"]]
        # Go's encoder writes these three as six characters each.
        size = len(json.dumps(tags, ensure_ascii=False, separators=(",", ":")).encode())
        size += 5 * sum(tag.count(char) for tag in tags for char in "<>&")
        if size > _TAG_BYTES:
            raise Refusal(400, f"tags length exceeds the maximum allowed: {size}")
        if any(len(part) > _TAG_CHARACTERS for tag in tags for part in tag.split(":", 1)):
            raise Refusal(500, "Failed to save annotation")
        self.annotations.append({**body, "id": self._next(), "tags": tags, "dashboardId": body["dashboardId"] or 0})
        return {"message": "Annotation added", "id": self._ids}

    def _next(self) -> int:
        self._ids += 1
        return self._ids


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
