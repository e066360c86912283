"""Intervals and their accounts to and from rows and JSON; unknown stays `None` on both sides."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from json import encoder
from math import isfinite
from typing import Any

from exporter.intervals.interval import Account, DeviceEnergy, Energy, GpuUsage, Interval, Status, Tag, Usage
from exporter.store.share_codec import share_from_json, share_text
from exporter.usage.evidence import Caller, CgroupIdentity, SeenCgroup
from exporter.usage.manager import Manager
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

Json = dict[str, Any]

# Compact, and with every character as itself: SQLite looks keys up by their bytes. Values are trees, so that looking
# for circles in them is left out.
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, check_circular=False).encode

_PROVENANCES: dict[Provenance | None, str] = {None: "null"}
_PROVENANCES |= {provenance: _encode(provenance.value) for provenance in Provenance}

# A string as JSON, quotes included.
quoted = encoder.encode_basestring


def to_json(value: object) -> str:
    """JSON text; most of what an interval holds is empty, and that costs nothing."""
    if not value:
        if value == {}:
            return "{}"
        if value == []:
            return "[]"
    return _encode(value)


def row_from_interval(interval: Interval, node: str) -> Json:
    """The columns of one interval, all but `edges`; JSON columns as text."""
    tag = interval.tag
    return {
        "interval_id": interval.interval_id,
        "node": node,
        "request_id": tag.request_id or None,  # NULLs may repeat where a workload gave none
        "name": tag.name,
        "job": tag.job,
        "phase": tag.phase,
        "status": interval.status.value,
        "boot_id": interval.boot_id,
        "begin_monotonic": interval.begin,
        "begin_wall": interval.begin_wall,
        "end_monotonic": interval.end,
        "end_wall": interval.end_wall,
        "lease_seconds": interval.lease_seconds,
        "last_heard": interval.last_heard,
        "labels": to_json(dict(tag.labels)),
        "gpus": None if tag.gpus is None else to_json(tag.gpus),
        "container": container_text(interval),
        "counts": to_json(dict(interval.counts)),
        "notes": to_json(interval.notes),
        "account": None if interval.account is None else account_text(interval.account),
    }


def interval_from_row(row: Mapping[Any, Any]) -> Interval:
    """The interval that `row_from_interval` wrote."""
    caller, container = container_from_json(None if row["container"] is None else json.loads(row["container"]))
    return Interval(
        interval_id=row["interval_id"],
        tag=Tag(
            request_id=row["request_id"] or "",
            name=row["name"],
            job=row["job"],
            phase=row["phase"],
            labels=json.loads(row["labels"]),
            gpus=None if row["gpus"] is None else tuple(json.loads(row["gpus"])),
            caller=caller,
        ),
        boot_id=row["boot_id"],
        begin=row["begin_monotonic"],
        begin_wall=row["begin_wall"],
        lease_seconds=row["lease_seconds"],
        last_heard=row["last_heard"],
        status=Status(row["status"]),
        end=row["end_monotonic"],
        end_wall=row["end_wall"],
        counts=json.loads(row["counts"]),
        account=None if row["account"] is None else account_from_json(json.loads(row["account"])),
        notes=json.loads(row["notes"]),
        container=container,
    )


def container_text(interval: Interval) -> str | None:
    """Whose share is asked for, and whose that is as far as it is known; None if nobody's is."""
    caller, container = interval.tag.caller, interval.container
    if caller is None:
        return None
    return _encode({**caller._asdict(), "is": None if container is None else asdict(container)})


def container_from_json(asked: Json | None) -> tuple[Caller | None, CgroupIdentity | None]:
    """The caller and the container that `container_text` wrote."""
    if asked is None:
        return None, None
    found = asked["is"]
    container = None if found is None else CgroupIdentity(**found | {"manager": Manager(found["manager"])})
    return Caller(asked["boot_id"], tuple(SeenCgroup(*seen) for seen in asked["cgroups"])), container


