"""Power by a trained model: what is predicted of which machine, by whom, and what happens without an answer."""

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from doubles.fake_nvml import NOT_SUPPORTED, Call, FakeNvml
from doubles.procfs import ProcTree

from exporter.sensors.estimator import Band, Estimator, RemoteEstimator
from exporter.sensors.inventory import take_inventory
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.predicted import CPU_MODEL, DRAM_MODEL, GPU_MODEL, PackagedEstimator, PredictedSensor
from exporter.sensors.preference import choose
from exporter.sensors.sensor import Missed, Reading, SensorAbsent, SensorFailed, survey
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance
from joulecast.serving.address import TcpAddress
from predictor.artifact import PACKAGED
from predictor.lasso_model import load_model
from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures
from predictor.service.prediction_service import PredictionService
from predictor.service.server import PredictionServer


class Straight:
    """Estimates simple enough to check by hand: full power times utilisation plus a tenth, 20 % below to 40 % above."""

    source = "a ruler"

    def __init__(self, *missing: str) -> None:
        self.missing = set(missing)
        self.silent = False
        self.asked: list[tuple[str, Mapping[str, float], Mapping[str, str]]] = []

    def watts(self, model: str, numbers: Mapping[str, float], names: Mapping[str, str]) -> Band:
        if self.silent:
            raise SensorFailed("no answer")
        if model in self.missing:
            raise SensorAbsent(f"no {model}")
        self.asked.append((model, dict(numbers), dict(names)))
        load = numbers.get("cpu_utilization_ratio", numbers.get("gpu_utilization_ratio", 0.0))
        full = numbers.get("device_tdp_watts") or numbers["host_memory_bytes"] / 2**30
        value = full * (0.1 + 0.9 * load)
        return Band(value, 0.8 * value, 1.4 * value)

    def close(self) -> None:
        """Nothing is held."""


def a_sensor(tree: ProcTree, estimator: Estimator | None = None, **options: float) -> PredictedSensor:
    """Of the machine of this tree."""
    return PredictedSensor(tree.procfs, tree.procfs.parent / "sys", estimator or Straight(), **options)  # type: ignore[arg-type]


def watts(sensor: PredictedSensor) -> dict[tuple[Component, str], float | None]:
    """One read, by part."""
    read = list(sensor.read(0.0))
    return {
        (each.series.key.component, each.series.key.device): each.watts for each in read if isinstance(each, Reading)
    }


def no_driver() -> None:
    """Stands for a Python without NVML bindings."""
    raise ImportError


CPU, DRAM = (Component.CPU, "0"), (Component.DRAM, "dimms")


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """A socket of 270 W, of which two threads are on line, and 64 GiB."""
    return ProcTree(tmp_path / "proc")


def test_power_follows_the_load_up_and_down(tree: ProcTree) -> None:
    """By this version's own models: at rest, burning and at rest again, CPU and memory, never zero."""
    sensor = PredictedSensor(tree.procfs, tree.procfs.parent)
    sensor.discover()
    seen = []
    for share in (0.0, 1.0, 0.5, 0.0):
        tree.run(share)
        seen.append(watts(sensor))

    for part in (CPU, DRAM):
        rest, burning, half, again = (one[part] for one in seen)
        assert rest is not None
        assert burning is not None
        assert half is not None
        assert 0 < rest < half < burning
        assert again == rest
    assert 270 * 0.05 < (seen[0][CPU] or 0) < 270 * 0.35
    assert 270 * 0.6 < (seen[1][CPU] or 0) <= 270 * 1.1


def test_each_socket_is_asked_about_with_what_is_known(tmp_path: Path) -> None:
    """The data sheet's watts, threads, and year go to the model; each socket has its own load."""
    tree = ProcTree(tmp_path / "proc", cpus=4, sockets=2)
    ruler = Straight()
    sensor = a_sensor(tree, ruler)
    sensor.discover()
    for cpu, busy in enumerate((100, 100, 0, 0)):
        tree.spend(cpu, user=busy, idle=100 - busy)

    assert watts(sensor) == pytest.approx({CPU: 270.0, (Component.CPU, "1"): 27.0, DRAM: 64 * 0.55})
    model, numbers, names = ruler.asked[0]
    assert (model, names) == (CPU_MODEL, {"cpu_vendor": "Intel"})
    assert numbers == {"device_tdp_watts": 270.0, "cpu_cores": 40.0, "cpu_year": 2021.0, "cpu_utilization_ratio": 1.0}


def test_the_series_say_what_they_are(tree: ProcTree) -> None:
    """Predicted, of the identities that other sensors of these parts have, with half the band's width as error."""
    cpu, dram = a_sensor(tree).discover()

    assert (cpu.key, dram.key) == (SeriesKey(Component.CPU, "0", "package"), SeriesKey(Component.DRAM, "dimms"))
    assert {cpu.provenance, dram.provenance} == {Provenance.PREDICTED}
    assert cpu.relative_error == pytest.approx(0.3)
    assert cpu.source == "node-power-cpu, a ruler"
    assert "270 W a socket" in cpu.note


