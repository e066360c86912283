"""What the HTTP door answers to each path. How the answers travel is `http.py`'s concern."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from prometheus_client.process_collector import ProcessCollector

from exporter.intervals.figures import IntervalFigures
from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.metrics.answer import Answer, packed, plain, tagged
from exporter.metrics.collector import NodeCollector
from exporter.metrics.node_document import node_json
from exporter.metrics.page.document import POLICY, page
from exporter.metrics.page.history import Step
from exporter.metrics.page.resources import address, resources
from exporter.metrics.page.view import About, Sight, View
from joulecast.footprint.rates import NO_RATES, Rates

PROBES = frozenset({"/-/healthy", "/-/ready"})
"""Paths that orchestrators ask without credentials; they tell nothing about the node but its health."""

# What is true now is not worth keeping; the client's own copy is asked about by its tag.
_LIVE = {"Cache-Control": "no-store"}
_PAGE_HEADERS = {**_LIVE, "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer"}
# Another content has another address.
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


class Site:
    """The pages of one exporter, each made from callables that return what is known already."""

    def __init__(
        self,
        *,
        latest: Callable[[], Snapshot],
        figures: Callable[[], IntervalFigures] = IntervalFigures,
        intervals: Callable[[], Sight] = Sight,
        history: Callable[[], Sequence[Step]] = tuple,
        healthy: Callable[[], str | None] = lambda: None,
        about: About | None = None,
        rates: Rates = NO_RATES,
        procfs: Path = Path("/proc"),
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`healthy` returns why the exporter is not well, or None; `procfs` is where this process itself is read."""
        self._latest = latest
        self._intervals = intervals
        self._history = history
        self._healthy = healthy
        self._about = about or About()
        self._rates = rates
        self._wall = wall
        self._registry = CollectorRegistry()
        self._registry.register(NodeCollector(latest, figures, rates, replaying=self._about.replaying))
        ProcessCollector(proc=str(procfs), registry=self._registry)
        self._pages: Mapping[str, Callable[[str], Answer]] = {
            "/": self._page,
            "/metrics": self._metrics,
            "/api/v1/node": self._node,
            "/-/healthy": self._health,
            "/-/ready": self._readiness,
        }
        self._files = {
            f"/{address(name)}": Answer(HTTPStatus.OK, content_type, content, _FOREVER)
            for name, (content_type, content) in resources().items()
        }

    def answer(self, path: str, *, accept: str = "", accept_encoding: str = "", if_none_match: str = "") -> Answer:
        """Answer a GET of `path`, packed where the client takes that, empty where it has the same already."""
        file = self._files.get(path)
        if file is not None:
            return packed(tagged(file, if_none_match), accept_encoding)
        make = self._pages.get(path)
        if make is None:
            return plain(HTTPStatus.NOT_FOUND, f"nothing here; try {', '.join(self._pages)}")
        answer = make(accept)
        if answer.headers.get("Cache-Control"):
            answer = tagged(answer, if_none_match)
        return packed(answer, accept_encoding)

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

    def _page(self, _accept: str) -> Answer:
        body = page(self._view()).encode("utf-8", "replace")
        return Answer(HTTPStatus.OK, "text/html; charset=utf-8", body, _PAGE_HEADERS)

    def _node(self, _accept: str) -> Answer:
        return Answer(HTTPStatus.OK, "application/json", node_json(self._view()).encode(), _LIVE)

    def _view(self) -> View:
        return View(
            snapshot=self._latest(),
            about=self._about,
            intervals=self._intervals(),
            history=self._history(),
            rates=self._rates,
            trouble=self._healthy(),
            wall=math.floor(self._wall()),  # nothing is told more finely, so within a second nothing changes
        )
