"""The NVIDIA driver's library in this process: opened, listed, opened again after a driver reload."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from exporter.sensors.nvml import mig
from exporter.sensors.nvml.device import NvmlDevice
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.refusal import (
    DRIVER_NOT_LOADED,
    LIBRARY_NOT_FOUND,
    LIBRARY_OLDER_THAN_DRIVER,
    NO_PERMISSION,
    RefusedError,
    refusal,
)
from exporter.sensors.sensor import SensorAbsent, SensorDenied, SensorFailed
from joulecast.errors import JoulecastError

_GRANT = (
    "let the exporter's user read and write /dev/nvidiactl and /dev/nvidia*, "
    "or give its container the GPUs with NVIDIA_DRIVER_CAPABILITIES=utility"
)


def _pynvml() -> Any:
    import pynvml

    return pynvml


class NvmlLibrary:
    """NVML and the GPUs it found when it was last opened; shared by the sensor that opens it and by the usage source.

    `devices` is a new tuple after every opening, so whoever keeps something per device sees by identity when to forget.
    """

    def __init__(self, load: Callable[[], Any] = _pynvml) -> None:
        self.devices: tuple[NvmlDevice, ...] = ()
        self.problems: tuple[JoulecastError, ...] = ()  # the GPUs that are there and cannot be asked
        self._load = load
        self._nvml: Any = None
        self._was_open = False

    def open(self) -> None:
        """Initialise anew and list the GPUs; handles from before a driver reload are worth nothing.

        Raises SensorAbsent, SensorDenied or SensorFailed.
        """
        self.close()
        try:
            nvml = self._load()
        except ImportError as error:
            raise SensorAbsent("no NVML bindings for Python", "pip install 'joulecast[exporter]'") from error
        try:
            nvml.nvmlInit()
        except nvml.NVMLError as error:
            raise self._why_not(error) from error
        self._nvml = nvml
        self._was_open = True
        self._list(nvml)

    def close(self) -> None:
        """Let the driver go; harmless twice, and when the driver is gone already."""
        nvml, self._nvml = self._nvml, None
        self.devices = self.problems = ()
        if nvml is None:
            return
        try:
            nvml.nvmlShutdown()
        except nvml.NVMLError:
            return  # it went before us, which is why we are called

    def _list(self, nvml: Any) -> None:
        devices: list[NvmlDevice] = []
        problems: list[JoulecastError] = []
        try:
            driver = str(nvml.nvmlSystemGetDriverVersion())
            count = int(nvml.nvmlDeviceGetCount())
        except nvml.NVMLError as error:
            raise SensorFailed(f"NVML cannot list the GPUs ({error})") from error
        for index in range(count):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
                gpu = Gpu(str(nvml.nvmlDeviceGetUUID(handle)), index, _model(nvml, handle), driver)
            except nvml.NVMLError as error:
                problems.append(_unusable(index, refusal(error)))
                continue
            devices.append(NvmlDevice(nvml, handle, _details(nvml, handle, gpu)))
        self.devices, self.problems = tuple(devices), tuple(problems)

    def _why_not(self, error: Any) -> JoulecastError:
        if error.value == LIBRARY_NOT_FOUND:
            return SensorAbsent("no NVIDIA driver library")
        if error.value == NO_PERMISSION:
            return SensorDenied("the NVIDIA driver refuses this user", _GRANT)
        if error.value == LIBRARY_OLDER_THAN_DRIVER:
            return SensorFailed(
                "the NVIDIA driver is not of its library's version",
                "restart the exporter after a driver upgrade, or reboot",
            )
        if error.value == DRIVER_NOT_LOADED and not self._was_open:
            return SensorAbsent("the NVIDIA driver is not loaded", "if this machine has a GPU: modprobe nvidia")
        return SensorFailed(f"NVML does not start ({error})", "look at dmesg for NVRM lines")


def _unusable(index: int, error: RefusedError) -> JoulecastError:
    if error.reason == "denied":
        return SensorDenied(f"GPU {index} refuses this user", _GRANT)
    if error.reason == "lost":
        return SensorFailed(
            f"GPU {index} is lost", "reset it (nvidia-smi --gpu-reset) or reboot; see dmesg for its Xid"
        )
    return SensorFailed(f"GPU {index} does not answer ({error})", "look at dmesg for NVRM Xid lines")


def _model(nvml: Any, handle: Any) -> str:
    try:
        return str(nvml.nvmlDeviceGetName(handle))
    except UnicodeDecodeError:  # seen on boards with a broken infoROM
        return "unknown"


def _details(nvml: Any, handle: Any, gpu: Gpu) -> Gpu:
    """The same GPU with what else the driver tells about it; each missing part stays unknown."""
    device = NvmlDevice(nvml, handle, gpu)
    with suppress(nvml.NVMLError):
        gpu = replace(gpu, pci_bus_id=str(nvml.nvmlDeviceGetPciInfo(handle).busId))
    with suppress(RefusedError):
        gpu = replace(gpu, memory_bytes=device.memory_bytes()[1])
    with suppress(RefusedError):
        gpu = replace(gpu, power_limit_watts=device.power_limit_watts())
    return replace(gpu, mig_uuids=_mig_uuids(device))


def _mig_uuids(device: NvmlDevice) -> tuple[str, ...]:
    """Of the instances of a board split by MIG; none where it is whole or cannot be split."""
    try:
        return tuple(each.uuid for each in mig.instances(device)) if mig.is_split(device) else ()
    except RefusedError:
        return ()
