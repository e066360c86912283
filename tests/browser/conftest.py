"""Fixtures of the tests in a browser: one Chromium per file, a fresh profile for each tab."""

import shutil
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
from doubles.served_node import ANY_PORT, Node

from exporter.metrics.http import MetricsServer

if TYPE_CHECKING:
    from doubles.tab import Tab
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# No sandbox: root has none; the rest keeps a browser from asking for anything of its own accord.
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """The system's Chromium, driven by Playwright, whose event loop must be gone when other rooms use theirs."""
    chromium = next(filter(None, map(shutil.which, _NAMES)), None)
    if chromium is None:
        pytest.skip("no Chromium on PATH")
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with playwright.sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=chromium, headless=True, args=_FLAGS)
        yield started
        started.close()


@pytest.fixture
def visit(browser: "Browser") -> "Iterator[Callable[..., Tab]]":
    """Open an address in a tab with a profile of its own; options are those of a Playwright context."""
    from doubles.tab import Tab

    tabs: list[Tab] = []

    def open_tab(url: str, *, width: int = 1280, scheme: str = "light", **options: Any) -> Tab:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **options)
        tabs.append(Tab(context, url))
        return tabs[-1].open()

    yield open_tab
    for tab in tabs:
        tab.context.close()


@pytest.fixture
def node() -> Node:
    """A server with everything, for a test to change."""
    return Node()


@pytest.fixture
def server(node: Node) -> Iterator[MetricsServer]:
    """The real door over that node."""
    served = MetricsServer(ANY_PORT, node.site())
    served.start()
    yield served
    served.close()
