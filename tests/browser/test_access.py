"""Who reads otherwise: by keyboard, by ear, with weak eyes; and labels that would like to be more than text."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from doubles.served_node import NOW, Node
from doubles.snapshots import full_snapshot, sensor_state, series_state
from doubles.tab import Tab, url_of

from exporter.intervals.interval import Interval, Tag
from exporter.metrics.http import MetricsServer
from exporter.metrics.page.history import Step
from exporter.metrics.page.view import Sight
from joulecast.component import Component

ATTACK = "<script>alert(1)</script><img src=x onerror=alert(2)>\"'><svg onload=alert(3)>"
FOCUSABLE = "a[href], button, input, summary, [tabindex='0']"


def running(name: str) -> Interval:
    """An interval that is open."""
    return Interval(f"id-{name}", Tag("r", name, name, name), "boot", 0.0, NOW - 9, 3600.0, 0.0)


@pytest.mark.parametrize(
    ("state", "look"),
    [
        ("live", {"width": 1280, "scheme": "light"}),
        ("live", {"width": 360, "scheme": "dark"}),
        ("lost", {"width": 1280, "scheme": "dark"}),
        ("lost", {"width": 360, "scheme": "light"}),
        ("troubled", {"width": 1280, "scheme": "light"}),
        ("troubled", {"width": 1280, "scheme": "dark"}),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{value['scheme']}-{value['width']}",
)
def test_no_barrier_that_axe_knows(
    visit: Callable[..., Tab], server: MetricsServer, node: Node, state: str, look: dict[str, Any]
) -> None:
    """Nothing serious: contrast, names, roles and structure, in both colours, on both ends of sizes, in every state."""
    node.history = [Step(number, {Component.CPU: 100.0 + number}) for number in range(30)]
    node.intervals = Sight([running("train")], 1, [], "the disk is full")
    node.trouble = "nothing was sampled for 30 s" if state == "troubled" else None
    tab = visit(url_of(server), reduced_motion="reduce", **look)
    if state == "lost":
        server.close()
        tab.until("document.documentElement.dataset.link === 'lost'")
    violations = Axe().run(tab.page).response["violations"]
    grave = [
        (violation["id"], [part["html"] for part in violation["nodes"]])
        for violation in violations
        if violation["impact"] in {"serious", "critical"}
    ]
    assert grave == []


def test_keyboard_reaches_everything_and_shows_where_it_is(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """By Tab alone every control gets the focus, in the order of the page, with an outline to be seen."""
    tab = visit(url_of(server))
    tab.until("document.documentElement.dataset.link === 'live'")
    expected = tab.run(f"""[...document.querySelectorAll(`{FOCUSABLE}`)]
        .filter(each => each.type !== 'radio' || each.checked).length""")
    seen = []
    for _ in range(expected):
        tab.page.keyboard.press("Tab")
        seen.append(
            tab.run(f"""(() => {{
                const at = document.activeElement;
                const drawn = at.type === 'radio' ? at.nextElementSibling : at;
                const outlined = getComputedStyle(drawn).outlineStyle !== 'none';
                return [[...document.querySelectorAll(`{FOCUSABLE}`)].indexOf(at), outlined];
            }})()""")
        )
    assert [index for index, _ in seen] == sorted({index for index, _ in seen})
    assert len(seen) == expected > 8
    assert all(outlined for _, outlined in seen)


def test_first_stop_skips_to_the_figures(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """Who walks by keyboard need not pass the header each time."""
    tab = visit(url_of(server))
    tab.page.keyboard.press("Tab")
    tab.page.keyboard.press("Enter")
    assert tab.run("document.activeElement.id") == "main"


def test_colours_are_chosen_by_arrow_keys(visit: Callable[..., Tab], server: MetricsServer) -> None:
    """The toggle is one stop, and arrows move within it."""
    tab = visit(url_of(server))
    tab.page.get_by_label("Auto", exact=True).focus()
    tab.page.keyboard.press("ArrowRight")
    tab.page.keyboard.press("ArrowRight")
    assert tab.run("document.documentElement.dataset.theme") == "dark"


def test_hostile_labels_stay_text(visit: Callable[..., Tab], server: MetricsServer, node: Node) -> None:
    """Neither in the first page nor in what is brought in later does a name run, load or become an element."""
    tab = visit(url_of(server))
    state = series_state(Component.PLATFORM, ATTACK, ATTACK, sensor=ATTACK)
    node.snapshot = dataclasses.replace(
        full_snapshot(), series=[state], sensors=[dataclasses.replace(sensor_state(ATTACK), message=ATTACK)]
    )
    node.intervals = Sight([running(ATTACK)], 1, [], ATTACK)
    tab.until("document.querySelector('.running tbody th') !== null")
    for _ in range(2):  # as it came in, and as it is loaded
        assert ATTACK in tab.text(".running tbody th")
        assert tab.page.locator("main script, main img, [onload], [onerror]").count() == 0
        tab.open()
    assert (tab.dialogs, tab.outside, tab.errors) == ([], [], [])
