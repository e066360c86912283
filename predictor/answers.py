"""From what a form estimates to all that is answered: watts and joules follow from each other by the rate.

Written in plain operators, for single floats and numpy columns alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Band = TypeVar("Band")

KWH_PER_DAY = 24 / 1000
"""Of one watt."""

CACHE_NOTE = (
    "the cache hit rate is a prior, not learnt: a prefill token is taken to cost 0.09 of a generated one "
    "(published figures: 0.04 to 0.19), and a cached one nothing"
)
RATES = ("request_rate", "samples_per_second", "output_tokens_per_second", "average_output_tokens")
"""The quantities between watts and joules; looked for even where no form needs them."""

_PREFILL_COST = 0.09
_RATE_OF = {
    "joules_per_sample": ("request_rate", "samples_per_second"),
    "joules_per_output_token": ("output_tokens_per_second",),
}


def cache_factor(known: Mapping[str, Any]) -> Any:
    """What a cache hit rate does to the energy of a request, E ~ out + r in (1 - hits); None where it is not asked."""
    hits, tokens_in = known.get("cache_hit_rate"), known.get("average_input_tokens")
    tokens_out = known.get("average_output_tokens")
    if hits is None or tokens_in is None or tokens_out is None:
        return None
    prefill = _PREFILL_COST * tokens_in
    return (tokens_out + prefill * (1.0 - hits)) / (tokens_out + prefill)


def follow(found: dict[str, Band], known: Mapping[str, Any], times: Callable[[Band, Any], Band]) -> None:
    """Add what follows from the estimated targets: energy is power over a rate, and power energy times a rate."""
    for target, names in _RATE_OF.items():
        rate = next((known[name] for name in names if name in known), None)
        if rate is None:
            continue
        if target not in found and "power_watts" in found:
            found[target] = times(found["power_watts"], 1.0 / rate)
        elif target in found and "power_watts" not in found:
            found["power_watts"] = times(found[target], rate)
    tokens = known.get("average_output_tokens")
    if tokens is not None and "joules_per_sample" not in found and "joules_per_output_token" in found:
        found["joules_per_sample"] = times(found["joules_per_output_token"], tokens)
