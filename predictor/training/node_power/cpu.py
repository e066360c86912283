"""CPU packages from how busy they are: the level of measured packages, and how servers differ from each other.

No table tells package power of many CPUs. Two tell parts of it: RAPL records of one host at many utilisations, and
wall power of a thousand servers. So the curve of the one is moved by how far each server of the other departs, at the
same load, from that host's likes at the wall; `PACKAGE_SHARE` of a departure is taken to be that of its CPUs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from predictor.artifact import Artifact, Variant
from predictor.estimate import Input, Question
from predictor.form import Form, Transform
from predictor.hardware.catalogue import device_named
from predictor.node_power.generations import year_of
from predictor.node_power.servers import Server
from predictor.record import Record
from predictor.training.node_power.columns import (
    Columns,
    Floats,
    band_of,
    evaluation,
    fitted,
    left_out,
    seen,
    wider,
)
from predictor.training.node_power.wall import INPUTS, NO_LOAD, columns_of
from predictor.training.recipe import FeatureRecipe, FormRecipe, is_one_of, log, value

NAME = "node-power-cpu"
# Of a server's power at full load (Barroso, Hoelzle, Ranganathan: The Datacenter as a Computer, 3rd ed. 2018: 61 %).
PACKAGE_SHARE = 0.61
# Below this the records' own utilisations are of single threads that wait for a GPU; the wall's curve goes on there.
LEAST_LOAD = 0.06

_LOAD = log("load", "cpu_utilization_ratio", offset=NO_LOAD)
_MACHINE: tuple[FeatureRecipe, ...] = (
    log("tdp", "device_tdp_watts"),
    log("cores", "cpu_cores", optional=True),
    value("year", "cpu_year", optional=True),
    *is_one_of("cpu_vendor", ("AMD",)),
)


def _rises(one: FeatureRecipe, other: FeatureRecipe) -> bool:
    """Without a square of the load the estimate is a power of it: it follows a load up and down everywhere."""
    return not (one.name == other.name == _LOAD.name)


# A package holds its TDP for as long as it likes, and exceeds it only for moments.
_MOST_SHARE = 1.0
RECIPE = FormRecipe("power_watts", "rated_watts", (_LOAD, *_MACHINE), products=_rises, bound=3.0, most=0.0)
_MEASURED = FormRecipe("power_watts", "rated_watts", (_LOAD,), products=_rises, bound=3.0)
_TAKEN = frozenset(each.quantity for each in RECIPE.features) | {"device", "device_count"}
_USED: tuple[Input, ...] = tuple(each for each in INPUTS if each.name in _TAKEN)

# Measured by RAPL on bare-metal cloud hosts under stress at 0, 10, 50 and 100 % (Teads, 2021): not trained on.
PUBLISHED_SHARES = {0.0: 0.12, 0.1: 0.32, 0.5: 0.75, 1.0: 1.02}
_PUBLISHED_HOST = {"device_tdp_watts": 240.0, "cpu_cores": 24.0, "cpu_year": 2018.0}

NOTES = (
    "package power as RAPL counts it, from utilisation alone: what the CPUs execute moves it by more",
    "the level is that of RAPL records of one host, differences between CPUs are taken from servers at the wall",
)


def measured(records: Sequence[Record]) -> Columns:
    """Packages (and their memory, a few watts) as RAPL saw them, beside the CPU's utilisation."""
    of = [
        each
        for each in records
        if each.cpu_utilization_ratio is not None
        and each.cpu_utilization_ratio >= LEAST_LOAD
        and each.cpu_dram_energy_joules_per_sample is not None
        and each.samples_per_second is not None
        and each.host_cpu
    ]
    rated = [device_named(each.host_cpu).tdp_watts or np.nan for each in of]
    return Columns(
        known={
            "cpu_utilization_ratio": np.array([each.cpu_utilization_ratio for each in of], dtype=float),
            "rated_watts": np.array(rated, dtype=float),
        },
        names={},
        truth=np.array(
            [(each.cpu_dram_energy_joules_per_sample or 0.0) * (each.samples_per_second or 0.0) for each in of]
        ),
        groups={"model": [each.model_id for each in of], "host": [each.host_cpu for each in of]},
    )


