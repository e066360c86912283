"""The node's page: what it weighs, how long a browser takes for it, and what each update costs the exporter.

Two sockets and eight GPUs with a bill and 50 ended intervals, over loopback, in the system's Chromium, nothing cached.
Without a browser only the exporter's side is measured.
"""

import dataclasses
import gzip
import shutil
import statistics
import sys
import time

from doubles.served_node import ANY_PORT, NOW, Node
from doubles.snapshots import full_snapshot

from bench.figure import Figure, run
from exporter.intervals.interval import Account, Energy, Interval, Status, Tag, Usage
from exporter.metrics.http import MetricsServer
from exporter.metrics.page.history import STEPS, Step
from exporter.metrics.page.sight import MOST_SHOWN
from exporter.metrics.page.view import Sight
from joulecast.component import Component
from joulecast.provenance import Provenance

MOST_KILOBYTES = 100.0
MOST_MILLISECONDS = 200.0
LOADS = 15
UPDATES = 200
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync")
# From the request to the last element being there, styled, and every script run.
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"


def ended(number: int) -> Interval:
    """An interval with an account."""
    energy = Energy(812.34 + number, 300.5, 9.0, 40.0, 1.0, Provenance.MEASURED, 12.0)
    tag = Tag(f"r-{number}", f"epoch {number}", "resnet", "training")
    account = Account(energy, {Component.CPU: energy, Component.GPU: energy}, (), Usage())
    made = Interval(f"{number:08d}", tag, "boot", 0.0, NOW - 60 - number, 3600.0, 0.0, account=account)
    made.counts = {"sample": 512.0}
    return dataclasses.replace(made, status=Status.FINISHED, end=12.5, end_wall=NOW - number)


def busy_node() -> Node:
    """The largest page there usually is."""
    history = [Step(number, {Component.CPU: 200.0 + number, Component.GPU: 2000.0}) for number in range(STEPS)]
    return Node(
        full_snapshot(), intervals=Sight(ended=[ended(number) for number in range(MOST_SHOWN)]), history=history
    )


def update_milliseconds(node: Node) -> float:
    """What one update takes of the exporter, packing included."""
    site, taken = node.site(), []
    for number in range(UPDATES):
        node.snapshot = dataclasses.replace(node.snapshot, wall=node.snapshot.wall + number)
        begin = time.perf_counter()
        site.answer("/", accept_encoding="gzip")
        taken.append(time.perf_counter() - begin)
    return statistics.median(taken) * 1e3


def in_browser(chromium: str, node: Node) -> list[Figure]:
    """Bytes on the wire and milliseconds, of loads with nothing cached."""
    from playwright.sync_api import sync_playwright

    server = MetricsServer(ANY_PORT, node.site())
    server.start()
    times: list[float] = []
    weights: list[float] = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, headless=True, args=FLAGS)
        for _ in range(LOADS):
            context = browser.new_context()
            page = context.new_page()
            session = context.new_cdp_session(page)
            session.send("Network.enable")
            received: list[float] = []
            session.on("Network.loadingFinished", lambda event, kept=received: kept.append(event["encodedDataLength"]))
            page.goto(f"http://{server.address}/", wait_until="load")
            assert page.evaluate("document.documentElement.dataset.link") == "live"
            times.append(page.evaluate(LOADED))
            weights.append(sum(received))
            context.close()
        browser.close()
    server.close()
    return [
        Figure("page with all its files, on the wire", max(weights) / 1000, "kB", MOST_KILOBYTES),
        # The best is what the page itself takes; the rest is what else the machine was doing.
        Figure(f"a first visit is loaded, best of {LOADS}", min(times), "ms", MOST_MILLISECONDS),
        Figure("a first visit is loaded, median", statistics.median(times), "ms"),
    ]


def measure() -> list[Figure]:
    """The exporter's side, then the browser's where there is one."""
    node = busy_node()
    body = node.site().answer("/").body
    figures = [
        Figure("an update, exporter's time", update_milliseconds(node), "ms"),
        Figure("an update, packed", len(gzip.compress(body, 4)) / 1000, "kB"),
    ]
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return figures if chromium is None else [*figures, *in_browser(chromium, node)]


if __name__ == "__main__":
    sys.exit(run(measure))
