"""Whether a model and its requests fit the devices: what does not cannot run, and is refused before it is estimated."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from joulecast.errors import JoulecastError
from predictor.characteristics import Characteristics
from predictor.known import figures_of_names

Cache = Callable[[int], float]
"""Bytes of a request's cache when so many tokens are in it."""

_FOR_CACHE = 0.95  # of the memory: the rest is what the driver and the server keep for themselves


def check_memory(
    model: Characteristics, numbers: Mapping[str, float], texts: Mapping[str, str], cache: Cache | None
) -> float | None:
    """The most requests that can be in flight; None where it is not known. Raises JoulecastError for what cannot fit.

    Requests are taken to be half-way through their answers, on average.
    """
    known, _ = figures_of_names(numbers, texts)
    each = known.get("device_memory_bytes")
    if each is None:
        return None
    memory = each * known.get("device_count", 1.0)
    weights = known.get("model_size_bytes", model.parameters * known.get("bytes_per_parameter", 2.0))
    if weights > memory:
        fewest = math.ceil(weights / each)
        raise JoulecastError(
            f"weights of {weights / 1e9:,.0f} GB do not fit {memory / 1e9:,.0f} GB of memory",
            f"give --devices {fewest} or more, or a smaller --precision",
        )
    tokens_in, tokens_out = known.get("average_input_tokens"), known.get("average_output_tokens")
    if cache is None or tokens_in is None or tokens_out is None:
        return None
    # What of a prompt is found in the prefix cache is shared.
    own = tokens_in * (1.0 - known.get("cache_hit_rate", 0.0)) + tokens_out / 2
    most = (memory * _FOR_CACHE - weights) / cache(round(own))
    if most < 1:
        raise JoulecastError(
            f"beside weights of {weights / 1e9:,.0f} GB not one request of {tokens_in + tokens_out:,.0f} tokens fits",
            "give more --devices, or a smaller --precision",
        )
    flying = known.get("concurrency")
    if flying is not None and flying > most:
        raise JoulecastError(
            f"{flying:g} requests of {tokens_in:,.0f} + {tokens_out:,.0f} tokens do not fit beside the weights: "
            f"about {math.floor(most):,} do",
            "give fewer in --concurrency, or more --devices",
        )
    return float(math.floor(most))
