"""Mean usage over an interval: what explains its energy, of the GPUs in scope, and None where nobody looked."""

import pytest

from exporter.intervals.interval import GpuUsage, Usage
from exporter.intervals.mean_usage import UsageMeans, mean_usage
from exporter.metering.usage_tracks import UsageTracks
from exporter.usage.source import Gauge, UsageReading


@pytest.fixture
def tracks() -> UsageTracks:
    """Ten seconds of a host and two GPUs; the second GPU tells no memory."""
    tracks = UsageTracks(3.0)
    for second in range(11):
        for gauge, value, component, device in (
            (Gauge.CPU_UTILIZATION, 0.25, "cpu", ""),
            (Gauge.MEMORY_UTILIZATION, 0.5, "", ""),
            (Gauge.GPU_UTILIZATION, 0.1 * second, "gpu", "GPU-0"),
            (Gauge.GPU_MEMORY_USED, 20e9, "gpu", "GPU-0"),
            (Gauge.GPU_MEMORY_TOTAL, 80e9, "gpu", "GPU-0"),
            (Gauge.GPU_SM_CLOCK, 1.4e9, "gpu", "GPU-0"),
            (Gauge.TEMPERATURE, 61.0, "gpu", "GPU-0"),
            (Gauge.TEMPERATURE, 40.0, "cpu", "GPU-0"),
            (Gauge.GPU_UTILIZATION, 0.0, "gpu", "GPU-1"),
        ):
            tracks.feed(float(second), UsageReading(gauge, value, component, device))
    return tracks


def test_means_of_host_and_gpus(tracks: UsageTracks) -> None:
    """Utilisation, memory, temperature and clock are means over the interval, in base units."""
    usage = mean_usage(tracks, 0.0, 10.0, None)

    assert (usage.cpu_utilization_ratio, usage.memory_utilization_ratio) == (pytest.approx(0.25), pytest.approx(0.5))
    assert usage.gpus[0] == GpuUsage(
        "GPU-0",
        utilization_ratio=pytest.approx(0.55),
        memory_utilization_ratio=pytest.approx(0.25),
        temperature_celsius=pytest.approx(61.0),
        sm_clock_hertz=pytest.approx(1.4e9),
    )


def test_what_a_gpu_does_not_tell_is_none(tracks: UsageTracks) -> None:
    """An idle GPU without memory figures was 0 % busy, and how full it was is unknown."""
    assert mean_usage(tracks, 0.0, 10.0, ("GPU-1",)).gpus == [GpuUsage("GPU-1", utilization_ratio=0.0)]


def test_scope_leaves_other_gpus_out(tracks: UsageTracks) -> None:
    """A job sees the usage of its own GPUs only, and a job without GPUs none."""
    assert [gpu.uuid for gpu in mean_usage(tracks, 0.0, 10.0, ("GPU-0",)).gpus] == ["GPU-0"]
    assert mean_usage(tracks, 0.0, 10.0, ()).gpus == []


def test_nothing_known_is_none() -> None:
    """Without any reading usage is unknown, not zero."""
    assert mean_usage(UsageTracks(3.0), 0.0, 10.0, None) == Usage(None, None, [])


def test_intervals_between_two_reads_share_one_usage(tracks: UsageTracks) -> None:
    """What cannot differ is looked up once, by scope; an interval across a read has means of its own."""
    means = UsageMeans(tracks)
    shared = means.over(4.1, 4.2, None)

    assert shared is means.over(4.5, 5.0, None)
    assert shared.gpus[0].utilization_ratio == pytest.approx(0.5)
    assert means.over(4.5, 5.0, ("GPU-1",)).gpus == [GpuUsage("GPU-1", utilization_ratio=0.0)]
    assert means.over(4.5, 5.5, None).gpus[0].utilization_ratio == pytest.approx(0.55)
    assert means.over(20.0, 21.0, None) == mean_usage(tracks, 20.0, 21.0, None)
