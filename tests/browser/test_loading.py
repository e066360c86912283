"""What the browser loads: little, from one server, and without a script the page is complete."""

from collections.abc import Callable

from doubles.served_node import Node
from doubles.snapshots import full_snapshot
from doubles.tab import Tab, url_of
from playwright.sync_api import Browser

from exporter.metrics.http import MetricsServer

MOST_BYTES = 100_000


def test_page_is_small_and_of_one_server(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """A server of two sockets and eight GPUs is under 100 KB on the wire, all of it from its own exporter."""
    node.snapshot = full_snapshot(sockets=2, gpus=8)
    tab = visit("about:blank")
    session = tab.context.new_cdp_session(tab.page)
    session.send("Network.enable")
    received: list[float] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    tab.url = url_of(server)
    tab.open()
    tab.until("document.documentElement.dataset.link === 'live'")
    assert len(received) >= 6
    assert 1000 < sum(received) < MOST_BYTES
    assert (tab.outside, tab.errors) == ([], [])


def test_files_are_loaded_once(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """Their address changes with their content, so a second visit asks for the page alone."""
    tab = visit(url_of(server))
    tab.requests.clear()
    tab.page.goto("about:blank")
    tab.open()
    reused = tab.run("performance.getEntriesByType('resource').map(entry => entry.transferSize)")
    assert len(reused) >= 5
    assert set(reused) == {0}


def test_page_is_complete_without_a_script(browser: Browser, visit: Callable[..., Tab], server: MetricsServer) -> None:
    """Who forbids scripts sees every figure, and is brought newer ones; what needs a script is not shown."""
    assert browser.is_connected()
    tab = visit(url_of(server), java_script_enabled=False)
    assert "2,792 W" in tab.page.locator("#power .watts").inner_text()
    assert tab.page.locator("#gpus tbody tr").count() == 8
    assert not tab.page.locator("#themes").is_visible()
    with tab.page.expect_navigation(timeout=30_000):
        pass  # it reloads of its own accord
    assert "2,792 W" in tab.page.locator("#power .watts").inner_text()
