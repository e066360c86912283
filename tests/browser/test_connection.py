"""An exporter that is gone: the page says since when, fades what it shows, and takes it up again by itself."""

from collections.abc import Callable

from doubles.served_node import Node
from doubles.snapshots import series_state, snapshot_of
from doubles.tab import Tab, url_of

from exporter.metrics.http import MetricsServer
from joulecast.component import Component

LOST = "document.documentElement.dataset.link === 'lost'"
LIVE = "document.documentElement.dataset.link === 'live'"


def test_lost_exporter_is_shown_and_found_again(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """The last values stay, greyed and dated, until the exporter is back with new ones."""
    address = server.address
    tab = visit(url_of(server))
    tab.until(LIVE)
    server.close()
    tab.until(LOST)
    banner = tab.text("#lost")
    assert banner.startswith("Connection lost since ")
    assert "it cannot be reached" in banner
    assert f"The values below are of {tab.text('#as-of time')}" in banner
    assert tab.text("#link") == "Not connected"
    assert tab.text("#power .watts") == "2,792 W"
    tab.until("getComputedStyle(document.querySelector('main')).filter === 'grayscale(1)'")
    assert "Connection lost" in (tab.page.locator("#spoken").text_content() or "")

    node.snapshot = snapshot_of([series_state(Component.CPU, "0", "package", watts=123.0)])
    again = MetricsServer(address, node.site())
    again.start()
    try:
        tab.page.get_by_role("button", name="Try now").click()
        tab.until(LIVE)
        assert tab.text("#power .watts").startswith("123")
        assert not tab.page.locator("#lost").is_visible()
        assert "answers again" in (tab.page.locator("#spoken").text_content() or "")
    finally:
        again.close()


def test_waits_grow_while_nobody_answers(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """A page left open over a night does not hammer a machine that is down."""
    tab = visit(url_of(server))
    tab.until(LIVE)
    tab.run("""{
        const real = window.setTimeout;
        window.waits = [];
        window.setTimeout = (what, wait = 0) => {
            if (wait) window.waits.push(wait);
            return real(what, Math.min(wait, 20));
        };
    }""")
    server.close()
    tab.until("window.waits.length >= 8")
    waits = tab.run("window.waits")
    failing = waits[next(index for index, wait in enumerate(waits) if wait > waits[0]) :]
    assert failing == sorted(failing)
    assert failing[-1] == 15_000


def test_other_answer_than_the_page_counts_as_lost(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """A proxy's error page, or a log-in, is never taken for figures."""
    tab = visit(url_of(server))
    tab.until(LIVE)
    tab.page.route(
        url_of(server), lambda route: route.fulfill(status=200, body="<html><body>please log in</body></html>")
    )
    tab.until(LOST)
    assert "something else answered" in tab.text("#lost")
    assert tab.text("#power .watts") == "2,792 W"
    tab.page.unroute(url_of(server))
    tab.page.route(url_of(server), lambda route: route.fulfill(status=503, body="busy"))
    tab.page.get_by_role("button", name="Try now").click()
    tab.until(LOST)
    assert tab.text("#power .watts") == "2,792 W"
