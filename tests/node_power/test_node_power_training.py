"""Node power learnt from what obeys a known law: what is recovered, how far off it is, and how it is kept."""

import math
from pathlib import Path

import numpy as np
import pytest
from doubles.measured_records import generative_record
from doubles.measured_servers import lawful_rows, lawful_watts, write_servers

from joulecast.errors import JoulecastError
from predictor.artifact import Artifact, read_artifact
from predictor.estimate import Evaluation
from predictor.lasso_model import LassoModel
from predictor.node_power.servers import Server, read_servers
from predictor.record import Record
from predictor.training.node_power.all_parts import write_node_power
from predictor.training.node_power.cpu import LEAST_LOAD, train_cpu
from predictor.training.node_power.gpu import train_gpu
from predictor.training.node_power.memory import IDLE_WATTS_PER_GIB, SUPPLY_EFFICIENCY, busy_slope, train_dram
from predictor.training.node_power.wall import train_wall


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> list[Server]:
    """Sixty servers of ten CPUs."""
    return read_servers(write_servers(tmp_path_factory.mktemp("servers"), lawful_rows()))


@pytest.fixture(scope="module")
def wall(servers: list[Server]) -> Artifact:
    """The wall's model, trained on them."""
    return train_wall(servers, jobs=1)


def package_records() -> list[Record]:
    """A Xeon W-2155 of 140 W by RAPL: a power of the load, under eight models."""
    return [
        generative_record(
            record_id=f"r{number}",
            kind="discriminative",
            model_id=f"model-{number % 8}",
            host_cpu="Intel Xeon W-2155",
            device="Intel Xeon W-2155",
            cpu_utilization_ratio=load,
            samples_per_second=10.0,
            cpu_dram_energy_joules_per_sample=14.0 * (load + 0.03) ** 0.6,
        )
        for number, load in enumerate(np.linspace(LEAST_LOAD, 0.95, 40).tolist())
    ]


def gpu_records() -> list[Record]:
    """Two kinds of GPU, 15 % of their TDP at rest and 85 % when a kernel always runs."""
    return [
        generative_record(
            record_id=f"g{number}",
            kind="discriminative",
            model_id=f"model-{number % 8}",
            device=("NVIDIA T4", "NVIDIA A10")[number % 2],
            device_kind="gpu",
            device_tdp_watts=(70.0, 150.0)[number % 2],
            gpu_utilization_ratio=load,
            samples_per_second=10.0,
            gpu_energy_joules_per_sample=(7.0, 15.0)[number % 2] * (0.15 + 0.7 * load),
            gpu_minimum_power_watts=(70.0, 150.0)[number % 2] * 0.15,
        )
        for number, load in enumerate(np.linspace(0.05, 1.0, 40).tolist())
    ]


def row(artifact: Artifact, split: str) -> Evaluation:
    """One line of its error table."""
    return next(each for each in artifact.evaluations if each.split == split)


def test_the_wall_is_predicted_for_servers_left_out(wall: Artifact) -> None:
    """With every CPU model left out in turn the error is at most half of that of TDP x utilisation, and small."""
    by_model = row(wall, "leave-cpu-model-out")
    by_tdp = row(wall, "for comparison: TDP x utilisation")

    assert by_model.mape <= by_tdp.mape / 2
    assert by_model.mape < 0.1
    assert by_model.records == 60 * 11
    assert wall.scope == "wall"


def test_the_band_holds_what_it_says(wall: Artifact) -> None:
    """About eight of ten truths of servers left out lie within P10 and P90."""
    assert 0.75 <= (row(wall, "leave-cpu-model-out").band_coverage or 0.0) <= 0.85


def test_the_wall_of_a_known_server(wall: Artifact) -> None:
    """Two EPYC 7763 with 256 GiB at 40 %: within 15 % of the law, by the CPU's name alone."""
    asked = {
        "cpu_utilization_ratio": 0.4, "device_count": 2.0, "cpu_cores": 64.0, "cpu_threads": 128.0,
        "cpu_year": 2021.0, "host_memory_bytes": 256 * 2.0**30,
    }  # fmt: skip
    power = LassoModel(wall).estimate(asked, {"device": "AMD EPYC 7763", "cpu_vendor": "AMD"}).power_watts

    assert power is not None
    assert power.value == pytest.approx(lawful_watts(280, 2, 256, 0.4), rel=0.15)
    assert power.p10 < power.value < power.p90


def test_packages_have_the_level_of_measured_ones(servers: list[Server], wall: Artifact) -> None:
    """The measured host's own curve comes back, and a load never lowers the power."""
    artifact = train_cpu(servers, package_records(), wall.variants[0].forms[0], jobs=1)
    model = LassoModel(artifact)

    def share(load: float) -> float:
        known = {"cpu_utilization_ratio": load, "device_tdp_watts": 140.0, "cpu_cores": 10.0, "cpu_year": 2017.0}
        power = model.estimate(known, {"cpu_vendor": "Intel"}).power_watts
        assert power is not None
        return power.value / 140.0

    seen = [share(load / 20) for load in range(21)]
    assert seen == sorted(seen)
    assert seen[10] == pytest.approx(0.53**0.6, rel=0.25)
    assert seen[20] <= 1.0
    assert artifact.scope == "cpu"


def test_memory_by_what_servers_differ_in(servers: list[Server]) -> None:
    """0.15 W for each GiB at full load is found among servers of one CPU; idle is the published figure."""
    slope = busy_slope(servers)
    model = LassoModel(train_dram(servers))

    def watts(load: float) -> float:
        power = model.estimate({"cpu_utilization_ratio": load, "host_memory_bytes": 64 * 2.0**30}, {}).power_watts
        assert power is not None
        return power.value

    assert slope.watts_per_gib == pytest.approx(0.15, rel=0.01)
    assert watts(0.0) == pytest.approx(64 * IDLE_WATTS_PER_GIB)
    assert watts(1.0) == pytest.approx(64 * 0.15 * SUPPLY_EFFICIENCY, rel=0.01)
    assert watts(0.0) < watts(0.5) < watts(1.0)


def test_servers_that_differ_in_nothing_teach_no_memory(tmp_path: Path) -> None:
    """A table of one server each says nothing of memory: an error, and no guess."""
    rows = lawful_rows()[::3]
    with pytest.raises(JoulecastError, match="memory"):
        train_dram(read_servers(write_servers(tmp_path, rows)))


def test_gpus_from_rest_to_work() -> None:
    """At rest and at work near the law, and in between never falling."""
    model = LassoModel(train_gpu(gpu_records(), jobs=1))

    def share(load: float) -> float:
        power = model.estimate({"gpu_utilization_ratio": load, "device_tdp_watts": 100.0}, {}).power_watts
        assert power is not None
        return power.value / 100.0

    seen = [share(load / 20) for load in range(21)]
    assert seen == sorted(seen)
    assert seen[0] == pytest.approx(0.15, rel=0.25)
    assert seen[20] == pytest.approx(0.85, rel=0.25)


def test_training_twice_gives_the_same_bytes(servers: list[Server], tmp_path: Path) -> None:
    """To the last digit, as files; what is read back is what was written."""
    paths = [
        write_node_power(iter([train_dram(servers), train_gpu(gpu_records(), jobs=1)]), tmp_path / name)
        for name in ("one", "two")
    ]

    for one, other in zip(*paths, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert read_artifact(paths[0][0]).name == "node-power-dram"
    assert math.isfinite(read_artifact(paths[0][1]).variants[0].forms[0].intercept)
