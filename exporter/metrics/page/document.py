"""The whole page: head, header, what must be said first, the sections in their order, and where to go from here."""

from collections.abc import Iterator

from exporter.metering.snapshot import EMPTY
from exporter.metrics.page.amounts import watts
from exporter.metrics.page.drawings import hatching
from exporter.metrics.page.gpus import gpus_section
from exporter.metrics.page.intervals import intervals_section
from exporter.metrics.page.machine import machine_section
from exporter.metrics.page.markup import Markup, element
from exporter.metrics.page.pieces import moment
from exporter.metrics.page.power import devices_section, power_section
from exporter.metrics.page.resources import STYLESHEET, address, build
from exporter.metrics.page.sensors import sensors_section
from exporter.metrics.page.view import View
from exporter.metrics.page.workloads import workloads_section
from joulecast.version import __version__

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may do for this page, whatever a label holds: its own files and nothing else."""

_DOCUMENTATION = "https://github.com/joulecast/joulecast/tree/main/docs"
_RELOAD_SECONDS = 5  # without a script
_SECTIONS = (
    power_section,
    gpus_section,
    workloads_section,
    intervals_section,
    devices_section,
    machine_section,
    sensors_section,
)
_LINKS = (
    ("Metrics", "metrics"),
    ("This node as JSON", "api/v1/node"),
    ("Healthy?", "-/healthy"),
    ("Ready?", "-/ready"),
    ("Documentation", _DOCUMENTATION),
)


def page(view: View) -> str:
    """The page as HTML. Every text from outside is escaped; nothing is loaded from anywhere else."""
    skip = element("a", "To the figures", href="#main", class_="skip")
    main = element("main", (make(view) for make in _SECTIONS), id="main", tabindex="-1")
    body = element(
        "body",
        (skip, hatching(), _header(view), element("div", _banners(view), id="banners"), main, _footer(view)),
        element("p", id="spoken", role="status", class_="unseen", data_own=True),
        class_="stale" if view.trouble else None,
        data_build=build(),
        data_period=view.about.period_seconds,
    )
    return f"<!doctype html>\n{element('html', _head(view), body, lang='en')}\n"


def _title(view: View) -> str:
    name = f"{view.about.hostname} · Joulecast" if view.about.hostname else "Joulecast"
    power = view.snapshot.node_watts
    return name if power is None else f"{watts(power)} · {name}"


def _head(view: View) -> Markup:
    reload = element("meta", http_equiv="refresh", content=_RELOAD_SECONDS)
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("title", _title(view)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("noscript", reload),
        element("script", src=address("theme.js")),  # before the style sheet, for which scripts wait
        element("link", rel="stylesheet", href=address(STYLESHEET)),
        element("script", src=address("live.js"), type="module"),
        element("link", rel="modulepreload", href=address("morph.js")),
        element("link", rel="modulepreload", href=address("connection.js")),
        element("link", rel="icon", href=address("icon.svg"), type="image/svg+xml"),
    )


def _header(view: View) -> Markup:
    snapshot = view.snapshot
    seen = ["no reading yet"] if snapshot is EMPTY else ["as of ", moment(snapshot.wall, view.wall)]
    name = element("h1", view.about.hostname or "This node")
    icon = element("img", src=address("icon.svg"), alt="", width=36, height=36)
    brand = element("div", icon, element("div", element("p", "Joulecast", class_="brand"), name), class_="title")
    link = element("span", id="link", class_="link", data_own=True)
    state = element("p", link, element("span", seen, id="as-of"), class_="state")
    return element("header", brand, state, _themes(), class_="masthead")


def _themes() -> Markup:
    """Shown by the script that makes it work."""
    choices = (
        element("label", element("input", type="radio", name="theme", value=value), element("span", text))
        for value, text in (("system", "Auto"), ("light", "Light"), ("dark", "Dark"))
    )
    legend = element("legend", "Colours", class_="unseen")
    return element("fieldset", legend, choices, id="themes", class_="themes", hidden=True, data_own=True)


def _banners(view: View) -> Iterator[Markup]:
    yield element("div", id="lost", class_="banner lost", hidden=True, data_own=True)
    if view.about.replaying:
        source = element("span", view.about.replaying, class_="break")
        yield element(
            "p",
            element("strong", "Replay, not this machine."),
            " All power and usage come from ",
            source,
            ".",
            class_="banner replay",
        )
    if view.trouble:
        yield element(
            "p",
            element("strong", "Not healthy: "),
            view.trouble,
            ". The figures below are old.",
            class_="banner trouble",
        )


def _footer(view: View) -> Markup:
    links = (element("li", element("a", text, href=href)) for text, href in _LINKS)
    nav = element("nav", element("ul", links), aria_label="Elsewhere")
    facts = [f"Joulecast {__version__}"]
    if view.about.grpc_address:
        facts.append(f"workloads connect to {view.about.grpc_address}")
    return element("footer", nav, element("p", " · ".join(facts), class_="break"))
