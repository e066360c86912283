"""The header and the moments of a capture, and how each is written as a JSON entry and read back.

Reading is strict about what it uses and lenient about what it does not know: unknown fields and unknown gauges are
left out, so that files of a newer release can be played. What cannot be used raises ValueError, TypeError or KeyError.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, NamedTuple

from exporter.sensors.capture_workloads import (
    CapturedUse,
    CapturedWorkload,
    use_from_json,
    use_to_json,
    workload_from_json,
    workload_to_json,
)
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.sensor import Quantity, Series
from exporter.usage.host import Cpus
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

FORMAT = "joulecast-capture"
VERSION = 1

_TEXTS = frozenset({"sensor", "source", "note"})
_SWITCHES = frozenset({"is_mean"})
_ENUMS = {"provenance": Provenance, "quantity": Quantity}
_SERIES_FIELDS = [one.name for one in fields(Series) if one.name != "key"]
_GAUGES = frozenset(Gauge)


class CapturedReading(NamedTuple):
    """What series number `series` of the header showed."""

    series: int
    joules: float | None
    watts: float | None


class Moment(NamedTuple):
    """Everything that was read at one time."""

    seconds: float
    readings: tuple[CapturedReading, ...]
    usage: tuple[UsageReading, ...]
    use: CapturedUse | None = None


@dataclass(frozen=True, slots=True)
class Header:
    """What was captured, and where."""

    machine: str
    recorded: str  # ISO 8601
    simulated: bool
    series: Sequence[Series]
    gpus: Sequence[Gpu] = ()
    cpu: Cpus | None = None
    workloads: Sequence[CapturedWorkload] = ()


def header_to_json(header: Header) -> dict[str, Any]:
    """The first line."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "machine": header.machine,
        "recorded": header.recorded,
        "simulated": header.simulated,
        "series": [
            {**one.key._asdict(), **{name: getattr(one, name) for name in _SERIES_FIELDS}} for one in header.series
        ],
        "gpus": [asdict(gpu) for gpu in header.gpus],
        "cpu": header.cpu._asdict() if header.cpu else None,
        "workloads": [workload_to_json(one) for one in header.workloads],
    }


def header_from_json(entry: Any) -> Header:
    """The header of a first line."""
    if not isinstance(entry, dict) or entry.get("format") != FORMAT:
        raise ValueError("this is no joulecast capture")
    if entry.get("version") != VERSION:
        raise ValueError(f"version {entry.get('version')} of the format; this release reads version {VERSION}")
    simulated = bool(entry["simulated"])
    cpu = entry.get("cpu")
    gpus = tuple(_gpu(gpu, simulated=simulated) for gpu in entry.get("gpus") or ())
    return Header(
        machine=str(entry["machine"]),
        recorded=str(entry["recorded"]),
        simulated=simulated,
        series=tuple(_series(one) for one in entry["series"]),
        gpus=gpus,
        cpu=_cpus(cpu, simulated=simulated) if cpu else None,
        workloads=tuple(workload_from_json(one, len(gpus)) for one in entry.get("workloads") or ()),
    )


def moment_to_json(moment: Moment) -> dict[str, Any]:
    """One of the other lines."""
    entry: dict[str, Any] = {"t": round(moment.seconds, 6), "r": [list(one) for one in moment.readings]}
    if moment.usage:
        entry["u"] = [[one.gauge, one.value, one.component, one.device, one.detail] for one in moment.usage]
    if moment.use is not None:
        entry["w"] = use_to_json(moment.use)
    return entry


def moment_from_json(entry: Any, header: Header, after: float) -> Moment:
    """The moment of a line; `after` is the time of the line before."""
    seconds = _number(entry["t"])
    if seconds < after:
        raise ValueError(f"time goes back from {after} to {seconds} s")
    readings = []
    for index, joules, watts in entry["r"]:
        if not (isinstance(index, int) and 0 <= index < len(header.series)):
            raise ValueError(f"there is no series number {index}")
        readings.append(CapturedReading(index, _optional(joules), _optional(watts)))
    usage = [
        UsageReading(Gauge(gauge), _finite(value), str(component), str(device), str(detail))
        for gauge, value, component, device, detail in entry.get("u", ())
        if gauge in _GAUGES
    ]
    use = use_from_json(entry["w"], len(header.workloads), len(header.gpus)) if "w" in entry else None
    return Moment(seconds, tuple(readings), tuple(usage), use)


def _series(entry: Mapping[str, Any]) -> Series:
    values: dict[str, Any] = {
        "key": SeriesKey(Component(entry["component"]), str(entry["device"]), str(entry["zone"])),
    }
    for name in _SERIES_FIELDS:
        if name not in entry:
            continue  # its default; for a field that has none, the constructor complains
        if name in _TEXTS:
            values[name] = str(entry[name])
        elif name in _ENUMS:
            values[name] = _ENUMS[name](entry[name])
        elif name in _SWITCHES:
            values[name] = bool(entry[name])
        else:
            values[name] = _optional(entry[name]) if name == "range_joules" else _number(entry[name])
    return Series(**values)


def _gpu(entry: Mapping[str, Any], *, simulated: bool) -> Gpu:
    return Gpu(
        uuid=str(entry["uuid"]),
        index=int(entry["index"]),
        model=_model(entry, simulated=simulated),
        driver=str(entry["driver"]),
        pci_bus_id=str(entry.get("pci_bus_id", "")),
        memory_bytes=None if entry.get("memory_bytes") is None else int(entry["memory_bytes"]),
        power_limit_watts=_optional(entry.get("power_limit_watts")),
        mig_uuids=tuple(map(str, entry.get("mig_uuids", ()))),
    )


def _cpus(entry: Mapping[str, Any], *, simulated: bool) -> Cpus:
    return Cpus(_model(entry, simulated=simulated), int(entry["sockets"]), int(entry["logical_cpus"]))


def _model(entry: Mapping[str, Any], *, simulated: bool) -> str:
    """The model name, which is what reaches every label and table: a simulated one says so."""
    model = str(entry["model"])
    return f"{model} (simulated)" if simulated and "simulated" not in model else model


def _optional(value: Any) -> float | None:
    return None if value is None else _number(value)


def _number(value: Any) -> float:
    number = _finite(value)
    if number < 0:
        raise ValueError(f"{value} is less than 0")
    return number


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f"{value!r} is not a finite number")
    return float(value)
