"""How a value was obtained. Every joule carries one of these to its last reader."""

from collections.abc import Iterable
from enum import StrEnum


class Provenance(StrEnum):
    """Strongest first."""

    MEASURED = "measured"  # a hardware energy counter
    INTEGRATED = "integrated"  # a power sensor, integrated over time
    MODELLED = "modelled"  # a formula: DIMMs, TDP
    PREDICTED = "predicted"  # a trained model


_STRENGTH = {provenance: rank for rank, provenance in enumerate(Provenance)}


def weakest(parts: Iterable[Provenance]) -> Provenance | None:
    """The provenance of a sum: its weakest part's. `None` for an empty sum, which has no value either."""
    return max(parts, key=_STRENGTH.__getitem__, default=None)
