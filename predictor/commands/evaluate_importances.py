"""Importances beside the paper's, as people and programs read them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from joulecast.cli.table import Column, rendered
from predictor.training.importance import NO_RECORD, Importance, Importances

LEGEND = (
    "Shares of the sum of absolute standardised coefficients, of a Lasso on the paper's metrics alone.",
    "A minus: more of it, less energy. Paper: the place in its list, and the share of all it lists.",
)
_COMBINED = "all that the paper lists"


def importance_lines(found: Sequence[Importances], width: int | None) -> Iterator[str]:
    """A table for each kind, with a column for each energy scope, and what the records do not tell."""
    for mine in by_kind(found):
        yield f"importances, {mine[0].study.title}"
        columns = [
            Column("metric", flexible=True),
            Column("paper", right=True),
            *(Column(each.scope, right=True) for each in mine),
        ]
        yield from rendered(columns, importance_rows(mine), width)
        yield from remarks(mine)
        yield ""
    yield from LEGEND


def by_kind(found: Sequence[Importances]) -> list[list[Importances]]:
    """Those of one kind together."""
    kinds: dict[str, list[Importances]] = {}
    for each in found:
        kinds.setdefault(each.study.kind, []).append(each)
    return list(kinds.values())


def importance_rows(mine: Sequence[Importances]) -> list[Sequence[str]]:
    """A row for each metric of one kind, in the paper's order, and one for all that it lists."""
    study = mine[0].study
    rows: list[Sequence[str]] = [
        (
            metric.name,
            f"{place + 1}." if place < study.listed else "",
            *(_share(each.metrics[place]) for each in mine),
        )
        for place, metric in enumerate(study.metrics)
    ]
    return [*rows, (_COMBINED, f"{study.combined:.0%}", *(f"{each.combined:.0%}" for each in mine))]


def remarks(mine: Sequence[Importances]) -> Iterator[str]:
    """What was learnt from, how far off it is, and which metrics no record tells."""
    for each in mine:
        off = "" if each.mape is None else f", off by {each.mape:.0%} on models left out"
        yield f"{each.scope}: {each.records} records of {each.models} models{off}"
    missing = [
        metric.name
        for place, metric in enumerate(mine[0].study.metrics)
        if all(each.metrics[place].reason == NO_RECORD for each in mine)
    ]
    if missing:
        yield f"no record has: {', '.join(missing)}"


def importance_document(found: Sequence[Importances]) -> list[dict[str, Any]]:
    """Everything, under the paper's names."""
    return [
        {
            "kind": each.study.kind,
            "scope": each.scope,
            "n": each.records,
            "models": each.models,
            "mape": each.mape,
            "combined": each.combined,
            "paper": {
                "metrics": [metric.name for metric in each.study.metrics[: each.study.listed]],
                "combined": each.study.combined,
            },
            "metrics": [asdict(metric) for metric in each.metrics],
        }
        for each in found
    ]


def _share(it: Importance) -> str:
    if it.share is None:
        return "no record" if it.reason == NO_RECORD else "all the same"
    return f"{'' if it.raises or it.share < 0.0005 else '-'}{it.share:.1%}"
