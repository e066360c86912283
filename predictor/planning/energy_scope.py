"""Whose energy is meant where nobody says: a board is measured at its plug, a GPU by itself."""

from __future__ import annotations

from joulecast.errors import JoulecastError
from predictor.estimate import Description
from predictor.hardware.catalogue import device_named


def usual_scope(description: Description, device: str) -> str:
    """The model's own scope; of a board that of the wall, unless the model was calibrated to something else."""
    try:
        kind = device_named(device).kind if device else ""
    except JoulecastError:
        kind = ""
    return "wall" if kind == "board" and "calibration" not in description.provenance else description.scope
