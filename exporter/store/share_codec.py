"""A container's share to and from JSON; few intervals ask for one, so it is plain."""

import json
from dataclasses import asdict
from typing import Any

from exporter.attribution.workload import Workload
from exporter.intervals.interval import ChargedEnergy, ContainerShare
from exporter.usage.manager import Manager
from joulecast.component import Component


def share_text(share: ContainerShare) -> str:
    """A share as JSON text, its keys the names of the fields."""
    document = {
        "workload": None if share.workload is None else asdict(share.workload),
        "gross_joules": share.gross_joules,
        "uncertainty_joules": share.uncertainty_joules,
        "calibration_uncertainty_joules": share.calibration_uncertainty_joules,
        "coverage": share.coverage,
        "components": {component.value: energy._asdict() for component, energy in share.components.items()},
        "notes": list(share.notes),
    }
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def share_from_json(share: dict[str, Any]) -> ContainerShare:
    """The share that `share_text` wrote."""
    workload = share["workload"]
    return ContainerShare(
        **share
        | {
            "workload": None if workload is None else Workload(**workload | {"manager": Manager(workload["manager"])}),
            "components": {
                Component(component): ChargedEnergy(**energy | {"methods": tuple(energy["methods"])})
                for component, energy in share["components"].items()
            },
            "notes": tuple(share["notes"]),
        }
    )
