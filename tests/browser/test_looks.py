"""How it looks: light, dark, on a phone, and without motion for whoever wants none."""

import dataclasses
from collections.abc import Callable

import pytest
from doubles.served_node import NOW, Node
from doubles.snapshots import full_snapshot, sensor_state, series_state, snapshot_of
from doubles.tab import Tab, url_of

from exporter.intervals.interval import Interval, Tag
from exporter.metering.snapshot import EMPTY, Snapshot
from exporter.metrics.http import MetricsServer
from exporter.metrics.page.view import About, Sight
from joulecast.component import Component

PAPER = "getComputedStyle(document.body).backgroundColor"
NODES = {
    "server": full_snapshot(),
    "nothing yet": EMPTY,
    "no sensor": snapshot_of([], sensors=[sensor_state("rapl", "denied"), sensor_state("nvml", "absent")]),
    "long names": snapshot_of(
        [series_state(Component.PLATFORM, "p" * 120, "z" * 60, sensor="s" * 60)],
        sensors=[dataclasses.replace(sensor_state("rapl", "denied"), message="m" * 200, remedy="r" * 200)],
    ),
}


def luminance(colour: str) -> float:
    """How bright a computed colour is, 0 to 255."""
    return sum(map(float, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 3


def test_colours_follow_the_system(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """Dark where the system is dark, light where it is light."""
    assert luminance(visit(url_of(server), scheme="light").run(PAPER)) > 200
    assert luminance(visit(url_of(server), scheme="dark").run(PAPER)) < 50


def test_choice_of_colours_is_remembered(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """The toggle wins over the system, survives a reload and updates, and can be taken back."""
    tab = visit(url_of(server), scheme="light")
    tab.page.get_by_label("Dark", exact=True).check()
    assert luminance(tab.run(PAPER)) < 50
    tab.open()
    assert luminance(tab.run(PAPER)) < 50
    assert tab.page.get_by_label("Dark", exact=True).is_checked()
    tab.page.get_by_label("Auto", exact=True).check()
    assert luminance(tab.run(PAPER)) > 200


@pytest.mark.parametrize("width", [360, 768, 1280])
@pytest.mark.parametrize("name", NODES)
def test_nothing_is_wider_than_the_window(
    visit: Callable[..., Tab], server: MetricsServer, node: Node, name: str, width: int
) -> None:
    """From a small phone to a desk nobody scrolls sideways, however long names are."""
    snapshot: Snapshot = NODES[name]
    node.snapshot = snapshot
    long = Interval("id", Tag("r", "n" * 200, "j" * 80, "p" * 80), "boot", 0.0, NOW - 9, 9.0, 0.0, notes=["o" * 200])
    node.intervals = Sight([long], 1, [])
    node.about = About("h" * 80, f"unix:///{'g' * 100}", "c" * 150)
    # The site was made with what it says about itself; this one is made now.
    again = MetricsServer(server.address._replace(port=0), node.site())
    again.start()
    try:
        tab = visit(url_of(again), width=width)
        assert tab.run("document.documentElement.scrollWidth") <= width
    finally:
        again.close()


def test_phone_shows_tables_as_cards_that_name_their_values(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """Where columns have no room each value carries its column's title."""
    tab = visit(url_of(server), width=360)
    assert tab.run("getComputedStyle(document.querySelector('#gpus td'), '::before').content") == '"Power"'
    assert not tab.page.locator("#gpus thead th").first.bounding_box()["width"] > 360  # type: ignore[index]


def test_nothing_moves_for_whoever_wants_no_motion(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """Neither animation nor transition runs anywhere."""
    tab = visit(url_of(server), reduced_motion="reduce")
    tab.until("document.documentElement.dataset.link === 'live'")
    assert tab.run("document.getAnimations().length") == 0
    assert tab.run("getComputedStyle(document.querySelector('.bar rect')).transitionDuration") == "0s"
