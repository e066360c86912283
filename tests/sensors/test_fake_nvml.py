"""The fake driver tells the truth: what its library answers is what its controller says was consumed."""

import ctypes
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest
from doubles.fake_nvml import NOT_SUPPORTED, Call, FakeNvml, Slice


@pytest.fixture
def fake(tmp_path: Path) -> Iterator[FakeNvml]:
    """A driver without GPUs yet, its clock frozen, seen by this process."""
    with FakeNvml.build(tmp_path) as fake:
        fake.freeze(at=5000.0)
        fake.use_here()
        yield fake


def _handle(index: int = 0) -> object:
    pynvml.nvmlInit()
    return pynvml.nvmlDeviceGetHandleByIndex(index)


def test_the_counter_is_the_integral_of_a_square_wave(fake: FakeNvml) -> None:
    """Whole and partial periods, before, inside and after the wave, all agree with the closed form to a millijoule."""
    gpu = fake.add(watts=70.0, tick_ms=0, power_tick_ms=0)
    gpu.square_wave(400.0, 180.0, 0.37, start=5000.25, end=5003.5)
    handle = _handle()
    begin = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    for _ in range(40):
        fake.advance(0.1137)
        counted = (pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) - begin) / 1000
        assert counted == pytest.approx(gpu.true_joules(5000.0, fake.now()), abs=2e-3)
        assert pynvml.nvmlDeviceGetPowerUsage(handle) == gpu.true_watts(fake.now()) * 1000


def test_the_truth_of_a_wave_is_its_plain_sum(fake: FakeNvml) -> None:
    """One period of 400 W and 200 W between stretches of 100 W, added up by hand."""
    gpu = fake.add(watts=100.0)
    gpu.square_wave(400.0, 200.0, 1.0, start=5001.0, end=5003.0)
    assert gpu.true_joules(5000.0, 5004.0) == pytest.approx(100 + 400 + 200 + 100)
    assert gpu.true_joules(5001.5, 5002.5) == pytest.approx(300)


def test_the_counter_moves_only_at_its_ticks(fake: FakeNvml) -> None:
    """Between two ticks it stands still, also across a change of power, and at a tick it holds the energy up to it."""
    gpu = fake.add(watts=100.0)
    gpu.set_ticks(counter_ms=100, phase_ms=30)
    handle = _handle()
    fake.advance(0.04)
    begin = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    fake.advance(0.05)
    gpu.set_power(500.0)
    fake.advance(0.03)
    assert pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) == begin
    fake.advance(0.02)
    after = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle)
    assert (after - begin) / 1000 == pytest.approx(gpu.true_joules(5000.03, 5000.13), abs=2e-3)