def train_cpu(servers: Sequence[Server], records: Sequence[Record], wall: Form, jobs: int = -1) -> Artifact:
    """Fit on what follows from both tables; `wall` is the form of the wall's artifact."""
    packages = measured(records)
    curve = fitted(_MEASURED, packages, "model")
    curve_left_out = left_out(_MEASURED, packages, "model", "model", jobs)
    host = packages.groups["host"][0]
    columns = columns_of(servers)
    followed = Columns(columns.known, columns.names, _followed(columns, curve, wall, host), columns.groups)
    answers = {split: left_out(RECIPE, followed, split, "cpu-model", jobs) for split in ("cpu-model", "generation")}
    measurement = band_of(packages.truth, curve_left_out)
    inner, outer = (wider(measurement, band_of(followed.truth, found)) for found in answers.values())
    form = fitted(RECIPE, followed, "cpu-model").with_bands(inner, outer)
    published = np.array(list(PUBLISHED_SHARES))
    shares = _answered(form, {name: np.full(4, figure) for name, figure in _PUBLISHED_HOST.items()}, published)
    return Artifact(
        NAME,
        "1",
        Question.NODE_POWER,
        "cpu",
        tuple(seen(each, followed) for each in _USED),
        (Variant("utilisation", (form,)),),
        evaluations=(
            evaluation("measured packages, leave-model-out", packages.truth, curve_left_out, measurement),
            *(
                evaluation(f"followed packages, leave-{split}-out", followed.truth, it, inner)
                for split, it in answers.items()
            ),
            evaluation(
                "published shares of TDP (not trained on)", np.array(list(PUBLISHED_SHARES.values())), shares, inner
            ),
        ),
        provenance={
            "trained_on": "RAPL records of raphischer/imagenet-energy-efficiency (MIT) and SPECpower_ssj2008 results "
            "(cloud-energy, MIT; ccf-coefficients, Apache-2.0)",
            "measured_host": host,
            "measured_points": packages.rows,
            "servers": len(servers),
            "package_share_of_a_departure": PACKAGE_SHARE,
        },
        notes=NOTES,
    )


def _followed(columns: Columns, curve: Form, wall: Form, host: str) -> Floats:
    """Package watts of every server and load: the measured curve, moved by the server's departure at the wall."""
    load, rated = columns.known["cpu_utilization_ratio"], columns.known["rated_watts"]
    device = device_named(host)
    like = {
        "device_tdp_watts": device.tdp_watts or np.nan,
        "cpu_year": year_of(host) or np.nan,
        "device_count": 1.0,
    }
    known = {name: np.full(columns.rows, figure) for name, figure in like.items()}
    at_wall = _answered(wall, known, load)
    # Below the least measured load the package falls as the wall does.
    floor = np.full(columns.rows, LEAST_LOAD)
    held = np.maximum(load, LEAST_LOAD)
    level = _answered(curve, {}, held) * np.where(load < LEAST_LOAD, at_wall / _answered(wall, known, floor), 1.0)
    departure = np.log(columns.truth / rated / at_wall)
    return np.asarray(rated * np.minimum(level * np.exp(PACKAGE_SHARE * departure), _MOST_SHARE))


def _answered(form: Form, known: dict[str, Floats], load: Floats) -> Floats:
    """The form's share of its reference at each load."""
    columns = {**known, "cpu_utilization_ratio": load}
    shares = []
    for row in range(len(load)):
        point = {name: float(column[row]) for name, column in columns.items() if np.isfinite(column[row])}
        missing = {each.quantity for each in form.features if each.transform is not Transform.IS} - point.keys()
        point.update({name: _typical(form, name) for name in missing})
        shares.append(np.exp(form.bounded(form.linear(form.standardised(point, {})))))
    return np.array(shares)


def _typical(form: Form, quantity: str) -> float:
    """The mean of a quantity in training, as a feature sees it."""
    feature = next(each for each in form.features if each.quantity == quantity)
    if feature.transform is Transform.LOG:
        return float(np.exp(feature.mean) - feature.offset)
    return feature.mean
