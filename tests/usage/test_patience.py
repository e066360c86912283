"""A usage source that hangs costs its own readings and nothing else."""

import threading
from collections.abc import Iterator, Sequence

import pytest
from doubles.awaiting import until

from exporter.usage.evidence import GpuProcess, GpuUse
from exporter.usage.patience import PatientGpuUse, PatientSource
from exporter.usage.source import Gauge, UsageReading

READING = UsageReading(Gauge.GPU_UTILIZATION, 0.5, "gpu", "GPU-0")
USE = GpuUse("GPU-0", [GpuProcess(101, 0.5)])


class GatedSource:
    """Answers while its gate is open and hangs while it is shut."""

    name = "gated"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = 0
        self.inside = threading.Event()
        self.left = threading.Semaphore(0)

    def read(self) -> Iterator[UsageReading]:
        self.entered += 1
        self.inside.set()
        self.gate.wait(60)
        yield READING
        self.left.release()


def test_readings_pass_through() -> None:
    """A source that answers in time is read as if nobody stood between."""
    source = GatedSource()
    source.gate.set()
    assert list(PatientSource(source, patience=60).read()) == [READING]


def test_a_hanging_read_gives_nothing_and_is_not_repeated() -> None:
    """While one read hangs, later ones give nothing at once and start no second thread in the driver."""
    source = GatedSource()
    patient = PatientSource(source, patience=0.01)
    assert [list(patient.read()) for _ in range(3)] == [[], [], []]
    assert source.inside.wait(60)
    assert source.entered == 1
    source.gate.set()


def test_a_late_answer_is_thrown_away_and_the_next_read_is_fresh() -> None:
    """After the hang the source is asked again; the old answer is not handed out as if it were new."""
    source = GatedSource()
    patient = PatientSource(source, patience=0.01)
    assert list(patient.read()) == []
    source.gate.set()
    assert source.left.acquire(timeout=60)
    readings: list[UsageReading] = []
    while not readings:  # the old thread may still be ending
        readings = list(patient.read())
    assert readings == [READING]
    assert source.entered >= 2


def test_a_bug_in_the_source_reaches_the_caller() -> None:
    """An exception is not swallowed by the thread it happened in."""

    class Broken:
        name = "broken"

        def read(self) -> Iterator[UsageReading]:
            raise KeyError("forgotten")

    with pytest.raises(KeyError, match="forgotten"):
        list(PatientSource(Broken(), patience=60).read())


class GatedGpuUse:
    """Names the users of GPUs while its gate is open and hangs while it is shut."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.entered = 0

    def read(self) -> Sequence[GpuUse]:
        self.entered += 1
        self.gate.wait(60)
        return [USE]


def test_users_of_gpus_pass_through() -> None:
    """A source that answers in time is read as if nobody stood between."""
    source = GatedGpuUse()
    source.gate.set()
    assert PatientGpuUse(source, patience=60).read() == [USE]


def test_a_hanging_source_of_gpu_users_names_nobody_until_it_returns() -> None:
    """It is not entered twice, its late answer is thrown away, and the next one is fresh."""
    source = GatedGpuUse()
    patient = PatientGpuUse(source, patience=0.01)
    assert [patient.read() for _ in range(3)] == [(), (), ()]
    assert source.entered == 1
    source.gate.set()
    until(patient.read)
    assert source.entered >= 2


def test_a_bug_in_a_source_of_gpu_users_reaches_the_caller() -> None:
    """An exception is not swallowed by the thread it happened in."""

    class Broken:
        def read(self) -> Sequence[GpuUse]:
            raise KeyError("forgotten")

    with pytest.raises(KeyError, match="forgotten"):
        PatientGpuUse(Broken(), patience=60).read()