def test_another_process_sees_live_changes(fake: FakeNvml) -> None:
    """A process started with `environment` reads what this one has just set, and its calls are counted here."""
    gpu = fake.add(watts=123.0, power_tick_ms=0)
    gpu.fail(Call.ENERGY, NOT_SUPPORTED)
    program = (
        "import pynvml; pynvml.nvmlInit(); h = pynvml.nvmlDeviceGetHandleByIndex(0)\n"
        "print(pynvml.nvmlDeviceGetUUID(h), pynvml.nvmlDeviceGetPowerUsage(h), flush=True); input()\n"
        "print(pynvml.nvmlDeviceGetPowerUsage(h))\n"
        "try: pynvml.nvmlDeviceGetTotalEnergyConsumption(h)\n"
        "except pynvml.NVMLError as e: print(e)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        env=fake.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == f"{gpu.uuid} 123000\n"
        gpu.set_power(321.0)
        other.stdin.write("\n")
        other.stdin.close()
        assert other.stdout.read() == "321000\nNot Supported\n"
    assert gpu.calls(Call.POWER) == 2


def test_the_real_clock_drives_it_unless_frozen(fake: FakeNvml) -> None:
    """Thawed, two reads of the counter differ by what was consumed between them, to within the calls' own time."""
    fake.thaw()
    gpu = fake.add(watts=300.0, tick_ms=0)
    handle = _handle()
    before = fake.now()
    first = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
    between = fake.now()
    while fake.now() < between + 0.05:
        pass
    last = fake.now()
    second = pynvml.nvmlDeviceGetTotalEnergyConsumption(handle) / 1000
    after = fake.now()
    assert gpu.true_joules(between, last) - 2e-3 <= second - first <= gpu.true_joules(before, after) + 2e-3


# Processes.


def test_samples_are_summed_up_over_the_time_asked_for(fake: FakeNvml) -> None:
    """One row per process with its part of all samples since and its newest stamp; without one, NOT_FOUND."""
    gpu = fake.add()
    handle = _handle()
    for pid, percent in ((101, 100), (102, 100), (101, 50), (0xFFFFFFFF, 0)):
        fake.advance(0.25)
        gpu.processes.sample(pid, percent)
    first, second, third = pynvml.nvmlDeviceGetProcessUtilization(handle, 0)
    assert (first.pid, first.smUtil, first.timeStamp) == (101, 37, 5000_750_000)
    assert (second.pid, second.smUtil, second.timeStamp) == (102, 25, 5000_500_000)
    assert third.pid == 0xFFFFFFFF
    later = pynvml.nvmlDeviceGetProcessUtilization(handle, 5000_749_999)[0]
    assert (later.pid, later.smUtil) == (101, 25)
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetProcessUtilization(handle, 5001_000_000)


def test_the_first_call_names_the_room_for_a_whole_ring_whatever_is_in_it(fake: FakeNvml) -> None:
    """A caller without a buffer, or with one too small, is told INSUFFICIENT_SIZE; the second call says the truth."""
    gpu = fake.add()
    handle, room = _handle(), ctypes.c_uint(0)
    ask = pynvml._nvmlGetFunctionPointer("nvmlDeviceGetProcessUtilization")
    assert ask(handle, None, ctypes.byref(room), ctypes.c_ulonglong(0)) == pynvml.NVML_ERROR_INSUFFICIENT_SIZE
    assert room.value == 100
    gpu.processes.sample(101)
    gpu.processes.sample(102)
    rows, room = (pynvml.c_nvmlProcessUtilizationSample_t * 1)(), ctypes.c_uint(1)
    assert ask(handle, rows, ctypes.byref(room), ctypes.c_ulonglong(0)) == pynvml.NVML_ERROR_INSUFFICIENT_SIZE
    assert room.value == 2


def test_the_ring_forgets_its_oldest_samples(fake: FakeNvml) -> None:
    """After a hundred newer ones a process was never seen."""
    gpu = fake.add()
    gpu.processes.sample(101)
    for _ in range(100):
        fake.advance(0.1)
        gpu.processes.sample(102)
    assert [row.pid for row in pynvml.nvmlDeviceGetProcessUtilization(_handle(), 0)] == [102]


def test_an_instance_answers_for_itself_and_its_board_for_all(fake: FakeNvml) -> None:
    """UUID, size and processes are its own; with MIG there is no utilisation; a destroyed one's handle is invalid."""
    gpu = fake.add()
    gpu.split("MIG-a", "", Slice("MIG-c", compute_slices=3, multiprocessors=42, gpu_slices=3))
    gpu.processes.start(101, memory=2**20, place=0)
    gpu.processes.start(103, place=2)
    board = _handle()
    third = pynvml.nvmlDeviceGetMigDeviceHandleByIndex(board, 2)
    attributes = pynvml.nvmlDeviceGetAttributes_v2(third)
    assert pynvml.nvmlDeviceGetUUID(third) == "MIG-c"
    assert (attributes.computeInstanceSliceCount, attributes.multiprocessorCount) == (3, 42)
    assert [each.pid for each in pynvml.nvmlDeviceGetComputeRunningProcesses(third)] == [103]
    assert [each.pid for each in pynvml.nvmlDeviceGetComputeRunningProcesses(board)] == [101, 103]
    with pytest.raises(pynvml.NVMLError_NotFound):
        pynvml.nvmlDeviceGetMigDeviceHandleByIndex(board, 1)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetProcessUtilization(board, 0)
    with pytest.raises(pynvml.NVMLError_NotSupported):
        pynvml.nvmlDeviceGetUtilizationRates(board)
    gpu.split("MIG-a")
    with pytest.raises(pynvml.NVMLError_InvalidArgument):
        pynvml.nvmlDeviceGetUUID(third)
