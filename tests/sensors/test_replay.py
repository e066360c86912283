"""Captures: written and read back, damaged ones told by file and line, and played as if their machine were here."""

import gzip
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from doubles.series import a_counter
from hypothesis import given
from hypothesis import strategies as st

from exporter.sensors.capture import Capture, CaptureError, CaptureWriter
from exporter.sensors.capture_format import Header
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.replay import ReplaySensor, ReplayUsage
from exporter.sensors.sensor import Quantity, Reading, SensorFailed, Series
from exporter.usage.host import Cpus
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance

PACKAGE = a_counter(
    source="/sys/class/powercap/intel-rapl:0/energy_uj",
    max_watts=500.0,
    range_joules=1000.0,
    resolution_joules=6.1e-5,
    update_seconds=0.001,
    relative_error=0.05,
    note="first socket",
)
BOARD = Series(
    key=SeriesKey(Component.GPU, "GPU-1"),
    sensor="nvml",
    provenance=Provenance.INTEGRATED,
    quantity=Quantity.POWER,
    source="nvmlDeviceGetPowerUsage",
    max_watts=1000.0,
    averaging_seconds=1.0,
    is_mean=True,
)
BUSY = UsageReading(Gauge.CPU_UTILIZATION, 0.5, "cpu")
HEADER = Header(
    machine="a test's machine",
    recorded="2026-01-31T12:00:00+00:00",
    simulated=False,
    series=(PACKAGE, BOARD),
    gpus=(Gpu("GPU-1", 0, "NVIDIA L4", "570.1", memory_bytes=24 * 2**30, power_limit_watts=72.0),),
    cpu=Cpus("AMD EPYC 7763 64-Core Processor", 1, 128),
)
# 100 W for 0.4 s, wrapping in the middle; the GPU is silent in the third moment.
MOMENTS: Sequence[tuple[float, Sequence[Reading], Sequence[UsageReading]]] = (
    (0.0, [Reading(PACKAGE, joules=980.0), Reading(BOARD, watts=40.0)], [BUSY]),
    (0.1, [Reading(PACKAGE, joules=990.0), Reading(BOARD, watts=50.0)], []),
    (0.2, [Reading(PACKAGE, joules=0.0)], []),
    (0.3, [Reading(PACKAGE, joules=10.0), Reading(BOARD, watts=70.0)], []),
    (0.4, [Reading(PACKAGE, joules=20.0), Reading(BOARD, watts=80.0)], []),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A short capture."""
    return write(tmp_path / "short.jsonl")


def write(
    path: Path,
    header: Header = HEADER,
    moments: Iterable[tuple[float, Sequence[Reading], Sequence[UsageReading]]] = MOMENTS,
) -> Path:
    """Record moments."""
    writer = CaptureWriter(path, header)
    for seconds, readings, usage in moments:
        writer.write(seconds, readings, usage)
    writer.close()
    return path


def play(sensor: ReplaySensor, now: float) -> dict[str, tuple[float | None, float | None]]:
    """One read, by component."""
    return {reading.series.key.component.value: (reading.joules, reading.watts) for reading in sensor.read(now)}


def damage(path: Path, line: int, text: str) -> Path:
    """Replace one line, counted from 1."""
    lines = path.read_text().splitlines()
    lines[line - 1] = text
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize("name", ["box.jsonl", "box.jsonl.gz"])
def test_a_capture_comes_back_as_it_was_written(tmp_path: Path, name: str) -> None:
    """Header, series, GPUs, CPUs, readings and usage survive the file, compressed or not."""
    capture = Capture.load(write(tmp_path / name))

    assert capture.name == "box"
    assert (capture.header.machine, capture.header.gpus, capture.header.cpu) == (
        HEADER.machine,
        HEADER.gpus,
        HEADER.cpu,
    )
    assert [(one.key, one.range_joules, one.note) for one in capture.header.series] == [
        (one.key, one.range_joules, one.note) for one in HEADER.series
    ]
    assert [moment.seconds for moment in capture.moments] == [0.0, 0.1, 0.2, 0.3, 0.4]
    assert capture.moments[2].readings == ((0, 0.0, None),)
    assert capture.moments[0].usage == (BUSY,)
    assert capture.caveats == ()


def test_every_field_of_a_series_is_kept(path: Path) -> None:
    """A field added to Series is recorded too, or a replay would lose what the meter must know."""
    first = json.loads(path.read_text().splitlines()[0])["series"][0]

    assert set(Series.__dataclass_fields__) - {"key"} <= set(first)


@pytest.mark.parametrize(
    ("line", "text", "message"),
    [
        (1, "{}", "line 1: this is no joulecast capture"),
        (1, "[1]", "line 1: this is no joulecast capture"),
        (1, "not json", "line 1: Expecting value"),
        (1, '{"format": "joulecast-capture", "version": 9}', "line 1: version 9 of the format; this release reads"),
        (1, '{"format": "joulecast-capture", "version": 1}', "line 1: 'simulated' is missing"),
        (3, "{", "line 3: Expecting property name"),
        (3, '{"t": 0.1}', "line 3: 'r' is missing"),
        (3, '{"t": "soon", "r": []}', "line 3: 'soon' is not a finite number"),
        (3, '{"t": 0.1, "r": [[7, 1, null]]}', "line 3: there is no series number 7"),
        (3, '{"t": 0.1, "r": [[0, -1, null]]}', "line 3: -1 is less than 0"),
        (3, '{"t": 0.1, "r": [[0, NaN, null]]}', "line 3: nan is not a finite number"),
        (3, '{"t": 0.1, "r": [[0, 1]]}', "line 3: not enough values to unpack"),
        (4, '{"t": 0.05, "r": []}', "line 4: time goes back from 0.1 to 0.05 s"),
    ],
)
def test_a_damaged_line_is_named(path: Path, line: int, text: str, message: str) -> None:
    """An error names the file, the line and what is wrong with it."""
    damage(path, line, text)

    with pytest.raises(CaptureError) as caught:
        Capture.load(path)
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_what_a_newer_release_records_is_left_out(path: Path) -> None:
    """Unknown fields of a series and unknown gauges do not stop an older release from playing the rest."""
    header = json.loads(path.read_text().splitlines()[0])
    header["series"][0]["colour"] = "blue"
    damage(path, 1, json.dumps(header))
    damage(
        path,
        2,
        '{"t": 0, "r": [], "u": [["fan_hertz", 30, "cpu", "", ""], ["cpu_utilization_ratio", 0.5, "cpu", "", ""]]}',
    )

    assert Capture.load(path).moments[0].usage == (BUSY,)


def test_a_killed_recorder_leaves_a_usable_capture(path: Path) -> None:
    """The last line of a killed recorder has no end: what is before it is played, and a caveat says so."""
    path.write_bytes(path.read_bytes()[:-20])
    capture = Capture.load(path)

    assert len(capture.moments) == len(MOMENTS) - 1
    assert "cut short" in str(capture.caveats[0])
    assert [str(caveat) for caveat in ReplaySensor(capture).caveats()] == [str(capture.caveats[0])]


def test_a_killed_recorder_leaves_a_usable_compressed_capture(tmp_path: Path) -> None:
    """Compressed captures are flushed every second, so that a kill without the trailer loses no more."""
    path = tmp_path / "killed.jsonl.gz"
    writer = CaptureWriter(path, HEADER)
    for second in range(10):
        writer.write(second, [Reading(PACKAGE, joules=second)], [])
    left_by_the_kill = path.read_bytes()
    writer.close()
    path.write_bytes(left_by_the_kill)
    capture = Capture.load(path)

    assert len(capture.moments) >= 9
    assert "cut short" in str(capture.caveats[0])


@pytest.mark.parametrize("content", [b"", b"\x1f\x8b garbage", gzip.compress(b"", mtime=0)])
def test_no_capture_at_all_is_an_error(tmp_path: Path, content: bytes) -> None:
    """Empty files and broken compression are told, with the file's name."""
    path = tmp_path / "broken.jsonl.gz"
    path.write_bytes(content)

    with pytest.raises(CaptureError, match=r"broken\.jsonl\.gz"):
        Capture.load(path)


def test_an_unknown_name_lists_what_is_shipped(tmp_path: Path) -> None:
    """A capture that is not there is told with the ones that are."""
    with pytest.raises(CaptureError, match=r"a shipped one.*demo"):
        Capture.load(Path("no-such-capture"))
    with pytest.raises(CaptureError, match="there is no capture"):
        Capture.load(tmp_path / "demo")


def test_a_directory_of_that_name_does_not_hide_what_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who works beside a directory called demo still gets the demo."""
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)

    assert Capture.load(Path("demo")).header.simulated


def test_the_first_read_is_the_first_moment(path: Path) -> None:
    """Whatever the clock shows, the capture begins at the first read."""
    assert play(ReplaySensor(Capture.load(path)), 123_456.0) == {"cpu": (980.0, None), "gpu": (None, 40.0)}


def test_each_moment_is_played_once(path: Path) -> None:
    """Between two moments there is nothing new: no reading, for a repeated counter would claim no energy was used."""
    sensor = ReplaySensor(Capture.load(path))
    play(sensor, 0.0)

    assert play(sensor, 0.05) == {}
    assert play(sensor, 0.1) == {"cpu": (990.0, None), "gpu": (None, 50.0)}
    assert play(sensor, 0.2) == {"cpu": (0.0, None)}


def test_after_a_pause_the_latest_readings_are_played(path: Path) -> None:
    """A slow caller gets the newest reading of each series, also of one that is silent just then."""
    sensor = ReplaySensor(Capture.load(path))
    play(sensor, 0.0)

    assert play(sensor, 0.25) == {"cpu": (0.0, None), "gpu": (None, 50.0)}


def test_at_the_end_it_begins_again_and_counters_go_on(path: Path) -> None:
    """40 J per round of 0.4 s: the counter continues into the next rounds, wrapping at the recorded range."""
    sensor = ReplaySensor(Capture.load(path))
    play(sensor, 0.0)
    shown = [play(sensor, seconds).get("cpu", (None, None))[0] for seconds in (0.4, 0.5, 0.8, 0.9)]

    assert shown == pytest.approx([20.0, 30.0, 60.0, 70.0])


@given(steps=st.lists(st.floats(0.0, 3.0), min_size=1, max_size=60))
def test_a_played_counter_gains_what_time_passed(tmp_path_factory: pytest.TempPathFactory, steps: list[float]) -> None:
    """However often and however late it is read, a counter of steady 100 W gains 100 J a second, over all its wraps."""
    sensor = ReplaySensor(Capture.load(write(tmp_path_factory.mktemp("capture") / "short.jsonl")))
    now, total = 0.0, 0.0
    before = play(sensor, now)["cpu"][0]
    for step in steps:
        now += step
        shown = play(sensor, now).get("cpu", (before, None))[0]
        assert shown is not None
        assert before is not None
        total += (shown - before) % 1000.0
        before = shown

    assert total == pytest.approx(100.0 * (now // 0.1) * 0.1, abs=10.001)


def test_a_counter_that_was_reset_starts_again_with_each_round(tmp_path: Path) -> None:
    """A counter without a range that went back was reset; each round shows the same, and never a made-up value."""
    board = Series(BOARD.key, "nvml", Provenance.MEASURED, Quantity.COUNTER, "counter", 1000.0)
    header = Header("m", "2026-01-31T12:00:00+00:00", simulated=False, series=(board,))
    moments: list[tuple[float, list[Reading], list[UsageReading]]] = [
        (t, [Reading(board, joules=joules)], []) for t, joules in ((0, 500.0), (1, 510.0), (2, 3.0), (3, 8.0))
    ]
    sensor = ReplaySensor(Capture.load(write(tmp_path / "reset.jsonl", header, moments)))

    assert [play(sensor, now)["gpu"][0] for now in (0, 1, 2, 4)] == [500.0, 510.0, 3.0, 510.0]


def test_a_clock_that_runs_backwards_is_refused(path: Path) -> None:
    """Time before what was played is the caller's mistake."""
    sensor = ReplaySensor(Capture.load(path))
    play(sensor, 10.0)

    with pytest.raises(SensorFailed, match="backwards"):
        play(sensor, 9.0)


def test_replayed_series_keep_what_the_meter_must_know(path: Path) -> None:
    """Provenance, quantity, range and bounds are the recorded sensor's; sensor, source and note tell of the replay."""
    package, board = ReplaySensor(Capture.load(path)).discover()

    assert package.sensor == "replay"
    assert (package.key, package.provenance, package.quantity) == (PACKAGE.key, PACKAGE.provenance, PACKAGE.quantity)
    assert (package.range_joules, package.max_watts, package.relative_error) == (1000.0, 500.0, 0.05)
    assert package.source == "capture short: /sys/class/powercap/intel-rapl:0/energy_uj"
    assert package.note == "recorded rapl of a test's machine; first socket"
    assert (board.averaging_seconds, board.is_mean) == (1.0, True)


def test_a_replayed_counter_is_as_old_as_the_recording_is_slow(path: Path) -> None:
    """A counter that was refreshed each millisecond and recorded at 10 Hz may be 101 ms old when it is played."""
    package, _ = ReplaySensor(Capture.load(path)).discover()

    assert package.update_seconds == pytest.approx(0.101)


def test_rediscovery_hands_out_the_same_series(path: Path) -> None:
    """The meter knows series by identity."""
    sensor = ReplaySensor(Capture.load(path))

    assert all(one is other for one, other in zip(sensor.discover(), sensor.discover(), strict=True))


def test_usage_follows_the_sensor(path: Path) -> None:
    """Usage is that of the moment the sensor has come to; before the first read there is none."""
    sensor = ReplaySensor(Capture.load(path))
    usage = ReplayUsage(sensor)

    assert list(usage.read()) == []

    play(sensor, 0.3)

    assert list(usage.read()) == [BUSY]


def test_old_usage_is_not_repeated(tmp_path: Path) -> None:
    """Where the recording has no usage for long, the last value is not played on: a gap stays a gap."""
    moments = [(float(t), [Reading(PACKAGE, joules=t)], [BUSY] if t == 0 else []) for t in range(20)]
    sensor = ReplaySensor(Capture.load(write(tmp_path / "gap.jsonl", moments=moments)))
    play(sensor, 0.0)
    play(sensor, 12.0)

    assert list(ReplayUsage(sensor).read()) == []


def test_a_simulated_capture_says_so_wherever_a_person_looks(tmp_path: Path) -> None:
    """In the source and note of every series, in the caveats, and in the model names that become labels."""
    header = Header(
        HEADER.machine, HEADER.recorded, simulated=True, series=HEADER.series, gpus=HEADER.gpus, cpu=HEADER.cpu
    )
    capture = Capture.load(write(tmp_path / "made-up.jsonl", header))
    sensor = ReplaySensor(capture)

    assert capture.title == "made-up (simulated)"
    assert all("(simulated)" in series.source and series.note.startswith("simulated") for series in sensor.discover())
    assert "simulated" in str(sensor.caveats()[0])
    assert capture.header.gpus[0].model == "NVIDIA L4 (simulated)"
    assert capture.header.cpu is not None
    assert capture.header.cpu.model.endswith("(simulated)")
