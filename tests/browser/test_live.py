"""The page while it stands open: what changes is brought in, and nothing else is touched."""

import dataclasses
from collections.abc import Callable

from doubles.served_node import NOW, Node
from doubles.snapshots import full_snapshot, series_state, snapshot_of
from doubles.tab import Tab, url_of
from playwright.sync_api import Route

from exporter.intervals.interval import Account, Energy, Interval, Status, Tag, Usage
from exporter.metrics.http import MetricsServer
from exporter.metrics.page.view import Sight
from joulecast.component import Component
from joulecast.provenance import Provenance


def ended(name: str) -> Interval:
    """An interval that took 812 joules."""
    energy = Energy(812.34, 300.5, 9.0, 40.0, 1.0, Provenance.MEASURED)
    return Interval(
        f"id-{name}",
        Tag("r", name, "resnet", "training"),
        "boot",
        0.0,
        NOW - 60,
        3600.0,
        0.0,
        Status.FINISHED,
        end=12.5,
        end_wall=NOW - 47.5,
        account=Account(energy, {Component.CPU: energy}, (), Usage()),
    )


def test_new_figures_arrive_without_a_reload(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """Power follows the exporter within the same document, also in the tab's title."""
    tab = visit(url_of(server))
    tab.run("window.stayed = true")
    node.snapshot = snapshot_of([series_state(Component.CPU, "0", "package", watts=123.0, uncertainty_watts=4.0)])
    tab.until("document.querySelector('#power .watts').innerText.startsWith('123')")
    assert tab.text("#power .watts") == "123 ± 4 W"
    assert tab.page.title().startswith("123 W")
    assert tab.page.locator("#gpus").count() == 0
    assert tab.run("window.stayed")
    assert (tab.outside, tab.errors) == ([], [])


def test_reader_is_not_disturbed(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """What is open stays open, what has the focus keeps it, and the elements stay the same."""
    tab = visit(url_of(server))
    summary = tab.page.locator("#devices summary").nth(3)
    summary.focus()
    summary.press("Enter")
    tab.run("window.focused = document.activeElement")
    node.snapshot = dataclasses.replace(full_snapshot(), node_watts=555.0)
    tab.until("document.querySelector('#power .watts').innerText.startsWith('555')")
    assert tab.run("window.focused === document.activeElement && window.focused.parentElement.open")


def test_new_rows_come_in_above_the_others(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """An interval that ends is a new row; those below it are moved, not made again."""
    node.intervals = Sight(ended=[ended("first")])
    tab = visit(url_of(server))
    tab.run("window.row = document.querySelector('.ended tbody tr')")
    node.intervals = Sight(ended=[ended("second"), ended("first")])
    tab.until("document.querySelectorAll('.ended tbody tr').length === 2")
    assert tab.page.locator(".ended tbody th").all_inner_texts()[0].startswith("second")
    assert tab.run("window.row === document.querySelectorAll('.ended tbody tr')[1]")


def test_screen_reader_hears_of_ended_intervals_and_not_of_every_watt(
    visit: Callable[..., Tab], server: MetricsServer, node: Node
) -> None:
    """New power is silent; an interval that got its joules is one sentence."""
    tab = visit(url_of(server))
    node.snapshot = dataclasses.replace(full_snapshot(), node_watts=555.0)
    tab.until("document.querySelector('#power .watts').innerText.startsWith('555')")
    assert tab.page.locator("#spoken").text_content() == ""
    node.intervals = Sight(ended=[ended("train")])
    tab.until("document.querySelector('#spoken').textContent !== ''")
    assert tab.page.locator("#spoken").text_content() == "Interval train ended: 812 ± 9 J."
    assert tab.page.locator("[role=status], [role=alert], [aria-live]").count() == 1


def test_trouble_shows_and_goes(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """An exporter that answers with old figures says so, as long as it is so."""
    tab = visit(url_of(server), reduced_motion="reduce")
    node.trouble = "nothing was sampled for 30 s"
    tab.until("document.querySelector('.banner.trouble') !== null")
    assert tab.run("getComputedStyle(document.querySelector('main')).filter") == "grayscale(1)"
    node.trouble = None
    tab.until("document.querySelector('.banner.trouble') === null")
    assert tab.run("getComputedStyle(document.querySelector('main')).filter") == "none"


def test_another_version_of_the_exporter_brings_its_own_page(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """After an upgrade an old script never has to understand a new page: it loads it."""
    tab = visit(url_of(server))
    tab.run("window.stayed = true")

    def upgrade(route: Route) -> None:
        answer = route.fetch()
        body = answer.text().replace('data-build="', 'data-build="new-')
        route.fulfill(response=answer, body=body)

    with tab.page.expect_navigation():
        tab.page.route(url_of(server), upgrade, times=1)
    assert tab.run("window.stayed") is None
    assert tab.errors == []
