"""Small pieces that several sections share: headed sections, amounts, marks of how a value was obtained."""

from exporter.metrics.page.amounts import Amount, clock_text, iso_text, moment_text
from exporter.metrics.page.markup import Child, Markup, element
from joulecast.component import Component
from joulecast.provenance import Provenance

COMPONENT_NAMES = {
    Component.CPU: "CPU",
    Component.DRAM: "Memory",
    Component.GPU: "GPU",
    Component.PLATFORM: "Whole machine",
}
_DAY_SECONDS = 86_400.0


def section(name: str, title: str, *children: Child, aside: Child = None) -> Markup:
    """A landmark with its heading; `name` is its anchor. `aside` is a quiet remark on the heading's line."""
    heading = element("h2", title, id=f"{name}-title")
    head = element("div", heading, None if aside is None else element("p", aside, class_="aside"), class_="head")
    return element("section", head, children, id=name, aria_labelledby=f"{name}-title")


def quantity(value: float, amount: Amount, kind: str | None = None) -> Markup:
    """An amount to read, with its value in full in the markup."""
    half_width = element("span", f" ± {amount.half_width}", class_="doubt") if amount.half_width else None
    unit = element("span", f" {amount.unit}", class_="unit")
    return element("data", amount.number, half_width, unit, value=repr(value), class_=kind)


def provenance_mark(provenance: Provenance | None) -> Markup | None:
    """How a value was obtained, as a word in a frame; dashed where it is an estimate."""
    if provenance is None:
        return None
    return element("span", provenance.value, class_=f"mark {provenance.value}")


def component_mark(component: Component) -> Markup:
    """A component's name beside its colour."""
    return element("span", COMPONENT_NAMES[component], class_=f"component of-{component.value}")


def moment(wall: float, now: float) -> Markup:
    """A time of day, or a date too if it was another day."""
    text = clock_text(wall) if abs(now - wall) < _DAY_SECONDS else moment_text(wall)
    return element("time", text, datetime=iso_text(wall))
