"""What the HTTP door answers to each path. How the answers travel is `http.py`'s concern."""

import gzip
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, gzip_accepted
from prometheus_client.process_collector import ProcessCollector

from exporter.intervals.figures import IntervalFigures
from exporter.intervals.interval import Interval
from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.metrics.collector import NodeCollector
from exporter.metrics.status_page import About, status_page

PROBES = frozenset({"/-/healthy", "/-/ready"})
"""Paths that orchestrators ask without credentials; they tell nothing about the node but its health."""

_TEXT = "text/plain; charset=utf-8"
# The status page needs nothing from anywhere, and may load nothing, whatever a label holds.
_PAGE_POLICY = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:"}
_WORTH_PACKING = 1000  # bytes; smaller bodies fit one packet anyway
_PACKING_LEVEL = 4  # nearly as small as the default for two thirds of its time


@dataclass(frozen=True, slots=True)
class Answer:
    """One response, without the connection it goes out on."""

    status: HTTPStatus
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


class Site:
    """The pages of one exporter, each made from callables that return what is known already."""

    def __init__(
        self,
        *,
        latest: Callable[[], Snapshot],
        figures: Callable[[], IntervalFigures] = IntervalFigures,
        open_intervals: Callable[[], Sequence[Interval]] = tuple,
        healthy: Callable[[], str | None] = lambda: None,
        about: About | None = None,
        procfs: Path = Path("/proc"),
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`healthy` returns why the exporter is not well, or None; `procfs` is where this process itself is read."""
        self._latest = latest
        self._open_intervals = open_intervals
        self._healthy = healthy
        self._about = about or About()
        self._wall = wall
        self._registry = CollectorRegistry()
        self._registry.register(NodeCollector(latest, figures))
        ProcessCollector(proc=str(procfs), registry=self._registry)
        self._pages: Mapping[str, Callable[[str], Answer]] = {
            "/": self._status,
            "/metrics": self._metrics,
            "/-/healthy": self._health,
            "/-/ready": self._readiness,
        }

    def answer(self, path: str, *, accept: str = "", accept_encoding: str = "") -> Answer:
        """Answer a GET of `path`, packed where the client takes that."""
        page = self._pages.get(path)
        if page is None:
            return plain(HTTPStatus.NOT_FOUND, f"nothing here; try {', '.join(self._pages)}")
        return _packed(page(accept), accept_encoding)

    def _metrics(self, accept: str) -> Answer:
        try:
            encode, content_type = choose_encoder(accept)
        except (TypeError, ValueError):  # the version asked for is no version
            encode, content_type = choose_encoder("")
        return Answer(HTTPStatus.OK, content_type, encode(self._registry))

    def _health(self, _accept: str) -> Answer:
        reason = self._healthy()
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, reason) if reason else plain(HTTPStatus.OK, "healthy")

    def _readiness(self, _accept: str) -> Answer:
        if self._latest() is EMPTY:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "the sensors have not been read yet")
        return plain(HTTPStatus.OK, "ready")

    def _status(self, _accept: str) -> Answer:
        page = status_page(self._latest(), self._open_intervals(), self._about, self._healthy(), self._wall())
        return Answer(HTTPStatus.OK, "text/html; charset=utf-8", page.encode("utf-8", "replace"), _PAGE_POLICY)


def plain(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Answer:
    """One line of text."""
    return Answer(status, _TEXT, f"{text}\n".encode("utf-8", "replace"), headers or {})


def _packed(answer: Answer, accept_encoding: str) -> Answer:
    headers = {**answer.headers, "Vary": "Accept, Accept-Encoding"}
    body = answer.body
    if len(body) >= _WORTH_PACKING and gzip_accepted(accept_encoding):
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body, _PACKING_LEVEL)
    return Answer(answer.status, answer.content_type, body, headers)
