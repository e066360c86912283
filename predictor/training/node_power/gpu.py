"""GPUs from how busy they are, for boards that tell utilisation and no power."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor.artifact import Artifact, Variant
from predictor.estimate import Input, Question
from predictor.record import Record
from predictor.training.node_power.columns import Columns, band_of, evaluation, fitted, left_out, seen
from predictor.training.recipe import FormRecipe, log

NAME = "node-power-gpu"
# Chosen with models left out, between 0.03 (power rises at once) and an exponential of utilisation.
NO_LOAD = 0.5
INPUTS = (
    Input(
        "gpu_utilization_ratio",
        "ratio",
        "share of time with a kernel running",
        required=True,
        least_is_allowed=True,
        most=1.0,
    ),
    Input("device", meaning="the GPU's name; its TDP is then known", is_text=True),
    Input("device_tdp_watts", "W", "power limit of one board", most=5000.0),
    Input("device_count", "1", "boards", most=65536.0),
)
# One feature: a power of the load, which rises everywhere.
RECIPE = FormRecipe(
    "power_watts",
    "rated_watts",
    (log("load", "gpu_utilization_ratio", offset=NO_LOAD),),
    products=lambda _, __: False,
    bound=3.0,
    most=0.0,
)
NOTES = ("utilisation says that a kernel runs, not how much of the GPU it fills: busy ones draw 0.4 to 1 of their TDP",)


def columns_of(records: Sequence[Record]) -> Columns:
    """Boards whose utilisation and power were both read; each also once at rest, as the least that was read of it."""
    load, watts, rated, models, devices = [], [], [], [], []
    for each in records:
        joules, rate, utilisation = (
            each.gpu_energy_joules_per_sample,
            each.samples_per_second,
            each.gpu_utilization_ratio,
        )
        tdp, count = each.device_tdp_watts, each.device_count
        if each.device_kind != "gpu" or not (joules and rate and tdp and count) or utilisation is None:
            continue
        points = [(utilisation, joules * rate)]
        if each.gpu_minimum_power_watts:
            points.append((0.0, each.gpu_minimum_power_watts * count))
        for at, power in points:
            load.append(at)
            watts.append(power)
            rated.append(tdp * count)
            models.append(each.model_id)
            devices.append(each.device)
    return Columns(
        known={"gpu_utilization_ratio": np.array(load), "rated_watts": np.array(rated)},
        names={"device": np.array(devices)},
        truth=np.array(watts),
        groups={"model": models, "device": devices},
    )


def train_gpu(records: Sequence[Record], jobs: int = -1) -> Artifact:
    """Fit, and judge by models and by devices left out; the latter is the band of any other device."""
    columns = columns_of(records)
    answers = {split: left_out(RECIPE, columns, split, "model", jobs) for split in columns.groups}
    bands = {split: band_of(columns.truth, found) for split, found in answers.items()}
    form = fitted(RECIPE, columns, "model").with_bands(bands["model"], bands["device"])
    return Artifact(
        NAME,
        "1",
        Question.NODE_POWER,
        "gpu",
        tuple(seen(each, columns) for each in INPUTS),
        (Variant("utilisation", (form,)),),
        evaluations=tuple(
            evaluation(f"leave-{split}-out", columns.truth, found, bands[split]) for split, found in answers.items()
        ),
        provenance={
            "trained_on": "NVML records of raphischer/imagenet-energy-efficiency (MIT)",
            "devices": sorted(set(columns.groups["device"])),
            "points": columns.rows,
        },
        notes=NOTES,
    )
