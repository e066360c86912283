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
    known, _ = figures_of_names({"parameters": float(model.parameters), **numbers}, texts)
    fits = _weights_fit(known)
    if fits is None:
        return None
    memory, weights = fits
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


def check_weights(numbers: Mapping[str, float], texts: Mapping[str, str]) -> None:
    """Raises JoulecastError where the weights alone do not fit the devices, as far as both are known."""
    _weights_fit(figures_of_names(numbers, texts)[0])


def _weights_fit(known: Mapping[str, float]) -> tuple[float, float] | None:
    """Bytes of all devices and of the weights; None where one is not known. Raises JoulecastError."""
    each, parameters = known.get("device_memory_bytes"), known.get("parameters")
    weights = known.get("model_size_bytes")
    if weights is None and parameters is not None:
        weights = parameters * known.get("bytes_per_parameter", 2.0)
    if each is None or weights is None:
        return None
    memory = each * known.get("device_count", 1.0)
    if weights > memory:
        raise JoulecastError(
            f"weights of {weights / 1e9:,.0f} GB do not fit {memory / 1e9:,.0f} GB of memory",
            f"give --devices {math.ceil(weights / each)} or more, or a smaller --precision",
        )
    return memory, weights
