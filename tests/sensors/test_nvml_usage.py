"""How busy NVIDIA GPUs are, in base units, and nothing where nothing is known."""

from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest
from doubles.fake_nvml import FUNCTION_NOT_FOUND, NOT_SUPPORTED, TIMEOUT, UNKNOWN, Call, FakeNvml

from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.usage import NvmlUsage
from exporter.usage.patience import PatientSource
from exporter.usage.source import Gauge


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    """A driver without GPUs yet; its clock stands still."""
    with FakeNvml.build(tmp_path) as fake:
        fake.freeze(at=5000.0)
        fake.use_here()
        yield fake


@pytest.fixture
def library(fake: FakeNvml) -> Iterator[NvmlLibrary]:
    """A library that is still closed."""
    del fake  # it must be there first
    library = NvmlLibrary()
    yield library
    library.close()


def _values(usage: NvmlUsage, uuid: str) -> dict[tuple[Gauge, str], float]:
    readings = [reading for reading in usage.read() if reading.device == uuid]
    assert {reading.component for reading in readings} <= {"gpu"}
    assert len({(reading.gauge, reading.detail) for reading in readings}) == len(readings)
    return {(reading.gauge, reading.detail): reading.value for reading in readings}


def test_every_gauge_is_in_base_units(fake: FakeNvml, library: NvmlLibrary) -> None:
    """Percent, MHz and mW stay inside the driver."""
    gpu = fake.add()
    gpu.set_usage(utilization=73, memory_used=3 * 2**30, temperature=61, memory_temperature=72)
    library.open()
    values = _values(NvmlUsage(library), gpu.uuid)
    slowdowns = {key: value for key, value in values.items() if key[0] is Gauge.GPU_THROTTLED}
    assert {key: value for key, value in values.items() if key not in slowdowns} == {
        (Gauge.GPU_UTILIZATION, ""): 0.73,
        (Gauge.GPU_MEMORY_USED, ""): 3 * 2**30,
        (Gauge.GPU_MEMORY_TOTAL, ""): 80 * 2**30,
        (Gauge.TEMPERATURE, "core"): 61.0,
        (Gauge.TEMPERATURE, "memory"): 72.0,
        (Gauge.GPU_SM_CLOCK, ""): 1.98e9,
        (Gauge.GPU_MEMORY_CLOCK, ""): 2.619e9,
        (Gauge.GPU_POWER_LIMIT, ""): 700.0,
    }
    assert set(slowdowns.values()) == {0.0}


def test_reasons_for_slowing_are_told_apart(fake: FakeNvml, library: NvmlLibrary) -> None:
    """Power cap and heat are set, the others are known not to apply, and idling is no reason."""
    gpu = fake.add()
    gpu.set_usage(event_reasons=0x01 | 0x04 | 0x40)
    library.open()
    values = _values(NvmlUsage(library), gpu.uuid)
    slowed = {detail for (gauge, detail), value in values.items() if gauge is Gauge.GPU_THROTTLED and value == 1.0}
    assert slowed == {"power_cap", "hardware_thermal"}


def test_an_older_driver_is_asked_in_the_older_way_and_only_once_in_the_newer(
    fake: FakeNvml, library: NvmlLibrary
) -> None:
    """Memory, temperature and slowdowns fall back for good to the calls this driver knows."""
    gpu = fake.add()
    gpu.set_usage(memory_used=2**30, event_reasons=0x04)
    for call in (Call.MEMORY, Call.TEMPERATURE, Call.REASONS):
        gpu.fail(call, FUNCTION_NOT_FOUND)
    library.open()
    usage = NvmlUsage(library)
    values = _values(usage, gpu.uuid)
    assert values[Gauge.GPU_MEMORY_USED, ""] == 2**30 + 2**29  # the old call counts the driver's reserve as used
    assert values[Gauge.TEMPERATURE, "core"] == 35.0
    assert values[Gauge.GPU_THROTTLED, "power_cap"] == 1.0
    asked = gpu.calls(Call.TEMPERATURE)
    assert _values(usage, gpu.uuid) == values
    assert gpu.calls(Call.TEMPERATURE) == asked == 1


