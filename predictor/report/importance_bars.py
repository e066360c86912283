"""Importances as bars, each energy scope beside the others, with the places the paper gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from predictor.training.importance import NO_RECORD, Importance, Importances

_LEFT, _WIDTH = 200, 620
_BAR, _GAP, _TOP = 12, 10, 8
_SCALE = 360.0


def importance_bars(mine: Sequence[Importances]) -> str:
    """The chart of one kind of models as SVG. Metrics the paper lists come first, with their places in it."""
    study = mine[0].study
    step = _BAR * len(mine) + _GAP
    longest = max((metric.share or 0.0) for each in mine for metric in each.metrics) or 1.0
    height = _TOP + step * len(study.metrics)
    lines = []
    for place, metric in enumerate(study.metrics):
        y = _TOP + step * place
        name = f"{place + 1}. {metric.name}" if place < study.listed else metric.name
        style = "name listed" if place < study.listed else "name"
        lines.append(
            f'<text class="{style}" x="{_LEFT - 10}" y="{y + _BAR * len(mine) / 2 + 4:g}">{escape(name)}</text>'
        )
        for series, each in enumerate(mine):
            lines += _bar(each.metrics[place], series, y + _BAR * series, longest)
    label = f"Importances, {study.title}"
    return "\n".join(
        [
            f'<svg class="chart wide" viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escape(label)}">',
            *lines,
            "</svg>",
        ]
    )


def _bar(it: Importance, series: int, y: float, longest: float) -> Iterator[str]:
    if it.share is None:
        reason = "no record" if it.reason == NO_RECORD else "all the same"
        yield f'<text class="count soft" x="{_LEFT}" y="{y + _BAR - 2:g}">{reason}</text>'
        return
    width = it.share / longest * _SCALE
    yield f'<rect class="s{series % 4}" x="{_LEFT}" y="{y:g}" width="{max(width, 1.0):.1f}" height="{_BAR - 2}"/>'
    sign = "" if it.raises or it.share < 0.0005 else "-"
    yield f'<text class="count" x="{_LEFT + width + 6:.1f}" y="{y + _BAR - 2:g}">{sign}{it.share:.1%}</text>'
