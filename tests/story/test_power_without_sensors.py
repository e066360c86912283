"""A machine without a single power sensor: its power follows its load, and an interval says how far off it may be."""

from pathlib import Path

import pytest
from doubles.exporter_process import ExporterProcess
from doubles.predictor_process import PredictorProcess
from doubles.procfs import ProcTree

from joulecast.v1 import energy_pb2 as pb

QUICK = ("--period", "0.2")


@pytest.fixture
def tree(tmp_path: Path) -> ProcTree:
    """A cloud machine of four threads of an EPYC, 16 GiB, at rest."""
    return ProcTree(tmp_path / "proc", cpus=4, model="AMD EPYC 7763 64-Core Processor", memory_kib=2**24, virtual=True)


def machine(tree: ProcTree) -> tuple[str, ...]:
    """The flags that point an exporter at it."""
    return ("--sysfs", str(tree.procfs.parent / "sys"), "--procfs", str(tree.procfs), *QUICK)


def watts(exporter: ExporterProcess, component: str) -> float:
    """Predicted power now; 0 where there is none, which no prediction is."""
    found = exporter.metrics().value("joulecast_power_watts", component=component, provenance="predicted")
    return found or 0.0


def settle(exporter: ExporterProcess, tree: ProcTree, share: float, low: float, high: float) -> float:
    """Let the machine be so busy until its CPU's power lies between two values; returns it."""

    def holds() -> bool:
        tree.run(share)
        return low < watts(exporter, "cpu") < high

    exporter.until(holds)
    return watts(exporter, "cpu")


def test_power_follows_a_burn_up_and_down(tmp_path: Path, tree: ProcTree) -> None:
    """4 of 128 threads of 280 W: under 2.2 W at rest, over 6 W burning, and back; memory too; an interval says +-."""
    with ExporterProcess(tmp_path, *machine(tree)) as exporter:
        settle(exporter, tree, 0.0, 0.4, 2.2)
        memory_at_rest = watts(exporter, "dram")
        request, _ = exporter.workload.begin(name="burn")
        settle(exporter, tree, 1.0, 6.0, 9.7)
        memory_burning = watts(exporter, "dram")
        exporter.workload.end(request)
        settle(exporter, tree, 0.0, 0.4, 2.2)
        interval = exporter.workload.settled(request)
        uncertainty = exporter.metrics().value("joulecast_power_uncertainty_watts", component="cpu")

    assert 0 < memory_at_rest < memory_burning
    assert uncertainty is not None
    assert uncertainty > 0
    assert interval.node.provenance == pb.PROVENANCE_PREDICTED
    assert interval.node.gross_joules > 0
    # The model is wrong by the same factor every time: that is no sampling error.
    assert interval.node.calibration_uncertainty_joules > 0.2 * interval.node.gross_joules


def test_a_predictor_that_ends_leaves_no_power_and_no_zero(tmp_path: Path, tree: ProcTree) -> None:
    """Asked over gRPC: power while it answers, none at all while it does not, and again once it is back."""
    with (
        PredictorProcess(tmp_path) as predictor,
        ExporterProcess(tmp_path, *machine(tree), "--predictor", predictor.address) as exporter,
    ):
        settle(exporter, tree, 1.0, 6.0, 9.7)
        predictor.kill()

        def is_silent() -> bool:
            tree.run(1.0)
            scrape = exporter.metrics()
            is_down = scrape.value("joulecast_sensor_up", sensor="predicted") == 0
            return is_down and not scrape.samples("joulecast_power_watts", component="cpu")

        exporter.until(is_silent)
        predictor.start()
        settle(exporter, tree, 1.0, 6.0, 9.7)


def test_a_workload_is_estimated_beside_predicted_power(tmp_path: Path, tree: ProcTree) -> None:
    """The node's power and the workload's estimate come from two models, told apart and not added."""
    labels = {"model": "resnet50", "macs": "4.1e9", "parameters": "25.6e6", "batch": "8", "device": "EPYC 7763"}
    with ExporterProcess(tmp_path, *machine(tree)) as exporter:
        request, _ = exporter.workload.begin(name="classify", phase="inference", labels=labels)
        settle(exporter, tree, 1.0, 6.0, 9.7)
        exporter.workload.end(request, {"sample": 1000.0})
        settle(exporter, tree, 0.0, 0.4, 2.2)
        interval = exporter.workload.settled(request)

    assert interval.node.provenance == pb.PROVENANCE_PREDICTED
    assert (interval.estimate.model, interval.estimate.scope) == ("discriminative", "cpu+dram")
    assert 0 < interval.estimate.p10_joules < interval.estimate.joules < interval.estimate.p90_joules
    assert not interval.estimate.in_domain
