"""What was estimated against what was measured, both logarithmic, a dot for each record."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

import numpy as np
from numpy.typing import NDArray

from predictor.report.axis import LogAxis, around, tick_text
from predictor.scoring.answers import Answers

MOST = 5000
"""Dots in one chart: beyond, they hide each other and only make the page large."""

_SIZE = 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 398, 12, 346
_SEED = 0


def scatter(answers: Answers, unit: str, quantity: str) -> str:
    """The chart as SVG; "" where nothing was answered. Lines mark the truth, and twice and half of it."""
    it = answers.take(answers.answered)
    if not len(it.truth):
        return ""
    low, high = around(it.truth, it.value)
    across, up = LogAxis(low, high, _LEFT, _RIGHT), LogAxis(low, high, _BOTTOM, _TOP)
    drawn = thinned(it)
    label = f"Estimated against measured {quantity}: {len(it.truth)} records"
    return "\n".join(
        [
            f'<svg class="chart" viewBox="0 0 {_SIZE} {_SIZE - 34}" role="img" aria-label="{escape(label)}">',
            *_grid(across, up, unit),
            *_diagonals(across, up),
            f'<path class="in" d="{_dots(drawn.take(drawn.in_domain), across, up)}"/>',
            f'<path class="out" d="{_dots(drawn.take(~drawn.in_domain), across, up)}"/>',
            f'<text class="title" x="{(_LEFT + _RIGHT) / 2:g}" y="{_BOTTOM + 34}">measured {escape(quantity)}</text>',
            f'<text class="title" transform="translate(12 {(_TOP + _BOTTOM) / 2:g}) rotate(-90)">estimated</text>',
            "</svg>",
        ]
    )


def thinned(answers: Answers) -> Answers:
    """At most MOST of them, drawn by chance, the same each time."""
    rows = len(answers.truth)
    if rows <= MOST:
        return answers
    chosen: NDArray[np.intp] = np.sort(np.random.default_rng(_SEED).choice(rows, MOST, replace=False))
    return answers.take(chosen)


def _dots(it: Answers, across: LogAxis, up: LogAxis) -> str:
    """Strokes of no length, which a round or square cap makes dots; those in one place are drawn once."""
    places = zip(across.places(it.truth).tolist(), up.places(it.value).tolist(), strict=True)
    return "".join(dict.fromkeys(f"M{x:.1f} {y:.1f}h0" for x, y in places))


def _grid(across: LogAxis, up: LogAxis, unit: str) -> Iterator[str]:
    for value in across.decades():
        x, y = across.place(value), up.place(value)
        text = escape(tick_text(value, unit))
        yield f'<path class="grid" d="M{x:.1f} {_TOP}V{_BOTTOM}M{_LEFT} {y:.1f}H{_RIGHT}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{_BOTTOM + 16}">{text}</text>'
        yield f'<text class="tick end" x="{_LEFT - 6}" y="{y + 4:.1f}">{text}</text>'


def _diagonals(across: LogAxis, up: LogAxis) -> Iterator[str]:
    low, high = across.low, across.high
    for factor, name in ((1.0, "same"), (2.0, "twice"), (0.5, "twice")):
        start, end = max(low, low / factor), min(high, high / factor)
        x1, x2 = across.place(start), across.place(end)
        y1, y2 = up.place(start * factor), up.place(end * factor)
        yield f'<path class="{name}" d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}"/>'
