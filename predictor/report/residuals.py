"""Estimate over truth, device by device: the middle half, the middle 80 %, and the median."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import numpy as np

from predictor.report.axis import LogAxis
from predictor.scoring.answers import Answers

_LEFT, _RIGHT, _WIDTH = 184, 460, 510
_ROW, _TOP = 24, 8
_MOST_ROWS = 24
_WIDEST = 8.0  # times the truth, or an eighth of it
_TICKS = ((0.125, "1/8"), (0.25, "1/4"), (0.5, "half"), (0.8, "0.8"), (1.0, "1"), (1.25, "1.25"), (2.0, "twice"),
          (4.0, "4 x"), (8.0, "8 x"))  # fmt: skip
_QUANTILES = (0.10, 0.25, 0.50, 0.75, 0.90)


def residuals(answers: Answers, names: Sequence[str]) -> str:
    """The chart as SVG; "" where nothing was answered. The most frequent names are shown, each with its records."""
    column = np.array(names)
    groups = {name: answers.take((column == name) & answers.answered) for name in sorted(set(names))}
    ranked = sorted(((name, it) for name, it in groups.items() if len(it.truth)), key=lambda each: -len(each[1].truth))
    if not ranked:
        return ""
    shown = ranked[:_MOST_ROWS]
    lines = [(name, len(it.truth), np.quantile(it.value / it.truth, _QUANTILES)) for name, it in shown]
    reach = min(max(2.0, *(float(max(each.max(), 1 / each.min())) for _, _, each in lines)) * 1.05, _WIDEST)
    axis = LogAxis(1 / reach, reach, _LEFT, _RIGHT)
    bottom = _TOP + _ROW * len(lines)
    label = f"Estimate over truth by device, {len(lines)} of {len(ranked)} devices"
    return "\n".join(
        [
            f'<svg class="chart wide" viewBox="0 0 {_WIDTH} {bottom + 40}" role="img" aria-label="{escape(label)}">',
            *_grid(axis, bottom),
            *(part for place, line in enumerate(lines) for part in _row(axis, place, *line)),
            f'<text class="title" x="{(_LEFT + _RIGHT) / 2:g}" y="{bottom + 34}">estimate over truth</text>',
            "</svg>",
        ]
    )


def _row(axis: LogAxis, place: int, name: str, records: int, quantiles: np.typing.NDArray[np.float64]) -> Iterator[str]:
    y = _TOP + _ROW * (place + 0.5)
    low, first, middle, third, high = axis.places(quantiles).tolist()
    shown = name if len(name) <= 30 else f"{name[:29]}…"
    yield f'<text class="name" x="{_LEFT - 10}" y="{y + 4:g}">{escape(shown)}</text>'
    yield f'<path class="most" d="M{low:.1f} {y:g}H{high:.1f}"/><path class="half" d="M{first:.1f} {y:g}H{third:.1f}"/>'
    yield f'<path class="median" d="M{middle:.1f} {y - 7:g}v14"/>'
    yield f'<text class="count" x="{_RIGHT + 8}" y="{y + 4:g}">{records}</text>'


def _grid(axis: LogAxis, bottom: float) -> Iterator[str]:
    for value, text in _TICKS:
        if not axis.low <= value <= axis.high or (value in {0.8, 1.25} and axis.high > 3.0):
            continue
        x = axis.place(value)
        yield f'<path class="{"same" if value == 1.0 else "grid"}" d="M{x:.1f} {_TOP}V{bottom}"/>'
        yield f'<text class="tick" x="{x:.1f}" y="{bottom + 16}">{text}</text>'
