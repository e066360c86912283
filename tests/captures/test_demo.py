"""The capture that is shipped: small, simulated and said to be so, and made by the script beside this test."""

import gzip
import importlib.util
from pathlib import Path

import pytest

from exporter.metering.meters import make_meter
from exporter.sensors.capture import SHIPPED, Capture
from exporter.sensors.replay import ReplaySensor
from joulecast.component import Component, SeriesKey, is_node_part

DEMO = SHIPPED / "demo.jsonl.gz"
SCRIPT = Path(__file__).with_name("make_demo.py")


def test_the_demo_is_what_its_script_makes(tmp_path: Path) -> None:
    """The committed file holds nothing that cannot be made again."""
    spec = importlib.util.spec_from_file_location("make_demo", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    script.main(tmp_path / "demo.jsonl.gz")

    assert gzip.decompress((tmp_path / "demo.jsonl.gz").read_bytes()) == gzip.decompress(DEMO.read_bytes())


def test_the_demo_is_small() -> None:
    """Everybody who installs the exporter carries it."""
    assert DEMO.stat().st_size < 100_000


def test_the_demo_is_simulated_and_says_so() -> None:
    """Nobody can take its figures for a real machine's."""
    capture = Capture.load(Path("demo"))

    assert capture.title == "demo (simulated)"
    assert all("simulated" in gpu.model for gpu in capture.header.gpus)


def test_the_demo_is_a_whole_server() -> None:
    """Two packages, their memory and two GPUs, all of them part of node power, over two minutes at 10 Hz."""
    capture = Capture.load(Path("demo"))
    parts = [series.key.component for series in ReplaySensor(capture).discover() if is_node_part(series.key)]

    assert sorted(parts) == sorted([Component.CPU, Component.DRAM, Component.GPU] * 2)
    assert capture.duration_seconds == pytest.approx(120)
    assert capture.period_seconds == pytest.approx(0.1)


def test_no_reading_of_the_demo_is_impossible() -> None:
    """Between two moments no counter gains more than its bound, its wrap included, so the meter refuses none."""
    capture = Capture.load(Path("demo"))
    before: dict[int, float] = {}
    wraps = 0
    for moment in capture.moments:
        for index, joules, _ in moment.readings:
            series = capture.header.series[index]
            if joules is not None and index in before:
                gained = joules - before[index]
                if gained < 0:
                    assert series.range_joules is not None
                    gained += series.range_joules
                    wraps += 1
                assert 0 <= gained <= series.max_watts * 0.1
            if joules is not None:
                before[index] = joules

    assert wraps == 1


def test_the_meter_believes_every_round_of_the_demo() -> None:
    """Played for five minutes through the real meters: a wrap, two beginnings anew, nothing refused, no joule lost."""
    sensor = ReplaySensor(Capture.load(Path("demo")))
    meters = {series: make_meter(series, 0.0) for series in sensor.discover()}
    refused = []
    for tick in range(3001):
        now = tick * 0.1
        refused += [meters[reading.series].feed(now, reading) for reading in sensor.read(now)]

    assert set(refused) == {None}
    package = next(series for series in meters if series.key == SeriesKey(Component.CPU, "0", "package"))
    assert meters[package].curve.joules == pytest.approx(2 * gain_at(120.0) + gain_at(60.0), rel=0.001)


def gain_at(seconds: float) -> float:
    """What the first package has gained by then in the capture, whose one wrap comes before a minute is over."""
    capture = Capture.load(Path("demo"))
    shown = {round(moment.seconds, 1): moment.readings[0].joules for moment in capture.moments}
    begin, end, range_joules = shown[0.0], shown[seconds], capture.header.series[0].range_joules
    assert begin is not None
    assert end is not None
    assert range_joules is not None
    return end - begin + range_joules
