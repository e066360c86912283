"""The node as JSON, for programs: `GET /api/v1/node`, in base units, with null for what is not known.

The names are those of `joulecast intervals list --json` and of the metrics. Within v1 fields may be added; what is
there keeps its name and meaning.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from exporter.intervals.interval import Account, DeviceEnergy, Energy, Interval, Usage
from exporter.metering.snapshot import EMPTY, BillState, SeriesState, Snapshot
from exporter.metrics.page.amounts import iso_text
from exporter.metrics.page.history import STEP_SECONDS
from exporter.metrics.page.view import View
from exporter.metrics.share_document import share_document
from joulecast.component import Component
from joulecast.footprint.footprint import NO_FOOTPRINT, footprint_of
from joulecast.footprint.rates import NO_RATES, Rates
from joulecast.version import __version__

_LINE_NAME = ("manager", "namespace", "pod", "container", "unit")
_MOST_LINES = 1000


def node_json(view: View) -> str:
    """Everything the page shows, as one JSON object."""
    return json.dumps(_sound(node_document(view)), allow_nan=False, separators=(",", ":"))


def node_document(view: View) -> dict[str, Any]:
    """The same as plain values."""
    snapshot, about, sight = view.snapshot, view.about, view.intervals
    return {
        "api": "joulecast/node/v1",
        "version": __version__,
        "node": about.hostname,
        "time": None if snapshot is EMPTY else iso_text(snapshot.wall),
        "period_seconds": about.period_seconds,
        "replaying": about.replaying or None,
        "trouble": view.trouble,
        "power": {
            "watts": snapshot.node_watts,
            "joules": snapshot.node_joules,
            "provenance": snapshot.node_provenance,
        },
        "series": [_series(state, snapshot) for state in snapshot.series],
        "usage": [
            {
                "gauge": reading.gauge,
                "value": reading.value,
                "component": reading.component,
                "device": reading.device,
                "detail": reading.detail,
            }
            for reading in snapshot.usage
        ],
        "gpus": [
            {
                "uuid": gpu.uuid,
                "index": gpu.index,
                "model": gpu.model,
                "driver": gpu.driver,
                "memory_bytes": gpu.memory_bytes,
                "power_limit_watts": gpu.power_limit_watts,
            }
            for gpu in snapshot.gpus
        ],
        "sensors": [
            {
                "sensor": sensor.sensor,
                "status": sensor.status,
                "message": sensor.message,
                "remedy": sensor.remedy,
                "read_seconds": sensor.read_seconds,
                "last_success_time": _iso(sensor.last_success_wall),
                "rejected": dict(sensor.rejected),
            }
            for sensor in snapshot.sensors
        ],
        "workloads": _bill(snapshot.bill),
        "rates": asdict(view.rates),
        "intervals": {
            "running_in_all": sight.running_in_all,
            "running": [interval_document(interval, view.rates) for interval in sight.running],
            "ended": [interval_document(interval, view.rates) for interval in sight.ended],
            "problem": sight.problem or None,
        },
        "history": {
            "step_seconds": STEP_SECONDS,
            "steps": [{"step": step.number, "watts": {**step.watts}} for step in view.history],
        },
    }


def interval_document(interval: Interval, rates: Rates = NO_RATES) -> dict[str, Any]:
    """One interval under the names that the command line uses."""
    tag, account = interval.tag, interval.account
    seconds = interval.duration_seconds
    notes = [*interval.notes, *(account.notes if account else ())]
    return {
        "interval_id": interval.interval_id,
        "request_id": tag.request_id,
        "name": tag.name,
        "job": tag.job,
        "phase": tag.phase,
        "labels": dict(tag.labels),
        "gpus": None if tag.gpus is None else list(tag.gpus),
        "status": interval.status,
        "begin_time": iso_text(interval.begin_wall),
        "end_time": _iso(interval.end_wall),
        "duration_seconds": seconds,
        **_energy(account.node if account else None, seconds),
        **_account(account, seconds),
        "counts": dict(interval.counts),
        "notes": notes,
        "durable": interval.durable,
        "footprint": _footprint(account, rates),
        "container": None if account is None else share_document(account.container),
    }


def _footprint(account: Account | None, rates: Rates) -> dict[str, Any] | None:
    if account is None:
        return None
    node = account.node
    found = footprint_of(rates, node.gross_joules, node.uncertainty_joules, node.calibration_uncertainty_joules)
    return None if found is NO_FOOTPRINT else asdict(found)


def _bill(bill: BillState | None) -> dict[str, Any] | None:
    """Whose joules; null where nothing is attributed."""
    if bill is None:
        return None
    return {
        "lines": [
            {
                **dict(zip(_LINE_NAME, line.name, strict=True)),
                "joules": {Component.CPU: line.cpu, Component.DRAM: line.dram, Component.GPU: line.gpu},
                "allocated_idle_gpu_joules": line.allocated_idle,
            }
            for line in bill.lines[:_MOST_LINES]
        ],
        "lines_in_all": len(bill.lines),
        "idle_joules": {**bill.idle},
        "unattributed_joules": {**bill.unattributed},
        "retired_joules": {**bill.retired},
        "gpu_methods": {**bill.gpu_methods},
        "counts": {**bill.counts},
    }


def _series(state: SeriesState, snapshot: Snapshot) -> dict[str, Any]:
    series, idle = state.series, snapshot.idle.get(state.series.key)
    return {
        "component": series.key.component,
        "device": series.key.device,
        "zone": series.key.zone,
        "watts": state.watts,
        "uncertainty_watts": None if state.watts is None else state.uncertainty_watts,
        "idle_watts": None if idle is None else idle.watts,
        "joules": state.joules,
        "provenance": series.provenance,
        "sensor": series.sensor,
        "counted": state.counted,
        "reason": state.reason,
        "note": series.note,
    }


def _account(account: Account | None, seconds: float | None) -> dict[str, Any]:
    if account is None:
        return {"components": {}, "devices": [], "usage": _usage(Usage())}
    return {
        "components": {component.value: _energy(e, seconds) for component, e in account.components.items()},
        "devices": [_device(device, seconds) for device in account.devices],
        "usage": _usage(account.usage),
    }


def _device(device: DeviceEnergy, seconds: float | None) -> dict[str, Any]:
    return {
        "component": device.key.component,
        "device": device.key.device,
        "zone": device.key.zone,
        "counted": device.counted,
        "sensor": device.sensor,
        **_energy(device.energy, seconds),
    }


def _energy(energy: Energy | None, seconds: float | None) -> dict[str, Any]:
    known = energy or Energy(None, None, 0.0, 0.0, 0.0, None)
    gross = known.gross_joules
    return {
        "gross_joules": gross,
        "idle_joules": known.idle_joules,
        "net_joules": known.net_joules,
        "uncertainty_joules": known.uncertainty_joules if energy else None,
        "calibration_uncertainty_joules": known.calibration_uncertainty_joules if energy else None,
        "idle_uncertainty_joules": known.idle_uncertainty_joules,
        "coverage": known.coverage if energy else None,
        "provenance": known.provenance,
        "mean_watts": gross / seconds if gross is not None and seconds else None,
        "below_resolution": known.below_resolution,
    }


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "cpu_utilization_ratio": usage.cpu_utilization_ratio,
        "memory_utilization_ratio": usage.memory_utilization_ratio,
        "gpus": [
            {
                "uuid": gpu.uuid,
                "utilization_ratio": gpu.utilization_ratio,
                "memory_utilization_ratio": gpu.memory_utilization_ratio,
                "temperature_celsius": gpu.temperature_celsius,
                "sm_clock_hertz": gpu.sm_clock_hertz,
            }
            for gpu in usage.gpus
        ],
    }


def _iso(wall: float | None) -> str | None:
    return None if wall is None else iso_text(wall)


def _sound(value: Any) -> Any:
    """The same value with null for numbers that are none: JSON has no word for them, and neither have we."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _sound(each) for key, each in value.items()}
    if isinstance(value, Iterable) and not isinstance(value, str):
        return [_sound(each) for each in value]
    return value
