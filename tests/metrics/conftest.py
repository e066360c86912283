"""Fixtures of the HTTP door: a served node, and golden files."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.served_node import ANY_PORT, Node

from exporter.metrics.connections import Limits
from exporter.metrics.http import MetricsServer
from exporter.metrics.tls import Tls


def pytest_addoption(parser: pytest.Parser) -> None:
    """Golden files are rewritten by `pytest tests/metrics --update-golden`; the diff is then the review."""
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files from what the code says now")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden file of that name, or rewrite it when asked to."""
    directory = Path(__file__).parent / "golden"

    def compare(name: str, text: str) -> None:
        path = directory / name
        # A run over all rooms does not load this file in time to know the option.
        if request.config.getoption("--update-golden", default=False):
            path.write_text(text)
        assert text == path.read_text(), f"{name} differs; if that is right: pytest tests/metrics --update-golden"

    return compare


@pytest.fixture
def node() -> Node:
    """A server with everything."""
    return Node()


@pytest.fixture
def serve(node: Node) -> Iterator[Callable[..., MetricsServer]]:
    """Start servers over the node on free ports, closed after the test."""
    servers: list[MetricsServer] = []

    def start(*, token: str = "", tls: Tls | None = None, limits: Limits | None = None) -> MetricsServer:
        server = MetricsServer(ANY_PORT, node.site(), token=token, tls=tls, limits=limits or Limits())
        server.start()
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()
