"""A range as a picture: the estimate, its band, and where the model's training ends."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from joulecast.errors import JoulecastError
from predictor.estimate import Description, Estimate, Quantity
from predictor.planning.ranges import Range
from predictor.planning.sweep import Row, swept

_FORMATS = (".png", ".svg", ".pdf")
_MOST_LINES = 8

Panel = tuple[str, Callable[[Estimate], Quantity | None]]


def check_plot(numbers: Mapping[str, Range], path: Path) -> None:
    """Raises JoulecastError for what cannot be drawn, before anything is asked."""
    if path.suffix.lower() not in _FORMATS:
        raise JoulecastError(f"{path} is no picture by its suffix", f"name it {path.stem}.png or {path.stem}.svg")
    over = _longest_first(numbers)
    if not over:
        raise JoulecastError("there is nothing to plot", "give a range, as --rps 1:40")
    if len(over) > 2:
        raise JoulecastError(f"{len(over)} ranges are too many for a picture", "give one value for all but two")
    if len(over) == 2 and len(numbers[over[1]]) > _MOST_LINES:
        raise JoulecastError(
            f"{len(numbers[over[1]])} lines in one picture",
            f"give at most {_MOST_LINES} values of {over[1]}, as a list",
        )


def plot(rows: Sequence[Row], numbers: Mapping[str, Range], description: Description, sample: str, path: Path) -> None:
    """Draw power and energy along the longest range, a line for each value of the other. Raises JoulecastError."""
    pyplot = _pyplot()
    over = _longest_first(numbers)
    panels: list[Panel] = [
        ("power in W", lambda it: it.power_watts),
        (f"energy per {sample} in J", lambda it: it.joules_per_sample),
        ("energy per output token in J", lambda it: it.joules_per_output_token),
    ]
    panels = [each for each in panels if any(row.answer and each[1](row.answer.estimate) for row in rows)][:2]
    lines = _lines(rows, over)
    figure, axes = pyplot.subplots(1, len(panels), figsize=(6 * len(panels), 4.2), squeeze=False, layout="constrained")
    for place, (title, quantity) in zip(axes[0], panels, strict=True):
        for name, line in lines.items():
            _draw(place, line, over[0], quantity, name)
        place.set_xlabel(over[0])
        place.set_ylabel(title)
        if _spans_decades([row.numbers[over[0]] for row in rows]):
            place.set_xscale("log")
        if _spans_decades([found.value for row in rows if row.answer and (found := quantity(row.answer.estimate))]):
            place.set_yscale("log")
        place.grid(visible=True, alpha=0.3)
    axes[0][0].legend(fontsize="small")
    figure.suptitle(f"{description.name} {description.version}: estimates, band P10 to P90", fontsize="medium")
    try:
        figure.savefig(path, dpi=150, metadata=_undated(path))
    except OSError as error:
        raise JoulecastError(f"{path} cannot be written ({error.strerror})", "check its folder") from error
    finally:
        pyplot.close(figure)


def _draw(
    place: Any, rows: Sequence[Row], along: str, quantity: Callable[[Estimate], Quantity | None], name: str
) -> None:
    """One line with its band; what lies outside training is dotted, with hollow points."""
    known = [(row.numbers[along], row.answer.estimate) for row in rows if row.answer is not None]
    known = [(x, it) for x, it in known if quantity(it) is not None]
    if not known:
        return
    xs = [x for x, _ in known]
    found = [quantity(it) or Quantity(math.nan, math.nan, math.nan) for _, it in known]
    inside = [it.in_domain for _, it in known]
    line = place.plot(xs, [each.value for each in found], linestyle=":", linewidth=1)[0]
    color = line.get_color()
    values = [each.value if within else math.nan for each, within in zip(found, inside, strict=True)]
    place.plot(xs, values, color=color, label=name or "estimate")
    place.fill_between(xs, [each.p10 for each in found], [each.p90 for each in found], color=color, alpha=0.15)
    outside = [(x, each.value) for x, each, within in zip(xs, found, inside, strict=True) if not within]
    if outside:
        place.plot(
            *zip(*outside, strict=True), "o", color=color, fillstyle="none", label=f"{name} out of domain".strip()
        )


def _spans_decades(values: Sequence[float]) -> bool:
    return min(values) > 0 and max(values) > 50 * min(values)


def _longest_first(numbers: Mapping[str, Range]) -> list[str]:
    return sorted(swept(numbers), key=lambda name: -len(numbers[name]))


def _lines(rows: Sequence[Row], over: Sequence[str]) -> dict[str, list[Row]]:
    lines: dict[str, list[Row]] = {}
    for row in rows:
        lines.setdefault(f"{over[1]} {row.numbers[over[1]]:g}" if len(over) > 1 else "", []).append(row)
    return lines


def _undated(path: Path) -> dict[str, None]:
    """Without the date, so that the same question draws the same bytes."""
    return {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}.get(path.suffix.lower(), {})


def _pyplot() -> Any:
    try:
        import matplotlib as mpl
    except ModuleNotFoundError as missing:
        raise JoulecastError("a plot needs matplotlib", "pip install 'joulecast[predictor]'") from missing
    mpl.use("agg")
    from matplotlib import pyplot as plt

    return plt