def test_the_unsupported_is_absent_and_not_asked_again_until_the_library_is_opened_anew(
    fake: FakeNvml, library: NvmlLibrary
) -> None:
    """No zero stands in for it; after a new opening, perhaps of another driver, it is tried once more."""
    gpu = fake.add()
    gpu.fail(Call.UTILIZATION, NOT_SUPPORTED)
    library.open()
    usage = NvmlUsage(library)
    for _ in range(3):
        assert (Gauge.GPU_UTILIZATION, "") not in _values(usage, gpu.uuid)
    assert gpu.calls(Call.UTILIZATION) == 1
    gpu.fail(Call.UTILIZATION, 0)
    library.open()
    assert _values(usage, gpu.uuid)[Gauge.GPU_UTILIZATION, ""] == 0.0


@pytest.mark.parametrize(
    ("raw", "missing"),
    [
        ({"utilization": 0xFFFFFFFF}, {(Gauge.GPU_UTILIZATION, "")}),
        ({"memory_used": 2**64 - 1}, {(Gauge.GPU_MEMORY_USED, ""), (Gauge.GPU_MEMORY_TOTAL, "")}),
        ({"memory_total": 0}, {(Gauge.GPU_MEMORY_USED, ""), (Gauge.GPU_MEMORY_TOTAL, "")}),
        ({"temperature": 2**31 - 16}, {(Gauge.TEMPERATURE, "core")}),
        ({"memory_temperature": 0}, {(Gauge.TEMPERATURE, "memory")}),
        ({"sm_clock": 0x7FFFFFF0}, {(Gauge.GPU_SM_CLOCK, "")}),
        ({"limit_mw": 0xFFFFFFFF}, {(Gauge.GPU_POWER_LIMIT, "")}),
    ],
    ids=["utilization", "memory", "no-memory", "temperature", "memory-temperature", "clock", "limit"],
)
def test_a_sentinel_is_no_reading(
    fake: FakeNvml, library: NvmlLibrary, raw: dict[str, int], missing: set[tuple[Gauge, str]]
) -> None:
    """A number that means "not available" leaves its gauge out, and only that."""
    gpu = fake.add()
    library.open()
    usage = NvmlUsage(library)
    before = _values(usage, gpu.uuid)
    gpu.set_usage(**raw)
    assert set(before) - set(_values(usage, gpu.uuid)) == missing


def test_a_passing_error_is_asked_again(fake: FakeNvml, library: NvmlLibrary) -> None:
    """What fails today is not taken for unsupported."""
    gpu = fake.add()
    library.open()
    usage = NvmlUsage(library)
    gpu.fail(Call.CLOCK, UNKNOWN)
    assert (Gauge.GPU_SM_CLOCK, "") not in _values(usage, gpu.uuid)
    gpu.fail(Call.CLOCK, 0)
    assert _values(usage, gpu.uuid)[Gauge.GPU_SM_CLOCK, ""] == 1.98e9


@pytest.mark.parametrize("code", [pynvml.NVML_ERROR_GPU_IS_LOST, TIMEOUT])
def test_a_gpu_that_does_not_answer_is_asked_one_question_and_the_others_go_on(
    fake: FakeNvml, library: NvmlLibrary, code: int
) -> None:
    """A lost GPU costs one refused call a second, not one for every gauge."""
    gone, well = fake.add(), fake.add()
    library.open()
    usage = NvmlUsage(library)
    for call in Call:
        gone.fail(call, code)
    readings = list(usage.read())
    assert {reading.device for reading in readings} == {well.uuid}
    assert gone.calls(Call.UTILIZATION) == 1
    assert gone.calls(Call.CLOCK) == 0


def test_a_closed_library_and_a_reloaded_driver_give_nothing(fake: FakeNvml, library: NvmlLibrary) -> None:
    """Neither is an error of usage: the sensor tells it, and opens the library again."""
    gpu = fake.add()
    usage = NvmlUsage(library)
    assert list(usage.read()) == []
    library.open()
    fake.reload_driver()
    assert list(usage.read()) == []
    library.open()
    assert _values(usage, gpu.uuid)[Gauge.TEMPERATURE, "core"] == 35.0


def test_a_hung_driver_does_not_hold_its_reader(fake: FakeNvml, library: NvmlLibrary) -> None:
    """With patience in front, calls that block give nothing, and readings return when the driver does."""
    gpu = fake.add()
    library.open()
    patient = PatientSource(NvmlUsage(library), patience=0.05)
    gpu.hang(120)
    assert list(patient.read()) == []
    gpu.hang(0)
    while not any(reading.gauge is Gauge.GPU_UTILIZATION for reading in patient.read()):
        pass
