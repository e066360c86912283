"""What a processor's name tells beside its figures: who made it, and when it came to market."""

from __future__ import annotations

from joulecast.errors import JoulecastError
from predictor.hardware.catalogue import device_named
from predictor.node_power.generations import year_of


def told_by_name(cpu: str) -> tuple[dict[str, float], dict[str, str]]:
    """Numbers and names that follow from a processor's name; nothing where there is none."""
    if not cpu:
        return {}, {}
    try:
        name = device_named(cpu).name
    except JoulecastError:
        name = cpu
    year = year_of(name) or year_of(cpu)
    return ({} if year is None else {"cpu_year": year}), {"cpu_vendor": name.split()[0]}
