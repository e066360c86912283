"""Predictions in the shadow of measurements: what the residual is, and when there is none."""

import pytest
from doubles.clock import FakeClock
from doubles.series import a_counter, a_gpu, a_power_sensor

from exporter.metering.node import NodeMeter
from exporter.metering.shadow import LEAST_SECONDS, WINDOW_SECONDS
from exporter.sensors.sensor import Finding, Reading, Series
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

DIMMS = SeriesKey(Component.DRAM, "dimms")


def predicted(measured: Series, key: SeriesKey | None = None) -> Series:
    """The prediction of the same part, or of another."""
    return a_power_sensor(
        key=key or measured.key, sensor="predicted", provenance=Provenance.PREDICTED, is_mean=True, source="a model"
    )


@pytest.fixture
def clock() -> FakeClock:
    """Stands at 1000 s."""
    return FakeClock(monotonic=1000.0)


def a_node(clock: FakeClock, *series: Series) -> NodeMeter:
    """A node whose sensors have found these."""
    node = NodeMeter(clock, "boot", stale_seconds=3.0)
    for sensor in dict.fromkeys(each.sensor for each in series):
        node.adopt(Finding(sensor, "found", [each for each in series if each.sensor == sensor]))
    return node


def run(node: NodeMeter, clock: FakeClock, seconds: float, counters: dict[Series, float], **watts: float) -> None:
    """Let counters rise by their watts, and predictions say theirs, second by second. `watts` is by component."""
    for second in range(round(seconds) + 1):
        for series, level in counters.items():
            node.feed(clock.monotonic(), Reading(series, joules=level * second), 0.0)
        for series in list(node._shadow._meters):
            node.feed(clock.monotonic(), Reading(series, watts=watts[series.key.component.value]), 0.0)
        clock.advance(1.0)


def test_the_residual_is_the_ratio_of_energies(clock: FakeClock) -> None:
    """90 W predicted where 120 W are measured: a quarter too little, for that socket; the node stays measured."""
    package = a_counter()
    node = a_node(clock, package, predicted(package))
    run(node, clock, 30, {package: 120.0}, cpu=90.0)

    assert node.residuals() == pytest.approx({(Component.CPU, "0"): -0.25})
    assert node.node(node.states()).provenance is Provenance.MEASURED
    assert node.is_used("predicted")


def test_parts_that_are_divided_differently_are_compared_as_wholes(clock: FakeClock) -> None:
    """Two memory zones by RAPL, one prediction for all modules: one residual, without a device."""
    zones = [a_counter(key=SeriesKey(Component.DRAM, device, "dram")) for device in ("0", "1")]
    node = a_node(clock, *zones, predicted(zones[0], DIMMS))
    run(node, clock, 30, {zones[0]: 4.0, zones[1]: 6.0}, dram=15.0)

    assert node.residuals() == pytest.approx({(Component.DRAM, ""): 0.5})


def test_a_gpu_without_power_has_no_residual(clock: FakeClock) -> None:
    """Of two GPUs one is measured: only that one is compared, and the other is published as predicted."""
    board = a_gpu(quantity=a_counter().quantity, update_seconds=0.0)
    other = SeriesKey(Component.GPU, "GPU-1")
    node = a_node(clock, board, predicted(board), predicted(board, other))
    run(node, clock, 30, {board: 200.0}, gpu=300.0)

    assert node.residuals() == pytest.approx({(Component.GPU, "GPU-0"): 0.5})
    assert {state.series.key for state in node.states()} == {board.key, other}


def test_old_errors_are_forgotten(clock: FakeClock) -> None:
    """A minute after the prediction became right its residual is nothing."""
    package = a_counter()
    node = a_node(clock, package, predicted(package))
    run(node, clock, 60, {package: 100.0}, cpu=400.0)
    before = node.residuals()[Component.CPU, "0"]
    level = 100.0 * 60
    for second in range(1, round(WINDOW_SECONDS) + 2):
        node.feed(clock.monotonic(), Reading(package, joules=level + 100.0 * second), 0.0)
        for series in list(node._shadow._meters):
            node.feed(clock.monotonic(), Reading(series, watts=100.0), 0.0)
        clock.advance(1.0)

    assert before == pytest.approx(3.0)
    assert node.residuals()[Component.CPU, "0"] == pytest.approx(0.0, abs=1e-9)


def test_too_little_is_no_residual(clock: FakeClock) -> None:
    """Of a few seconds, of a silent sensor, and of a part that nothing measures there is none, and it is not zero."""
    package = a_counter()
    short = a_node(clock, package, predicted(package))
    run(short, clock, LEAST_SECONDS - 2, {package: 120.0}, cpu=90.0)
    silent = a_node(clock, package, predicted(package))
    run(silent, clock, 30, {package: 0.0}, cpu=90.0)
    alone = a_node(clock, predicted(package))

    assert (short.residuals(), silent.residuals(), alone.residuals()) == ({}, {}, {})


def test_without_a_prediction_nothing_is_compared(clock: FakeClock) -> None:
    """A model by formula beside a measurement is not read, and has no residual."""
    package = a_counter()
    crude = a_power_sensor(sensor="tdp", provenance=Provenance.MODELLED)
    node = a_node(clock, package, crude)
    run(node, clock, 30, {package: 120.0})

    assert node.residuals() == {}
    assert not node.is_used("tdp")
