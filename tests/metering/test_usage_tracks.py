"""Usage over time: what a gauge shows now, and its mean over an interval; silence is a gap."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.metering.usage_tracks import UsageTracks
from exporter.usage.source import Gauge, UsageReading

CPU = Gauge.CPU_UTILIZATION
GPU = Gauge.GPU_UTILIZATION


@pytest.fixture
def tracks() -> UsageTracks:
    """Forgets what is older than three seconds."""
    return UsageTracks(stale_seconds=3.0)


def feed(tracks: UsageTracks, readings: list[tuple[float, float]], gauge: Gauge = CPU, device: str = "") -> None:
    """Feed one gauge: time and value."""
    for time, value in readings:
        tracks.feed(time, UsageReading(gauge, value, device=device))


def test_value_stands_for_the_time_since_the_read_before(tracks: UsageTracks) -> None:
    """Utilisation read at t is what was used since the read before it."""
    feed(tracks, [(0.0, 0.9), (1.0, 0.2), (2.0, 0.6)])

    assert tracks.mean(CPU, 0.0, 1.0) == pytest.approx(0.2)
    assert tracks.mean(CPU, 0.0, 2.0) == pytest.approx(0.4)
    assert tracks.mean(CPU, 0.5, 1.5) == pytest.approx(0.4)


@given(values=st.lists(st.floats(0.0, 1.0), min_size=2, max_size=30), where=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_mean_lies_between_what_was_read(values: list[float], where: tuple[float, float]) -> None:
    """A mean over any part of the track is within the least and the greatest value."""
    tracks = UsageTracks(3.0)
    feed(tracks, [(float(second), value) for second, value in enumerate(values)])
    begin, end = sorted(share * (len(values) - 1) for share in where)
    mean = tracks.mean(CPU, begin, end)

    if end - begin > 1e-6:
        assert mean is not None
        assert min(values) - 1e-6 <= mean <= max(values) + 1e-6


def test_interval_between_two_reads_is_answered_by_the_later(tracks: UsageTracks) -> None:
    """A piece of work shorter than the period has the usage of the read after it."""
    feed(tracks, [(0.0, 0.1), (1.0, 0.5)])

    assert tracks.mean(CPU, 0.2, 0.4) == pytest.approx(0.5)


def test_nothing_observed_is_none(tracks: UsageTracks) -> None:
    """Neither an unknown gauge, nor one read once, nor a time after the last read has a mean."""
    assert tracks.mean(CPU, 0.0, 1.0) is None
    feed(tracks, [(5.0, 0.5)])
    assert tracks.mean(CPU, 0.0, 10.0) is None
    feed(tracks, [(6.0, 0.5)])
    assert tracks.mean(CPU, 7.0, 9.0) is None
    assert tracks.mean(CPU, 0.0, 1.0) is None


def test_silence_is_a_gap_and_not_the_last_value(tracks: UsageTracks) -> None:
    """A gauge that fell silent and came back leaves the silence out of its mean."""
    feed(tracks, [(0.0, 0.2), (1.0, 0.2), (61.0, 1.0), (62.0, 1.0)])

    assert tracks.mean(CPU, 0.0, 62.0) == pytest.approx((0.2 + 1.0) / 2)
    assert tracks.mean(CPU, 10.0, 50.0) is None


def test_zero_is_a_value(tracks: UsageTracks) -> None:
    """An idle GPU used nothing, which is not the same as unknown."""
    feed(tracks, [(0.0, 0.0), (1.0, 0.0)], GPU, "GPU-0")

    assert tracks.mean(GPU, 0.0, 1.0, device="GPU-0") == 0.0


def test_devices_are_kept_apart(tracks: UsageTracks) -> None:
    """Each GPU has its own track, and one without readings has none."""
    feed(tracks, [(0.0, 0.1), (1.0, 0.1)], GPU, "GPU-0")
    feed(tracks, [(0.0, 0.9), (1.0, 0.9)], GPU, "GPU-1")

    assert tracks.devices(GPU) == ["GPU-0", "GPU-1"]
    assert tracks.mean(GPU, 0.0, 1.0, device="GPU-1") == pytest.approx(0.9)
    assert tracks.mean(GPU, 0.0, 1.0, device="GPU-2") is None


def test_latest_is_only_what_was_read_recently(tracks: UsageTracks) -> None:
    """A gauge that fell silent is shown no more."""
    feed(tracks, [(0.0, 0.5)])
    feed(tracks, [(2.0, 0.7)], GPU, "GPU-0")

    assert [reading.value for reading in tracks.latest(3.0)] == [0.5, 0.7]
    assert [reading.value for reading in tracks.latest(4.0)] == [0.7]
    assert tracks.latest(5.1) == []


def test_component_tells_two_temperatures_apart(tracks: UsageTracks) -> None:
    """A GPU's temperature is not the CPU's, though both be device 0."""
    for time in (0.0, 1.0):
        tracks.feed(time, UsageReading(Gauge.TEMPERATURE, 50.0, "cpu", "0"))
        tracks.feed(time, UsageReading(Gauge.TEMPERATURE, 80.0, "gpu", "0"))

    assert tracks.mean(Gauge.TEMPERATURE, 0.0, 1.0, component="gpu", device="0") == 80.0


def test_limits_are_shown_and_not_averaged(tracks: UsageTracks) -> None:
    """A power limit has a present value and no mean."""
    feed(tracks, [(0.0, 700.0), (1.0, 700.0)], Gauge.GPU_POWER_LIMIT, "GPU-0")

    assert [reading.value for reading in tracks.latest(1.0)] == [700.0]
    assert tracks.mean(Gauge.GPU_POWER_LIMIT, 0.0, 1.0, device="GPU-0") is None


def test_read_that_goes_back_in_time_changes_no_mean(tracks: UsageTracks) -> None:
    """Two reads at one moment are one."""
    feed(tracks, [(0.0, 0.5), (1.0, 0.5), (1.0, 0.9)])

    assert tracks.mean(CPU, 0.0, 1.0) == pytest.approx(0.5)


def test_memory_is_bounded(tracks: UsageTracks) -> None:
    """Weeks of readings take the memory of minutes, and a recent mean is still exact."""
    feed(tracks, [(float(second), second % 2) for second in range(20_000)])

    assert max(len(steps) for sources in tracks._steps.values() for steps in sources.values()) <= 512
    assert tracks.mean(CPU, 19_900.0, 19_998.0) == pytest.approx(0.5)


def test_no_gauge_changes_between_two_reads(tracks: UsageTracks) -> None:
    """Where an interval lies between two reads next to each other, they are told; across a read there are none."""
    feed(tracks, [(0.0, 0.9), (1.0, 0.2), (2.0, 0.6)])

    assert tracks.step_around(1.0, 1.7) == (1.0, 2.0)
    assert tracks.step_around(0.9, 1.1) is None
    assert tracks.step_around(1.5, 2.5) is None
