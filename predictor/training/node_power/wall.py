"""A server's power at the wall from how busy its CPUs are, learnt from the results of SPECpower_ssj2008."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor.artifact import Artifact, Variant
from predictor.estimate import Input, Question
from predictor.node_power.servers import Server, known_loads
from predictor.training.node_power.columns import (
    Columns,
    Floats,
    band_of,
    evaluation,
    fitted,
    left_out,
    seen,
)
from predictor.training.recipe import FormRecipe, is_one_of, log, value

NAME = "node-power"
# Of full power; makes the logarithm of no load finite, and of about the size of what an idle server still does.
NO_LOAD = 0.03

INPUTS = (
    Input("cpu_utilization_ratio", "ratio", "mean over all CPUs", required=True, least_is_allowed=True, most=1.0),
    Input("device", meaning="the CPU's name; its TDP is then known", is_text=True),
    Input("device_tdp_watts", "W", "TDP of one socket", most=5000.0),
    Input("device_count", "1", "sockets", most=4096.0),
    Input("cpu_cores", "1", "cores of one socket", most=4096.0),
    Input("cpu_threads", "1", "hardware threads of one socket", most=16384.0),
    Input("cpu_year", "year", "in which the CPU came to market", least=1990.0, most=2100.0),
    Input("host_memory_bytes", "B", "main memory of the machine", least=1e6),
    Input("cpu_vendor", meaning="the first word of the CPU's name", is_text=True),
)
FEATURES = (
    log("load", "cpu_utilization_ratio", offset=NO_LOAD),
    value("utilisation", "cpu_utilization_ratio"),
    log("tdp", "device_tdp_watts"),
    log("cores", "cpu_cores", optional=True),
    log("threads", "cpu_threads", optional=True),
    log("memory", "host_memory_bytes", optional=True),
    value("year", "cpu_year", optional=True),
    log("sockets", "device_count"),
    *is_one_of("cpu_vendor", ("AMD",)),
)
RECIPE = FormRecipe("power_watts", "rated_watts", FEATURES, cubes=("utilisation", "tdp", "cores", "year"), bound=3.0)
NOTES = (
    "wall power of the whole machine, as servers tuned for SPECpower_ssj2008 draw it",
    "without accelerators, storage shelves or network gear",
)


def columns_of(servers: Sequence[Server]) -> Columns:
    """Every measured point of these servers."""
    points = known_loads(servers)
    of = [server for server, _, _ in points]

    def column(numbers: Sequence[float | None]) -> Floats:
        return np.array([np.nan if each is None else each for each in numbers], dtype=float)

    return Columns(
        known={
            "cpu_utilization_ratio": column([load for _, load, _ in points]),
            "device_tdp_watts": column([each.tdp_watts for each in of]),
            "device_count": column([each.sockets for each in of]),
            "cpu_cores": column([each.cores for each in of]),
            "cpu_threads": column([each.threads for each in of]),
            "cpu_year": column([each.year for each in of]),
            "host_memory_bytes": column([each.memory_bytes for each in of]),
            "rated_watts": column([each.sockets * each.tdp_watts for each in of]),
        },
        names={"cpu_vendor": np.array([each.vendor for each in of])},
        truth=column([watts for _, _, watts in points]),
        groups={
            "cpu-model": [each.cpu for each in of],
            "generation": [each.generation for each in of],
            "system": [each.system for each in of],
        },
    )


def train_wall(servers: Sequence[Server], jobs: int = -1) -> Artifact:
    """Fit, judge on servers left out, and put beside what TDP x utilisation says of the same."""
    columns = columns_of(servers)
    answers = {split: left_out(RECIPE, columns, split, "cpu-model", jobs) for split in columns.groups}
    band = band_of(columns.truth, answers["cpu-model"])
    outer = band_of(columns.truth, answers["generation"])
    load, rated = columns.known["cpu_utilization_ratio"], columns.known["rated_watts"]
    busy = load > 0
    by_tdp = {"TDP x utilisation": rated * load, "TDP x (0.2 + 0.8 utilisation)": rated * (0.2 + 0.8 * load)}
    rows = [evaluation(f"leave-{split}-out", columns.truth, found, band) for split, found in answers.items()]
    rows += [
        evaluation(f"leave-{split}-out, loads above 0", columns.truth[busy], found[busy], band)
        for split, found in answers.items()
    ]
    rows += [evaluation(f"for comparison: {name}", columns.truth, found) for name, found in by_tdp.items()]
    rows += [
        evaluation(f"for comparison: {name}, loads above 0", columns.truth[busy], found[busy])
        for name, found in by_tdp.items()
    ]
    form = fitted(RECIPE, columns, "cpu-model").with_bands(band, outer)
    return Artifact(
        NAME,
        "1",
        Question.NODE_POWER,
        "wall",
        tuple(seen(each, columns) for each in INPUTS),
        (Variant("utilisation", (form,)),),
        evaluations=tuple(rows),
        provenance={
            "trained_on": "SPECpower_ssj2008 results: green-coding-solutions/cloud-energy (MIT), "
            "cloud-carbon-footprint/ccf-coefficients (Apache-2.0)",
            "servers": len(servers),
            "points": columns.rows,
            "cpu_models": len(set(columns.groups["cpu-model"])),
        },
        notes=NOTES,
    )
