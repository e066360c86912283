"""Intervals as `joulecast intervals export` writes them, CSV or Parquet."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from joulecast.errors import JoulecastError
from predictor.readers.intervals import MeasuredInterval, Part, describes_a_model

_COMPONENTS = ("cpu", "dram", "gpu")
_NEEDED = ("interval_id", "phase", "status", "labels", "counts", "gpus", "duration_seconds", "below_resolution")


def is_export(header: Sequence[str]) -> bool:
    """Whether a table holds intervals rather than records."""
    return "interval_id" in header and "record_id" not in header


def intervals_of_export(
    file: str, header: Sequence[str], table: Iterable[tuple[str, Sequence[Any]]]
) -> Iterator[MeasuredInterval]:
    """Every finished interval of an exported table that names its model. Raises JoulecastError naming the row."""
    missing = [name for name in _NEEDED if name not in header]
    if missing:
        raise JoulecastError(f"{file}: no column {', '.join(missing)}", "export with `joulecast intervals export`")
    for row, cells in table:
        if len(cells) != len(header):
            raise JoulecastError(
                f"{file}, {row}: {len(cells)} cells under {len(header)} columns", "it may be cut off: export it again"
            )
        values = dict(zip(header, cells, strict=True))
        try:
            if values["status"] != "finished":
                continue
            labels = json.loads(values["labels"])
            if describes_a_model(labels):
                yield _interval(values, labels)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise JoulecastError(f"{file}, {row}: {error}", "it may be cut off: export it again") from error


def _interval(values: dict[str, Any], labels: dict[str, str]) -> MeasuredInterval:
    gpus = json.loads(values["gpus"]) if values["gpus"] else None
    return MeasuredInterval(
        interval_id=values["interval_id"],
        phase=values["phase"],
        duration_seconds=float(values["duration_seconds"]),
        labels=labels,
        counts=json.loads(values["counts"]),
        parts={name: _part(values, name) for name in _COMPONENTS},
        devices={"gpu": len(gpus)} if gpus else {},
        below_resolution=values["below_resolution"] in (True, "true"),
        cpu_utilization_ratio=_number(values.get("cpu_utilization_ratio")),
        gpu_utilization_ratio=_number(values.get("gpu_utilization_ratio")),
        gpu_memory_used_ratio=_number(values.get("gpu_memory_utilization_ratio")),
    )


def _part(values: dict[str, Any], component: str) -> Part:
    return Part(
        gross_joules=_number(values.get(f"{component}_gross_joules")),
        uncertainty_joules=_number(values.get(f"{component}_uncertainty_joules")),
        coverage=_number(values.get(f"{component}_coverage")),
        provenance=values.get(f"{component}_provenance") or None,
    )


def _number(cell: Any) -> float | None:
    return None if cell in (None, "") else float(cell)
