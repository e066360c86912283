"""Main memory from its size and from how busy the CPUs are: two figures and a line between their logarithms.

Idle: RAPL on 37 bare-metal hosts with DDR4, 0.048 W/GB (Tailpipe, 2025). Busy: what a GiB more costs at the wall at
full load, among servers of the same CPU and number of sockets in the SPECpower table, less the power supply's loss.
Published figures reach from 0.05 to 0.6 W/GB, for small modules draw more for each byte: hence the wide band.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from joulecast.errors import JoulecastError
from predictor.artifact import Artifact, Variant
from predictor.estimate import Input, Question
from predictor.form import Band, Feature, Form, Term, Transform
from predictor.node_power.servers import Server

NAME = "node-power-dram"
IDLE_WATTS_PER_GIB = 0.048 * 2**30 / 1e9
SUPPLY_EFFICIENCY = 0.94  # 80 PLUS Platinum at half load
BAND = Band(math.log(0.55), math.log(2.6))
_GIB = float(2**30)
_FEWEST = 3  # servers of one CPU, or nothing is to be seen among them
_TRIMMED = 0.95


class Slope(NamedTuple):
    """Watts of one GiB more, with its standard error."""

    watts_per_gib: float
    standard_error: float
    servers: int


def busy_slope(servers: Sequence[Server]) -> Slope:
    """What memory costs at full load, at the wall. Raises JoulecastError where no two servers differ by memory only."""
    alike: dict[tuple[str, int], list[tuple[float, float]]] = defaultdict(list)
    for each in servers:
        full = each.watts[-1]
        if each.memory_bytes is not None and full is not None:
            alike[each.cpu, each.sockets].append((each.memory_bytes / _GIB / each.sockets, full / each.sockets))
    more, watts = [], []
    for group in alike.values():
        if len(group) >= _FEWEST:
            points = np.array(group)
            more += list(points[:, 0] - np.median(points[:, 0]))
            watts += list(points[:, 1] - np.median(points[:, 1]))
    x, y = np.array(more), np.array(watts)
    if x.size:
        kept = np.abs(y) < np.quantile(np.abs(y), _TRIMMED)
        x, y = x[kept], y[kept]
    squares = float(x @ x) if x.size else 0.0
    if squares == 0.0 or float(x @ y) <= 0.0:
        raise JoulecastError("no servers that differ by their memory only", "give the whole SPECpower table")
    return Slope(float(x @ y) / squares, math.sqrt(float(y @ y) / len(y) / squares), len(x))


def train_dram(servers: Sequence[Server]) -> Artifact:
    """The line from idle to busy, as an artifact like any other."""
    slope = busy_slope(servers)
    busy = max(slope.watts_per_gib * SUPPLY_EFFICIENCY, IDLE_WATTS_PER_GIB)
    load = Feature("utilisation", "cpu_utilization_ratio", Transform.VALUE, 0.0, 1.0, 0.0, 1.0, lowest=0.0, highest=1.0)
    idle = math.log(IDLE_WATTS_PER_GIB / _GIB)
    top = math.log(busy / _GIB)
    form = Form("power_watts", "host_memory_bytes", (load,), idle, (Term(top - idle, (0,)),), idle, top, BAND, BAND)
    return Artifact(
        NAME,
        "1",
        Question.NODE_POWER,
        "dram",
        (
            Input(
                "cpu_utilization_ratio",
                "ratio",
                "mean over all CPUs",
                required=True,
                least_is_allowed=True,
                most=1.0,
                lowest=0.0,
                highest=1.0,
            ),
            Input("host_memory_bytes", "B", "main memory of the machine", required=True, least=1e6),
        ),
        (Variant("utilisation", (form,)),),
        provenance={
            "trained_on": "SPECpower_ssj2008 results (cloud-energy, MIT; ccf-coefficients, Apache-2.0)",
            "busy_watts_per_gib_at_the_wall": slope.watts_per_gib,
            "standard_error": slope.standard_error,
            "servers": slope.servers,
            "idle_watts_per_gib": IDLE_WATTS_PER_GIB,
            "stated": "idle figure (Tailpipe, 37 hosts with DDR4) and band (published figures, 0.05 to 0.6 W/GB)",
        },
        notes=("by size and CPU utilisation: modules and their traffic are not known",),
    )
