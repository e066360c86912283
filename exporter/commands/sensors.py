"""`joulecast sensors`: the doctor. What was found, what was denied and how to grant it, what is used and why."""

import argparse
import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from exporter.commands.diagnosis import Diagnosis, SeriesDiagnosis, diagnose
from exporter.commands.diagnosis_text import render
from exporter.commands.recording import record
from exporter.config import OPTIONS
from exporter.evidence import find_evidence
from exporter.kubernetes.access import POD_RESOURCES, KubeletAccess, kubelet_access
from exporter.sensors.capture import Capture
from exporter.sensors.inventory import take_inventory
from exporter.sensors.sensor import Finding
from joulecast.clock import SystemClock
from joulecast.errors import JoulecastError
from joulecast.serving.option_sources import collect
from joulecast.serving.options import add_flags, variable_of
from joulecast.version import __version__

__all__ = ["add_arguments", "run"]

DEFAULT_SECONDS = 60.0
_KUBELET_OPTIONS = {
    name: OPTIONS[name] for name in ("kubelet", "kubelet_token_file", "kubelet_ca", "kubelet_insecure", "pod_resources")
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The doctor's flags."""
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a page")
    parser.add_argument(
        "--sysfs", type=Path, default=Path("/sys"), metavar="DIR", help="where sysfs is [default: /sys]"
    )
    parser.add_argument(
        "--procfs", type=Path, default=Path("/proc"), metavar="DIR", help="where procfs is [default: /proc]"
    )
    add_flags(parser, _KUBELET_OPTIONS)
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--replay", type=Path, metavar="CAPTURE", help="look at a capture instead of this machine; `demo` is shipped"
    )
    what.add_argument(
        "--record", type=Path, metavar="FILE", help="record a capture of this machine; with .gz it is compressed"
    )
    parser.add_argument(
        "--seconds",
        type=_seconds,
        metavar="N",
        help=f"how long to record [default: {DEFAULT_SECONDS:g}]",
    )


def run(args: argparse.Namespace) -> int:
    """Print the diagnosis, or record. 0 also where there is no sensor: that is a finding, and no failure."""
    if args.record is None and args.seconds is not None:
        raise JoulecastError("--seconds says how long to record", "add --record FILE, or leave it out")
    if args.record is not None:
        inventory = take_inventory(args.sysfs, args.procfs)
        return record(
            args.record,
            inventory,
            args.seconds or DEFAULT_SECONDS,
            clock=SystemClock(),
            pause=time.sleep,
            progress=sys.stderr,
        )
    replay = Capture.load(args.replay) if args.replay else None
    inventory, clock = take_inventory(args.sysfs, args.procfs, replay=replay), SystemClock()
    evidence = None
    if replay is None or replay.header.workloads:
        access = _kubelet_access(args, os.environ)
        evidence = find_evidence(inventory, access, clock, sysfs=args.sysfs, procfs=args.procfs)
    diagnosis = diagnose(inventory, clock, time.sleep, evidence)
    if args.json:
        print(json.dumps(as_json(diagnosis), indent=2))
    else:
        print(render(diagnosis, colour=wants_colour(sys.stdout, os.environ)))
    return 0


def _kubelet_access(args: argparse.Namespace, environ: Mapping[str, str]) -> KubeletAccess:
    """As the exporter would ask, by the same flags and variables; no other option of it is of concern here."""
    wanted = {variable_of(name) for name in _KUBELET_OPTIONS}
    values = collect(args, {name: value for name, value in environ.items() if name in wanted}, _KUBELET_OPTIONS)
    return kubelet_access(
        values.get("kubelet"),
        token_file=values.get("kubelet_token_file"),
        ca_file=values.get("kubelet_ca"),
        insecure=values.get("kubelet_insecure", False),
        pod_resources=values.get("pod_resources", POD_RESOURCES),
    )


def wants_colour(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Only on a terminal, and not against the wish that https://no-color.org lets people state."""
    return stream.isatty() and not environment.get("NO_COLOR")


def as_json(diagnosis: Diagnosis) -> dict[str, Any]:
    """The diagnosis for programs; unknown is null. Fields are only ever added."""
    return {
        "version": __version__,
        "replaying": diagnosis.replaying or None,
        "cpu": diagnosis.cpus._asdict(),
        "gpus": [asdict(gpu) for gpu in diagnosis.gpus],
        "node": {"watts": diagnosis.node_watts, "provenance": diagnosis.node_provenance},
        "series": [_series(row) for row in diagnosis.rows],
        "attribution": None if diagnosis.attribution is None else asdict(diagnosis.attribution),
        "sensors": [_sensor(finding) for finding in diagnosis.findings],
    }


def _series(row: SeriesDiagnosis) -> dict[str, Any]:
    series = row.series
    return {
        **series.key._asdict(),
        "sensor": series.sensor,
        "provenance": series.provenance,
        "counted": row.choice.counted,
        "metered": row.choice.metered,
        "reason": row.choice.reason,
        "watts": row.watts,
        "problem": row.problem or None,
        "source": series.source,
        "note": series.note,
        "relative_error": series.relative_error,
        "max_watts": series.max_watts,
        "update_seconds": series.update_seconds,
        "resolution_joules": series.resolution_joules,
        "range_joules": series.range_joules,
    }


def _sensor(finding: Finding) -> dict[str, Any]:
    return {
        "sensor": finding.sensor,
        "status": finding.status,
        "message": finding.message,
        "remedy": finding.remedy,
        "series": len(finding.series),
        "caveats": [{"problem": caveat.problem, "remedy": caveat.remedy} for caveat in finding.caveats],
    }


def _seconds(text: str) -> float:
    value = float(text)
    if not 1 <= value <= 86_400:
        raise argparse.ArgumentTypeError(f"{text} is not from 1 to 86400")
    return value
