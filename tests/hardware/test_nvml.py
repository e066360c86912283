"""A real NVIDIA GPU: run `pytest -s -m hardware tests/hardware` on a machine that has one, and read what it prints."""

import json
import subprocess
import sys
import time
from itertools import pairwise
from statistics import median

import pytest

pytestmark = pytest.mark.hardware


@pytest.fixture(scope="module")
def found() -> dict[str, dict[str, float]]:
    """What one GPU told, by a process of its own: this one may have the fake library loaded."""
    outcome = subprocess.run([sys.executable, __file__], check=False, capture_output=True, text=True, timeout=100)
    if "SensorAbsent" in outcome.stderr:
        pytest.skip("no NVIDIA GPU here")
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


def test_calls_answer(found: dict[str, dict[str, float]]) -> None:
    """Every question a modern GPU answers, with the median time the driver takes for it."""
    for question, microseconds in found["microseconds"].items():
        print(f"{question:32} {microseconds:9.1f} us")  # noqa: T201 - what this test is for
    assert "energy_joules" in found["microseconds"]


def test_the_counter_ticks_about_every_tenth_of_a_second(found: dict[str, dict[str, float]]) -> None:
    """The period and step of the energy counter, and its ratio to integrated power, are within what is assumed."""
    counter = found["counter"]
    print(counter)  # noqa: T201
    assert counter["tick_seconds"] <= 0.11
    assert 0.5 < counter["joules_by_counter"] / counter["joules_by_power"] < 2


def _watch_counter(seconds: float) -> dict[str, float]:
    """Poll counter and power as fast as they answer."""
    from exporter.sensors.nvml.library import NvmlLibrary

    library = NvmlLibrary()
    library.open()
    device = library.devices[0]
    changes: list[tuple[float, float]] = []
    by_power, last, watts, begin = 0.0, time.monotonic(), device.instant_watts(), time.monotonic()
    while last - begin < seconds:
        joules, now = device.energy_joules(), time.monotonic()
        if not changes or joules != changes[-1][1]:
            changes.append((now, joules))
        by_power, last, watts = by_power + watts * (now - last), now, device.instant_watts()
    ticks = [later - earlier for (earlier, _), (later, _) in pairwise(changes[1:])]  # the first is cut short
    return {
        "tick_seconds": median(ticks),
        "joules_by_counter": changes[-1][1] - changes[0][1],
        "joules_by_power": by_power,
    }


def _time_questions(repeats: int) -> dict[str, float]:
    """Median time of every question that is answered."""
    from exporter.sensors.nvml.library import NvmlLibrary
    from exporter.sensors.nvml.refusal import RefusedError

    library = NvmlLibrary()
    library.open()
    device = library.devices[0]
    took: dict[str, float] = {}
    for name in sorted(name for name in vars(type(device)) if not name.startswith("_")):
        question, times = getattr(device, name), []
        try:
            for _ in range(repeats):
                begin = time.perf_counter()
                question()
                times.append((time.perf_counter() - begin) * 1e6)
        except RefusedError:
            continue
        took[name] = median(times)
    return took


if __name__ == "__main__":
    print(json.dumps({"microseconds": _time_questions(50), "counter": _watch_counter(3.0)}))  # noqa: T201