def test_a_virtual_machine_gets_its_share_of_an_unknown_part(tmp_path: Path) -> None:
    """The name is hidden: a typical part is asked about, the share of its threads counts, the error is wider."""
    tree = ProcTree(tmp_path / "proc", model="AMD EPYC", virtual=True)
    ruler = Straight()
    sensor = a_sensor(tree, ruler)
    cpu, _ = sensor.discover()
    tree.run(1.0)

    assert watts(sensor)[CPU] == pytest.approx(280 * 2 / 128)
    assert ruler.asked[0][1]["cpu_cores"] == 64
    assert cpu.relative_error > 0.5
    assert "unknown part" in cpu.note


def test_a_hidden_name_still_tells_its_generation(tmp_path: Path) -> None:
    """Hypervisors that say "AMD EPYC" leave CPUID alone: family 26 is of 2024."""
    tree = ProcTree(tmp_path / "proc", model="AMD EPYC", virtual=True)
    cpuid = "vendor_id\t: AuthenticAMD\ncpu family\t: 26\nmodel\t\t: 2\nmodel name\t: AMD EPYC\nflags\t\t: hypervisor"
    tree.write_cpuinfo([f"processor\t: {cpu}\n{cpuid}" for cpu in range(2)])
    ruler = Straight()
    a_sensor(tree, ruler).discover()

    assert ruler.asked[0][1]["cpu_year"] == 2024.0


def test_configured_watts_replace_the_catalogue(tree: ProcTree) -> None:
    """150 W as configured: so much at full load by the ruler."""
    sensor = a_sensor(tree, tdp_watts=150.0)
    sensor.discover()
    tree.run(1.0)

    assert watts(sensor)[CPU] == pytest.approx(150.0)


def test_a_part_of_the_larger_catalogue_is_known_too(tmp_path: Path) -> None:
    """A Xeon that the exporter's own short list lacks is found in the predictor's."""
    tree = ProcTree(tmp_path / "proc", model="Intel(R) Xeon(R) CPU E5-2660 v3 @ 2.60GHz")
    cpu, _ = a_sensor(tree).discover()

    assert "105 W a socket" in cpu.note


def test_no_time_no_reading(tree: ProcTree) -> None:
    """Before the first tick after discovery there is nothing to say: no reading, and not the idle power."""
    sensor = a_sensor(tree)
    sensor.discover()

    assert watts(sensor) == {}


def test_without_its_files_it_is_absent(tmp_path: Path) -> None:
    """No /proc, or no artifacts: absent, with a word on what to do, and no estimate of nothing."""
    bare = survey(PredictedSensor(tmp_path, tmp_path, Straight()))
    tree = ProcTree(tmp_path / "proc")
    empty = survey(PredictedSensor(tree.procfs, tmp_path, PackagedEstimator(tmp_path / "none")))

    assert (bare.status, empty.status) == ("absent", "absent")
    assert "--predictor" in empty.remedy


def test_a_silent_predictor_is_an_absence(tree: ProcTree) -> None:
    """No answer at a read fails the sensor, so that nothing is published; the next answer counts again."""
    ruler = Straight()
    sensor = a_sensor(tree, ruler)
    sensor.discover()
    ruler.silent = True
    tree.run(1.0)
    with pytest.raises(SensorFailed):
        watts(sensor)
    ruler.silent = False
    tree.run(1.0)

    assert watts(sensor)[CPU] == pytest.approx(270.0)


def test_series_outlive_a_second_discovery(tree: ProcTree) -> None:
    """The meter knows series by identity: the same machine gives the same objects."""
    sensor = a_sensor(tree)

    assert all(one is other for one, other in zip(sensor.discover(), sensor.discover(), strict=True))


def test_measured_is_preferred_and_formulas_are_not(tree: ProcTree) -> None:
    """On a machine without sensors predictions count, and TDP and DIMM models stand back."""
    nothing = NvmlLibrary(no_driver)
    inventory = take_inventory(tree.procfs.parent / "sys", tree.procfs, library=nothing, estimator=Straight())
    choices = choose([survey(sensor) for sensor in inventory.sensors])

    counted = {series.sensor for series, choice in choices.items() if choice.counted}
    assert counted == {"predicted"}
    assert {series.sensor for series, choice in choices.items() if not choice.metered} == {"dimm", "tdp"}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[NvmlLibrary]:
    """One GPU that measures itself, and a T4 that tells its utilisation and no power."""
    with FakeNvml.build(tmp_path) as fake:
        fake.use_here()
        fake.add()
        mute = fake.add(uuid="GPU-mute", name="Tesla T4")
        for call in (Call.POWER, Call.ENERGY, Call.FIELDS):
            mute.fail(call, NOT_SUPPORTED)
        mute.set_usage(utilization=50)
        library = NvmlLibrary()
        library.open()
        yield library
        library.close()


