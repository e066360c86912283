"""The client against the real exporter, which plays a recorded machine."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.exporter_process import ExporterProcess

import joulecast


@pytest.fixture
def exporter(tmp_path: Path) -> Iterator[ExporterProcess]:
    """The real command, with the demo machine behind it."""
    with ExporterProcess(tmp_path, "--replay", "demo", "--period", "0.1") as exporter:
        yield exporter


def test_an_interval_is_measured_by_component(exporter: ExporterProcess) -> None:
    """Node energy is the sum of its components in scope, and the words come back as they were sent."""
    with joulecast.interval("train", job="nightly", strict=True, address=exporter.grpc, epoch=1) as energy:
        exporter.until(lambda: (energy.joules or 0.0) > 0.0)
    result = energy.result()

    node = [part.gross_joules for name, part in result.components.items() if name != "platform"]
    assert result.status == "finished"
    assert energy.joules == pytest.approx(sum(node))
    assert (result.job, result.labels) == ("nightly", {"epoch": "1"})
    assert result.duration_seconds == pytest.approx(energy.duration_seconds, abs=1e-6)


def test_a_scope_without_gpus_pays_for_none(exporter: ExporterProcess) -> None:
    """The demo machine's GPUs are not in the sum of work that uses none."""
    with joulecast.interval("load", gpus="none", strict=True, address=exporter.grpc) as energy:
        exporter.until(lambda: (energy.joules or 0.0) > 0.0)

    assert energy.result().gpus == ()
    assert "gpu" not in energy.components


def test_an_interval_survives_an_exporter_that_is_killed(exporter: ExporterProcess) -> None:
    """It is the same interval before and after, and ends when the workload ended it."""
    with joulecast.interval("train", strict=True, address=exporter.grpc) as energy:
        before = energy.interval_id
        exporter.kill()
        exporter.start()

    assert energy.result().status == "finished"
    assert energy.interval_id == before
    assert energy.result().duration_seconds == pytest.approx(energy.duration_seconds, abs=1e-6)


def test_an_end_while_the_exporter_is_away_is_delivered(exporter: ExporterProcess) -> None:
    """Ended in the gap between two lives of the exporter, at its own time."""
    with joulecast.interval("train", address=exporter.grpc) as energy:
        exporter.kill()
    exporter.start()

    assert energy.result().status == "finished"
    assert energy.result().duration_seconds == pytest.approx(energy.duration_seconds, abs=1e-6)


def test_tags_of_a_batch_are_accounted_for_one_by_one(exporter: ExporterProcess) -> None:
    """Each tag is final, in order, and none is refused."""
    with joulecast.batch("serve", job="chat", strict=True, address=exporter.grpc) as tags:
        for number in range(1200):
            with tags.interval("step", step=number):
                pass

    results = tags.results
    assert [result.labels["step"] for result in results] == [str(number) for number in range(1200)]
    assert {result.status for result in results} == {"finished"}
    assert not tags.failed


def test_a_batch_sent_twice_is_recorded_once(exporter: ExporterProcess) -> None:
    """An answer that was lost on its way is asked for again, however late, and gives the same intervals."""
    with joulecast.batch("serve", strict=True, address=exporter.grpc) as tags:
        step = tags.begin("step")
        step.end()
        tags.flush()
        (first,) = tags.results
        tags._ended.append(step)

    assert {result.interval_id for result in tags.results} == {first.interval_id}


def test_a_workload_that_describes_itself_gets_an_estimate(exporter: ExporterProcess) -> None:
    """Beside the energy, never in it; work that says nothing of itself gets none."""
    described = {"model": "resnet50", "macs": 4.1e9, "parameters": 25.6e6, "batch_size": 32, "device": "A100-SXM4-40GB"}
    with joulecast.interval("serve", phase="inference", strict=True, address=exporter.grpc, **described) as energy:
        exporter.until(lambda: (energy.joules or 0.0) > 0.0)
        energy.count(sample=1000)
    with joulecast.interval("serve", phase="inference", strict=True, address=exporter.grpc) as silent:
        silent.count(sample=1000)
    result = energy.result()

    assert result.estimate is not None
    assert (result.estimate.model, result.estimate.scope) == ("discriminative", "gpu+cpu+dram")
    assert 0 < result.estimate.p10_joules < result.estimate.joules < result.estimate.p90_joules
    assert silent.result().estimate is None
