"""The capture that is shipped: small, simulated and said to be so, and made by the script beside this test."""

import gzip
import importlib.util
from itertools import pairwise
from pathlib import Path

import pytest

from exporter.metering.meters import make_meter
from exporter.sensors.capture import SHIPPED, Capture
from exporter.sensors.replay import ReplaySensor
from joulecast.component import Component, SeriesKey, is_node_part
from joulecast.demo.round import ROUND_SECONDS

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
    assert DEMO.stat().st_size < 300_000


def test_the_demo_is_simulated_and_says_so() -> None:
    """Nobody can take its figures for a real machine's."""
    capture = Capture.load(Path("demo"))

    assert capture.title == "demo (simulated)"
    assert all("simulated" in gpu.model for gpu in capture.header.gpus)


def test_the_demo_is_a_whole_server() -> None:
    """Two packages, their memory and eight GPUs, all of them part of node power, over a round at 10 Hz."""
    capture = Capture.load(Path("demo"))
    parts = [series.key.component for series in ReplaySensor(capture).discover() if is_node_part(series.key)]

    assert sorted(parts) == sorted([Component.CPU, Component.DRAM] * 2 + [Component.GPU] * 8)
    assert capture.duration_seconds == pytest.approx(ROUND_SECONDS)
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
    played = gain_at(ROUND_SECONDS) + gain_at(300.0 - ROUND_SECONDS)
    assert meters[package].curve.joules == pytest.approx(played, rel=0.001)


def test_everybody_in_the_demo_uses_no_more_than_there_is() -> None:
    """CPU times grow, together by no more than all CPUs could give; each GPU's processes are those it was given to."""
    capture = Capture.load(Path("demo"))
    told = [(moment.seconds, moment.use) for moment in capture.moments if moment.use is not None]
    assert capture.header.cpu is not None
    for (before, earlier), (after, later) in pairwise(told):
        gained = [new - old for old, new in zip(earlier.cpu_seconds, later.cpu_seconds, strict=True)]
        assert min(gained) >= 0
        busy = later.busy_seconds - earlier.busy_seconds
        assert sum(gained) <= busy + 0.1 <= (after - before) * capture.header.cpu.logical_cpus
    for _, use in told:
        for one in use.gpus:
            assert all(one.gpu in capture.header.workloads[number].gpus for number, _ in one.workloads)


def gain_at(seconds: float) -> float:
    """What the first package has gained by then in the capture, whose one wrap comes before two minutes are over."""
    capture = Capture.load(Path("demo"))
    shown = {round(moment.seconds, 1): moment.readings[0].joules for moment in capture.moments}
    begin, end, range_joules = shown[0.0], shown[seconds], capture.header.series[0].range_joules
    assert begin is not None
    assert end is not None
    assert range_joules is not None
    return end - begin + range_joules