def test_a_gpu_without_power_is_predicted_from_its_utilisation(tree: ProcTree, library: NvmlLibrary) -> None:
    """70 W by its name, half busy: 38.5 W by the ruler, under the GPU's own UUID; lost, it is missed and not zero."""
    sensor = PredictedSensor(tree.procfs, tree.procfs, Straight(), library=library)
    series = {each.key.device: each for each in sensor.discover()}
    found = {each.series.key.device: each for each in sensor.read(0.0)}
    assert not list(sensor.read(0.1)), "asked more often than drivers look"
    library.close()
    gone = [each for each in sensor.read(1.0) if each.series.key.component is Component.GPU]

    assert isinstance(found["GPU-mute"], Reading)
    assert found["GPU-mute"].watts == pytest.approx(38.5)
    assert series["GPU-mute"].key == SeriesKey(Component.GPU, "GPU-mute")
    assert len(gone) == 2
    assert all(isinstance(each, Missed) for each in gone)


def test_only_the_gpu_without_power_counts_as_predicted(tree: ProcTree, library: NvmlLibrary) -> None:
    """Each board has its own winner: NVML where it measures, the model where it does not."""
    inventory = take_inventory(tree.procfs.parent / "sys", tree.procfs, library=library, estimator=Straight())
    choices = choose([survey(sensor) for sensor in inventory.sensors])
    gpus = {
        series.key.device: series.sensor
        for series, choice in choices.items()
        if choice.counted and series.key.component is Component.GPU
    }

    assert gpus.pop("GPU-mute") == "predicted"
    assert list(gpus.values()) == ["nvml"]


@pytest.fixture
def server() -> Iterator[PredictionServer]:
    """A predictor with this version's artifacts."""
    artifacts = Artifacts([PACKAGED], load_model)
    service = PredictionService(artifacts, lambda _kind, _matching: (), Figures(artifacts))
    server = PredictionServer(service, [TcpAddress("127.0.0.1", 0)])
    server.start()
    yield server
    server.stop()


def test_a_predictor_elsewhere_says_the_same(tree: ProcTree, server: PredictionServer) -> None:
    """Over gRPC as in process: one form, one answer."""
    far = RemoteEstimator(TcpAddress("127.0.0.1", server.addresses[0].port), patience=20.0)  # type: ignore[union-attr]
    sensors = [a_sensor(tree, far), a_sensor(tree, PackagedEstimator())]
    for sensor in sensors:
        sensor.discover()
    tree.run(0.7)
    remote, local = (watts(sensor) for sensor in sensors)
    far.close()

    assert remote.keys() == local.keys() == {CPU, DRAM}
    assert remote == pytest.approx(local, rel=1e-9)


def test_a_predictor_that_went_away_is_said_to(tree: ProcTree, server: PredictionServer) -> None:
    """After it stopped the sensor fails with the address and how to start it; one that never was, too."""
    address = TcpAddress("127.0.0.1", server.addresses[0].port)  # type: ignore[union-attr]
    far = RemoteEstimator(address, patience=20.0)
    sensor = a_sensor(tree, far)
    sensor.discover()
    server.stop()
    tree.run(0.7)
    with pytest.raises(SensorFailed, match=str(address.port)) as failed:
        watts(sensor)
    finding = survey(a_sensor(tree, RemoteEstimator(TcpAddress("127.0.0.1", 1))))

    assert "joulecast predictor" in failed.value.remedy
    assert finding.status == "failed"


def test_an_unknown_model_of_a_predictor_is_an_absence(server: PredictionServer) -> None:
    """A predictor without the node-power models says so, and nothing is guessed."""
    far = RemoteEstimator(TcpAddress("127.0.0.1", server.addresses[0].port), patience=20.0)  # type: ignore[union-attr]
    with pytest.raises(SensorAbsent, match="no-such-model"):
        far.watts("no-such-model", {"cpu_utilization_ratio": 0.5}, {})
    far.close()


@pytest.mark.parametrize("model", [CPU_MODEL, DRAM_MODEL, GPU_MODEL])
def test_shipped_models_rise_with_the_load(model: str) -> None:
    """Never less power at more load, anywhere between idle and busy, and always within the band."""
    gauge = "gpu_utilization_ratio" if model == GPU_MODEL else "cpu_utilization_ratio"
    numbers = {"host_memory_bytes": 64e9} if model == DRAM_MODEL else {"device_tdp_watts": 200.0}
    estimator = PackagedEstimator()
    bands = [estimator.watts(model, {**numbers, gauge: load / 100}, {}) for load in range(101)]

    assert [band.watts for band in bands] == sorted(band.watts for band in bands)
    assert all(0 < band.p10 < band.watts < band.p90 for band in bands)


def test_predicting_loads_no_numerical_library() -> None:
    """The exporter stays light: neither numpy nor scikit-learn is imported to predict."""
    program = (
        "import sys; from exporter.sensors.predicted import PackagedEstimator, CPU_MODEL;"
        "PackagedEstimator().watts(CPU_MODEL, {'cpu_utilization_ratio': 0.5, 'device_tdp_watts': 100.0}, {});"
        "print(sorted({'numpy', 'scipy', 'sklearn', 'torch', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
