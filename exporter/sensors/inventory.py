"""The one list of every sensor and usage source there is, made for one machine's paths or for one capture."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sensors.capture import Capture
from exporter.sensors.dimm import DimmSensor
from exporter.sensors.estimator import Estimator
from exporter.sensors.hwmon import HwmonSensor
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.sensor import NvmlSensor
from exporter.sensors.nvml.usage import NvmlUsage
from exporter.sensors.predicted import PredictedSensor
from exporter.sensors.rapl import RaplSensor
from exporter.sensors.replay import ReplaySensor, ReplayUsage
from exporter.sensors.sensor import Sensor
from exporter.sensors.tdp import TdpSensor
from exporter.usage.host import Cpus, HostUsage, cpu_identity
from exporter.usage.patience import PatientSource
from exporter.usage.source import UsageSource
from exporter.usage.thermal import ThermalSource

# Slower than the counter's own tick of 100 ms and no multiple of it: successive reads see the tick at other ages,
# which is what lets the meter place it (exporter.metering.fusion).
GPU_COUNTER_SECONDS = 0.12


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that can be asked, none of it asked yet; sensors strongest first."""

    sensors: Sequence[Sensor]
    usage: Sequence[UsageSource]
    cpus: Cpus
    capture: Capture | None = None  # what is played instead of this machine
    library: NvmlLibrary | None = None

    def gpus(self) -> Sequence[Gpu]:
        """What the GPUs are, as far as discovered."""
        if self.capture is not None:
            return self.capture.header.gpus
        return [] if self.library is None else [device.gpu for device in self.library.devices]


def take_inventory(
    sysfs: Path,
    procfs: Path,
    *,
    replay: Capture | None = None,
    tdp_watts: float | None = None,
    library: NvmlLibrary | None = None,
    estimator: Estimator | None = None,
) -> Inventory:
    """The sensors and sources of the machine whose /sys and /proc these are, or of a capture in its place.

    `tdp_watts` is for CPUs that the catalogue does not know; `library` stands for the NVIDIA driver in tests;
    `estimator` predicts power in place of this version's own models.
    """
    if replay is not None:
        sensor = ReplaySensor(replay)
        return Inventory([sensor], [ReplayUsage(sensor)], replay.header.cpu or Cpus("", 1, 0), capture=replay)
    library = library or NvmlLibrary()
    sensors: list[Sensor] = [
        RaplSensor(sysfs),
        NvmlSensor(library, counter_period=GPU_COUNTER_SECONDS),
        HwmonSensor(sysfs),
        # After NVML, which lists the GPUs whose utilisation it asks.
        PredictedSensor(procfs, sysfs, estimator, library=library, tdp_watts=tdp_watts),
        DimmSensor(sysfs, procfs),
        TdpSensor(procfs, sysfs, tdp_watts=tdp_watts),
    ]
    # A driver may hang, and the tick that reads usage must not.
    usage: list[UsageSource] = [HostUsage(procfs), ThermalSource(sysfs), PatientSource(NvmlUsage(library))]
    return Inventory(sensors, usage, cpu_identity(procfs, sysfs), library=library)


def build_sensors(
    sysfs: Path, procfs: Path, *, replay: Capture | None = None, tdp_watts: float | None = None
) -> list[Sensor]:
    """Only the sensors of `take_inventory`."""
    return list(take_inventory(sysfs, procfs, replay=replay, tdp_watts=tdp_watts).sensors)