def account_text(account: Account) -> str:
    """An account as JSON text, its keys the names of the fields.

    Most of what the exporter does about a short interval is this, so the text is put together without a tree of
    dictionaries in between.
    """
    components = [f'"{part.value}":{_energy_text(energy)}' for part, energy in account.components.items()]
    devices = [_device_text(device) for device in account.devices]
    share = "" if account.container is None else f',"container":{share_text(account.container)}'
    return (
        f'{{"node":{_energy_text(account.node)},"components":{{{",".join(components)}}},'
        f'"devices":[{",".join(devices)}],"usage":{_usage_texts.of(account.usage)},"notes":{to_json(account.notes)}{share}}}'
    )


def account_from_json(account: Json) -> Account:
    """The account that `json_from_account` wrote."""
    return Account(
        node=_energy_from_json(account["node"]),
        components={Component(part): _energy_from_json(energy) for part, energy in account["components"].items()},
        devices=tuple(_device_from_json(device) for device in account["devices"]),
        usage=_usage_from_json(account["usage"]),
        notes=tuple(account["notes"]),
        container=share_from_json(account["container"]) if "container" in account else None,
    )


def _energy_text(energy: Energy) -> str:
    gross, idle, width, calibration, coverage, provenance, idle_width, is_short = energy
    return (
        f'{{"gross_joules":{_number(gross)},"idle_joules":{_number(idle)},"uncertainty_joules":{_number(width)},'
        f'"calibration_uncertainty_joules":{_number(calibration)},"coverage":{_number(coverage)},'
        f'"provenance":{_PROVENANCES[provenance]},"idle_uncertainty_joules":{_number(idle_width)},'
        f'"below_resolution":{"true" if is_short else "false"}}}'
    )


def _number(value: float | None) -> str:
    # What is no number is not known either; as `nan` or `inf` it could not be read back.
    return "null" if value is None or not isfinite(value) else repr(value)


def _energy_from_json(energy: Json) -> Energy:
    provenance = energy["provenance"]
    return Energy(**energy | {"provenance": None if provenance is None else Provenance(provenance)})


def _device_text(device: DeviceEnergy) -> str:
    key, sensor, counted, energy = device
    return (
        f'{{"component":"{key.component.value}","device":{quoted(key.device)},"zone":{quoted(key.zone)},'
        f'"sensor":{quoted(sensor)},"counted":{"true" if counted else "false"},"energy":{_energy_text(energy)}}}'
    )


def _device_from_json(device: Json) -> DeviceEnergy:
    key = SeriesKey(Component(device["component"]), device["device"], device["zone"])
    return DeviceEnergy(key, device["sensor"], device["counted"], _energy_from_json(device["energy"]))


def _json_from_usage(usage: Usage) -> Json:
    return {
        "cpu_utilization_ratio": usage.cpu_utilization_ratio,
        "memory_utilization_ratio": usage.memory_utilization_ratio,
        "gpus": [_json_from_gpu(gpu) for gpu in usage.gpus],
    }


class _UsageTexts:
    """The text of a usage; intervals between the same two reads of the gauges share one, and come in a row."""

    def __init__(self) -> None:
        self._latest: tuple[Usage | None, str] = (None, "null")

    def of(self, usage: Usage) -> str:
        latest, text = self._latest
        if latest is not usage:
            text = to_json(_json_from_usage(usage))
            self._latest = (usage, text)
        return text


_usage_texts = _UsageTexts()


def _usage_from_json(usage: Json) -> Usage:
    return Usage(**usage | {"gpus": tuple(GpuUsage(**gpu) for gpu in usage["gpus"])})


def _json_from_gpu(gpu: GpuUsage) -> Json:
    return {
        "uuid": gpu.uuid,
        "utilization_ratio": gpu.utilization_ratio,
        "memory_utilization_ratio": gpu.memory_utilization_ratio,
        "temperature_celsius": gpu.temperature_celsius,
        "sm_clock_hertz": gpu.sm_clock_hertz,
    }
