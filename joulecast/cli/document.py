"""An interval as JSON: the same names in every command, and null for what is not known."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from joulecast.client.result import Result


def document_of(result: Result, **more: Any) -> dict[str, Any]:
    """Everything about one interval, `more` included. Times are ISO 8601 in UTC."""
    return {
        "interval_id": result.interval_id,
        "request_id": result.request_id,
        "name": result.name,
        "job": result.job,
        "phase": result.phase,
        "labels": dict(result.labels),
        "gpus": None if result.gpus is None else list(result.gpus),
        "status": result.status,
        "begin_time": iso_time(result.begin_time),
        "end_time": iso_time(result.end_time),
        "duration_seconds": result.duration_seconds,
        **more,
        **asdict(result.energy),
        "components": {name: asdict(energy) for name, energy in result.components.items()},
        "devices": [_flattened(asdict(device)) for device in result.devices],
        "usage": {**asdict(result.usage), "gpus": [asdict(gpu) for gpu in result.usage.gpus]},
        "counts": dict(result.counts),
        "notes": list(result.notes),
        "durable": result.durable,
        "footprint": asdict(result.footprint),
        "container": None if result.container is None else {"name": result.container.name, **asdict(result.container)},
        "estimate": None if result.estimate is None else asdict(result.estimate),
    }


def iso_time(wall: float | None) -> str | None:
    """Seconds since the epoch as ISO 8601 in UTC, to the microsecond."""
    if wall is None:
        return None
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _flattened(device: Mapping[str, Any]) -> dict[str, Any]:
    return {**{key: value for key, value in device.items() if key != "energy"}, **device["energy"]}
