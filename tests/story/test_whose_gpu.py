"""Whose GPU joules: from the samples of a driver through the real command to what a scrape shows."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doubles.crowd import NAMESPACE, Crowd
from doubles.exporter_process import ExporterProcess
from doubles.fake_nvml import FakeGpu, FakeNvml, Slice
from doubles.kubelet_devices import KubeletDevices
from doubles.scrape import Scrape

WATTS = 300.0
GPU_PARTS = (
    "joulecast_container_energy_joules_total",
    "joulecast_idle_energy_joules_total",
    "joulecast_unattributed_energy_joules_total",
    "joulecast_retired_energy_joules_total",
)


@contextmanager
def exporter_on(directory: Path, crowd: Crowd, nvml: FakeNvml) -> Iterator[ExporterProcess]:
    """The exporter on these pods and GPUs; the kubelet's socket is beside it."""
    flags = (*crowd.flags, "--pod-resources", str(directory / "kubelet.sock"), "--period", "0.2")
    with crowd, ExporterProcess(directory, *flags, environment=nvml.environment()) as exporter:
        yield exporter


@contextmanager
def sampled(gpu: FakeGpu, shares: dict[int, float]) -> Iterator[None]:
    """The driver sees each process on the GPU for its share of the time, a hundred times a second."""
    stop = threading.Event()

    def sample() -> None:
        number = 0
        while not stop.wait(0.01):
            number += 1
            place, reached = number * 0.6180339887 % 1, 0.0
            for pid, share in shares.items():
                reached += share
                if place < reached:
                    gpu.processes.sample(pid)
                    break

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()


def charged(scrape: Scrape, pod: str) -> float:
    """GPU joules of a pod."""
    return scrape.value(GPU_PARTS[0], pod=pod, namespace=NAMESPACE, component="gpu") or 0.0


def assert_balanced(scrape: Scrape) -> None:
    """The parts of the GPUs are the GPUs."""
    whole = sum(line.value for line in scrape.samples("joulecast_energy_joules_total", component="gpu"))
    parts = sum(line.value for name in GPU_PARTS for line in scrape.samples(name, component="gpu"))
    assert parts == pytest.approx(whole, rel=1e-9)


def gained(exporter: ExporterProcess, pods: tuple[str, ...], seconds: float) -> tuple[dict[str, float], float]:
    """What each pod, and the GPU, gained over a while that began when all of them were on the bill."""
    exporter.until(lambda: all(charged(exporter.metrics(), pod) > 0 for pod in pods))
    before = exporter.metrics()
    time.sleep(seconds)
    after = exporter.metrics()
    assert_balanced(after)
    device = sum(scrape.samples("joulecast_energy_joules_total", component="gpu")[0].value * sign
                 for scrape, sign in ((after, 1), (before, -1)))  # fmt: skip
    return {pod: charged(after, pod) - charged(before, pod) for pod in pods}, device


def test_seventy_to_thirty_on_one_gpu(tmp_path: Path) -> None:
    """Two pods whose processes the driver sees 70 : 30 are charged 70 : 30, and together the device, once."""
    with FakeNvml.build(tmp_path) as nvml:
        gpu = nvml.add(watts=WATTS)
        gpu.set_usage(utilization=100)
        crowd = Crowd(tmp_path, {"large": 0.1, "small": 0.1})
        for pid, pod in ((4001, "large"), (4002, "small")):
            crowd.run(pod, pid)
            gpu.processes.start(pid)
        with sampled(gpu, {4001: 0.7, 4002: 0.3}), exporter_on(tmp_path, crowd, nvml) as exporter:
            shares, device = gained(exporter, ("large", "small"), 5.0)
            scrape = exporter.metrics()

    assert shares["large"] == pytest.approx(0.7 * device, rel=0.05)
    assert shares["small"] == pytest.approx(0.3 * device, rel=0.05)
    assert scrape.value("joulecast_gpu_attribution_info", uuid=gpu.uuid, method="process_utilization") == 1.0


def test_seven_slices_are_their_parent(tmp_path: Path) -> None:
    """A GPU in seven slices with a pod in each: every pod shows a seventh, and no pod the whole device."""
    pods = tuple(f"pod-{place}" for place in range(7))
    with FakeNvml.build(tmp_path) as nvml:
        gpu = nvml.add(watts=WATTS)
        gpu.split(*(Slice(f"MIG-{place}", multiprocessors=16) for place in range(7)))
        crowd = Crowd(tmp_path, dict.fromkeys(pods, 0.1))
        for place, pod in enumerate(pods):
            crowd.run(pod, 4000 + place)
            gpu.processes.start(4000 + place, place=place)
        with exporter_on(tmp_path, crowd, nvml) as exporter:
            shares, device = gained(exporter, pods, 3.0)

    assert sum(shares.values()) == pytest.approx(device, rel=0.01)
    assert max(shares.values()) == pytest.approx(device / 7, rel=0.01)


def test_a_gpu_that_is_held_and_idle_is_told_of_its_holder(tmp_path: Path) -> None:
    """A pod that holds a GPU and lets it rest is told what that cost, beside the balance."""
    with FakeNvml.build(tmp_path) as nvml, KubeletDevices(tmp_path / "kubelet.sock") as devices:
        gpu = nvml.add(watts=60.0)
        devices.give("hoarder", "main", "nvidia.com/gpu", gpu.uuid, namespace=NAMESPACE)
        crowd = Crowd(tmp_path, {"hoarder": 0.1})
        with exporter_on(tmp_path, crowd, nvml) as exporter:
            name = "joulecast_container_gpu_allocated_idle_joules_total"
            exporter.until(lambda: (exporter.metrics().value(name, pod="hoarder", container="main") or 0.0) > 60.0)
            scrape = exporter.metrics()

    assert_balanced(scrape)
    assert charged(scrape, "hoarder") == 0.0
