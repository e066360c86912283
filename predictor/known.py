"""What names say in numbers: a device its figures, a precision its bytes. Explicit figures win over the catalogue's."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from joulecast.errors import JoulecastError
from predictor.estimate import InvalidFeature
from predictor.hardware.catalogue import device_named
from predictor.precision import BITS, precision_named

DEVICE_FIGURES: Mapping[str, str] = {
    "device_tdp_watts": "tdp_watts",
    "device_memory_bytes": "memory_bytes",
    "device_memory_bandwidth_bytes_per_second": "memory_bandwidth_bytes_per_second",
    "device_peak_flops_per_second": "peak_flops_per_second",
}
"""Features a device's name stands for, and the catalogue's name of each."""


def figures_of_names(numbers: Mapping[str, float], texts: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """Numbers and names of a point, with all that its names say. Raises InvalidFeature for a name that says nothing.

    A device that is not in the catalogue may be named if its TDP is given: the name then only marks the domain.
    """
    known = {**numbers}
    names = {**texts}
    device = names.get("device")
    if device is not None:
        found = _device(device)
        if isinstance(found, JoulecastError):
            if "device_tdp_watts" not in known:
                raise InvalidFeature("device", found.problem, found.remedy)
        else:
            names["device"], figures = found
            for name, value in figures.items():
                known.setdefault(name, value)
    precision = names.get("precision")
    if precision is not None:
        known.setdefault("bytes_per_parameter", _bytes(precision))
    return known, names


@lru_cache(maxsize=4096)
def _device(name: str) -> tuple[str, dict[str, float]] | JoulecastError:
    """The catalogue's name and figures; an error is kept too, so that a storm of wrong names costs one search each."""
    try:
        found = device_named(name)
    except JoulecastError as problem:
        return problem
    figures = {feature: getattr(found, attribute) for feature, attribute in DEVICE_FIGURES.items()}
    return found.name, {feature: value for feature, value in figures.items() if value is not None}


def _bytes(precision: str) -> float:
    try:
        return BITS[precision_named(precision)] / 8
    except JoulecastError as problem:
        raise InvalidFeature("precision", problem.problem, problem.remedy) from None
