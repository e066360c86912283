"""Logarithmic axes: from values to places, and where the ticks are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_PREFIXES = {-12: "p", -9: "n", -6: "µ", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


@dataclass(frozen=True, slots=True)
class LogAxis:
    """Values from `low` to `high` on places from `start` to `end`, both inclusive; `start` may be the larger."""

    low: float
    high: float
    start: float
    end: float

    def places(self, values: Floats) -> Floats:
        """Where these values are; beyond the ends, at the ends."""
        share = (np.log(values) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return np.asarray(self.start + np.clip(share, 0.0, 1.0) * (self.end - self.start))

    def place(self, value: float) -> float:
        """Where one value is."""
        return float(self.places(np.array([value]))[0])

    def decades(self) -> Iterator[float]:
        """The powers of ten on it, at most eight of them."""
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        step = max(1, math.ceil((last - first + 1) / 8))
        yield from (10.0**power for power in range(first, last + 1, step))


def around(*columns: Floats) -> tuple[float, float]:
    """Whole decades that hold all these values, which are positive.

    >>> around(np.array([0.3, 40.0]))
    (0.1, 100.0)
    """
    low = min(float(each.min()) for each in columns)
    high = max(float(each.max()) for each in columns)
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return 10.0**first, 10.0 ** max(last, first + 1)


def tick_text(value: float, unit: str) -> str:
    """A power of ten with its prefix.

    >>> tick_text(0.01, "J"), tick_text(1000.0, "J")
    ('10 mJ', '1 kJ')
    """
    power = round(math.log10(value))
    third = min(max(3 * math.floor(power / 3), min(_PREFIXES)), max(_PREFIXES))
    return f"{10.0 ** (power - third):g} {_PREFIXES[third]}{unit}"
