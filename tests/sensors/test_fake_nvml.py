"""The fake driver tells the truth: what its library answers is what its controller says was consumed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pynvml
import pytest
from doubles.fake_nvml import NOT_SUPPORTED, Call, FakeNvml


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
