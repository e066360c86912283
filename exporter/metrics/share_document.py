"""A container's share of an interval as JSON, in the words of the command line."""

from typing import Any

from exporter.intervals.interval import ChargedEnergy, ContainerShare


def share_document(share: ContainerShare | None) -> dict[str, Any] | None:
    """What the interval's own container was charged; null where that was not asked for."""
    if share is None:
        return None
    who = share.workload
    names = ("", "", "", "") if who is None else (who.namespace, who.pod, who.container, who.unit)
    return {
        "name": "/".join(name for name in names if name),
        "manager": "" if who is None else who.manager.value,
        **dict(zip(("namespace", "pod", "container", "unit"), names, strict=True)),
        **_joules(share),
        "coverage": share.coverage,
        "components": {
            component.value: {**_joules(energy), "coverage": energy.coverage, "methods": list(energy.methods)}
            for component, energy in share.components.items()
        },
        "notes": list(share.notes),
    }


def _joules(energy: ContainerShare | ChargedEnergy) -> dict[str, float | None]:
    """Where joules are not known, neither is how sure they are."""
    known = energy.gross_joules is not None
    return {
        "gross_joules": energy.gross_joules,
        "uncertainty_joules": energy.uncertainty_joules if known else None,
        "calibration_uncertainty_joules": energy.calibration_uncertainty_joules if known else None,
    }
