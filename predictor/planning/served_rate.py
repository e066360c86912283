"""How many requests are in flight when a rate is served, and how many replicas it takes, before anything runs.

A model that estimates watts and joules per token estimates throughput: tokens/s = watts / (joules per token). By
Little's law a rate is served with as many requests in flight as make the throughput the rate; each token then takes
requests in flight / (tokens/s).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from joulecast.errors import JoulecastError
from predictor.estimate import Estimate
from predictor.planning.answer import Serving, scaled

_POINTS = 48  # of the search's grid, evenly spaced by ratio: throughput need not grow everywhere
_HALVINGS = 30
MOST_REPLICAS = 100_000
USUAL_IDLE = 0.17
"""Of the rated power: about 70 W of an A100's 400 W, 120 W of an H100's 700 W."""


@dataclass(frozen=True, slots=True)
class Idle:
    """What one replica takes with no request in flight, and how that is known."""

    watts: float
    known: str


@dataclass(frozen=True, slots=True)
class Plan:
    """The estimate at the operating point, of all replicas together, and how it was found."""

    estimate: Estimate
    serving: Serving
    notes: tuple[str, ...] = ()


def plan_rate(
    ask: Callable[[float], Estimate],
    tokens_per_second: float,
    most_in_flight: float,
    idle: Idle | None = None,
) -> Plan:
    """Find how a rate of output tokens is served; `ask` estimates one replica with that many requests in flight.

    Raises JoulecastError for a model that does not estimate both watts
    and joules per token, and for a rate no fleet serves.
    """
    grid = [most_in_flight ** (place / (_POINTS - 1)) for place in range(_POINTS)] if most_in_flight > 1 else [1.0]
    rates = [_throughput(ask(flying)) for flying in grid]
    most = max(rates)
    replicas = max(1, math.ceil(tokens_per_second / most * (1 - 1e-9)))
    if replicas > MOST_REPLICAS:
        raise JoulecastError(
            f"{tokens_per_second:.3g} tokens/s would take {replicas} replicas", "give requests per second in --rps"
        )
    wanted = min(tokens_per_second / replicas, most)
    place = next(place for place, rate in enumerate(rates) if rate >= wanted)
    if place == 0:
        serving = Serving(replicas, wanted / rates[0], 1.0 / rates[0], wanted * replicas, most, wanted / rates[0])
        return _seldom_busy(ask(1.0), serving, idle)
    flying = _between(ask, grid[place - 1], grid[place], wanted)
    return Plan(
        scaled(ask(flying), replicas, 1.0),
        Serving(replicas, flying, flying / wanted, wanted * replicas, most),
        _fleet_note(replicas, most),
    )


def _throughput(estimate: Estimate) -> float:
    watts, joules = estimate.power_watts, estimate.joules_per_output_token
    if watts is None or joules is None:
        raise JoulecastError(
            "the model does not estimate both watts and joules per token, from which a throughput follows",
            "give --concurrency instead of, or beside, --rps",
        )
    return watts.value / joules.value


def _between(ask: Callable[[float], Estimate], low: float, high: float, wanted: float) -> float:
    """The least number in flight between two neighbours of the grid that gives the rate."""
    for _ in range(_HALVINGS):
        middle = math.sqrt(low * high)
        if _throughput(ask(middle)) >= wanted:
            high = middle
        else:
            low = middle
    return high


def _seldom_busy(estimate: Estimate, serving: Serving, idle: Idle | None) -> Plan:
    """One request in flight is already faster: the devices rest in between, and rests cost their idle power."""
    busy = serving.busy
    working = estimate.power_watts.value if estimate.power_watts is not None else math.nan
    power = busy + (1.0 - busy) * (idle.watts if idle is not None else 0.0) / working
    plan = scaled(estimate, power * serving.replicas, power / busy)
    share = f"one request at a time is faster than that: the devices work {busy:.0%} of the time"
    if idle is None:
        return Plan(plan, serving, (f"{share}; their idle power is unknown and left out: give --idle-watts",))
    return Plan(plan, serving, (f"{share} and idle at {idle.watts:.3g} W else, {idle.known}",))


def _fleet_note(replicas: int, most: float) -> tuple[str, ...]:
    if replicas == 1:
        return ()
    return (f"one replica serves at most {most:,.0f} tokens/s: this takes {replicas}, with the rate shared evenly",)
