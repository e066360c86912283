"""Bars and charts as inline SVG. The figures they draw stand beside them as text, so readers of text lose nothing."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from exporter.metrics.page.history import STEPS, Step
from exporter.metrics.page.markup import Markup, element, together
from joulecast.component import Component
from joulecast.provenance import Provenance

STACKED = (Component.CPU, Component.DRAM, Component.GPU)  # from the ground up
_ESTIMATED = frozenset({Provenance.MODELLED, Provenance.PREDICTED})
_BAR_HEIGHT = 10
_FEWEST_STEPS = 12


def hatching() -> Markup:
    """The pattern over bars whose values are estimated; once per page."""
    stripe = element("path", d="M-1 5 5 -1M3 9 9 3", class_="stripe")
    pattern = element("pattern", stripe, id="hatch", width=8, height=8, patternUnits="userSpaceOnUse")
    return element("svg", pattern, class_="unseen", width=0, height=0, aria_hidden="true")


def power_bar(
    component: Component, value: float, half_width: float | None, full: float, provenance: Provenance | None
) -> Markup:
    """A bar as long as `value` is of `full`, with a whisker over its uncertainty; hatched where it is estimated."""
    share = _share(value, full)
    parts = [element("rect", class_="fill", width=share, height=_BAR_HEIGHT, rx=2)]
    if provenance in _ESTIMATED:
        parts.append(element("rect", class_="hatch", width=share, height=_BAR_HEIGHT, rx=2))
    if half_width:
        parts.append(_whisker(value - half_width, value + half_width, full))
    return _bar(parts, f"bar of-{component.value}")


def level_bar(component: Component, value: float, full: float) -> Markup:
    """A bar without an error: how much of something is used."""
    fill = element("rect", class_="fill", width=_share(value, full), height=_BAR_HEIGHT, rx=2)
    return _bar([fill], f"bar level of-{component.value}")


def split_bar(parts: Mapping[Component, float], full: float | None = None) -> Markup:
    """One whole divided among components, as long as it is of `full`."""
    whole = math.fsum(parts.values()) if full is None else full
    drawn, begin = [], 0.0
    for component, value in parts.items():
        x, width = _share(begin, whole), _share(value, whole)
        drawn.append(element("rect", class_=f"fill of-{component.value}", x=x, width=width, height=_BAR_HEIGHT))
        begin += value
    return _bar(drawn, "bar split")


def span_of(steps: Sequence[Step]) -> int:
    """How many steps a chart of these covers: all that are known, and never so few that a minute looks long."""
    return max(_FEWEST_STEPS, min(STEPS - 1, steps[-1].number - steps[0].number)) if steps else _FEWEST_STEPS


def power_chart(steps: Sequence[Step], span: int, top: float, label: str) -> Markup:
    """Power of the components over `span` steps, one on the other, up to `top` watts; what is not known is a gap."""
    return element(
        "svg",
        (_stretch(stretch, top) for stretch in _stretches(steps, span)),
        viewBox=f"0 0 {span} 100",
        preserveAspectRatio="none",
        class_="chart",
        role="img",
        aria_label=label,
    )


def rounded_top(value: float) -> float:
    """The next round number at or above `value`, for the end of an axis.

    >>> [rounded_top(value) for value in (0.0, 7.2, 12.0, 2792.0, 3001.0)]
    [1.0, 8.0, 15.0, 3000.0, 4000.0]
    """
    if value <= 0:
        return 1.0
    step = 10.0 ** math.floor(math.log10(value))
    return next(round(step * each, 6) for each in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if step * each >= value)


def _stretches(steps: Sequence[Step], span: int) -> Iterable[list[tuple[int, Mapping[Component, float]]]]:
    """Steps that follow each other without a gap, each with its place on the chart."""
    newest = steps[-1].number if steps else 0
    for _, stretch in groupby(enumerate(steps), key=lambda pair: pair[1].number - pair[0]):
        yield [(span - (newest - step.number), step.watts) for _, step in stretch]


def _stretch(stretch: list[tuple[int, Mapping[Component, float]]], top: float) -> Markup:
    if len(stretch) == 1:  # half a step to both sides, so that it can be seen
        x, watts = stretch[0]
        stretch = [(max(0, x - 1), watts), (x, watts)]
    floor = [0.0] * len(stretch)
    layers = []
    for component in STACKED:
        roof = [below + watts.get(component, 0.0) for below, (_, watts) in zip(floor, stretch, strict=True)]
        if roof != floor:
            outline = [(x, y) for (x, _), y in zip(stretch, roof, strict=True)]
            ground = [(x, y) for (x, _), y in zip(stretch, floor, strict=True)][::-1]
            layers.append(element("path", d=f"M{_points(outline + ground, top)}Z", class_=f"fill of-{component.value}"))
        floor = roof
    ridge = [(x, y) for (x, _), y in zip(stretch, floor, strict=True)]
    return together(*layers, element("path", d=f"M{_points(ridge, top)}", class_="ridge"))


def _points(points: Iterable[tuple[int, float]], top: float) -> str:
    return " ".join(f"{x} {100 - 100 * min(y, top) / top:.1f}" for x, y in points)


def _bar(parts: Iterable[Markup], kind: str) -> Markup:
    return element("svg", parts, class_=kind, width="100%", height=_BAR_HEIGHT, aria_hidden="true")


def _whisker(low: float, high: float, full: float) -> Markup:
    left, right, middle = _share(low, full), _share(high, full), _BAR_HEIGHT / 2
    caps = (element("line", x1=x, x2=x, y1=2, y2=_BAR_HEIGHT - 2) for x in (left, right))
    return element("g", element("line", x1=left, x2=right, y1=middle, y2=middle), caps, class_="whisker")


def _share(value: float, full: float) -> str:
    return f"{100 * min(1.0, max(0.0, value / full if full else 0.0)):.2f}%"
