"""How busy NVIDIA GPUs are: utilisation, memory, temperatures, clocks, power limit, and what slows them."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

from exporter.sensors.nvml.device import NvmlDevice
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.refusal import RefusedError
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component

# nvml.h, nvmlClocksEventReasons; the bits left out say that somebody wants it so (idle, application clocks).
SLOWDOWNS = {
    "power_cap": 0x04,
    "hardware": 0x08,
    "sync_boost": 0x10,
    "thermal": 0x20,
    "hardware_thermal": 0x40,
    "power_brake": 0x80,
}

_Question = Callable[[], Iterable[UsageReading]]


class NvmlUsage:
    """Implements `UsageSource` for the GPUs that an `NvmlLibrary` lists, as long as a sensor keeps it open.

    What a GPU does not support is not asked again until the library is opened anew.
    """

    name = "nvml"

    def __init__(self, library: NvmlLibrary) -> None:
        self._library = library
        self._devices: tuple[NvmlDevice, ...] = ()
        self._questions: list[list[_Question]] = []

    def read(self) -> Iterator[UsageReading]:
        """Everything the GPUs tell now; of a lost one, nothing."""
        devices = self._library.devices
        if devices is not self._devices:
            self._devices = devices
            self._questions = [_questions(device) for device in devices]
        for questions in self._questions:
            yield from _ask(questions)


class NvmlUtilization:
    """Only the utilisation of the GPUs that are listed now and tell it: what power is predicted from."""

    name = "nvml-utilization"

    def __init__(self, library: NvmlLibrary) -> None:
        self._library = library

    def read(self) -> Iterator[UsageReading]:
        """One reading for each."""
        for device in self._library.devices:
            try:
                utilization = device.utilization_ratio()
            except RefusedError:
                continue
            yield UsageReading(Gauge.GPU_UTILIZATION, utilization, Component.GPU, device.gpu.uuid)


def _ask(questions: list[_Question]) -> Iterator[UsageReading]:
    for question in tuple(questions):
        try:
            yield from question()
        except RefusedError as refusal:
            if refusal.reason == "not_supported":
                questions.remove(question)
            elif refusal.reason in {"lost", "driver", "timeout"}:
                return  # the rest would wait for the same answer


def _questions(device: NvmlDevice) -> list[_Question]:
    one = partial(_one, device.gpu.uuid)
    return [
        partial(one, Gauge.GPU_UTILIZATION, device.utilization_ratio),
        partial(_memory, device),
        partial(one, Gauge.TEMPERATURE, device.temperature_celsius, "core"),
        partial(one, Gauge.TEMPERATURE, device.memory_temperature_celsius, "memory"),
        partial(one, Gauge.GPU_SM_CLOCK, device.sm_clock_hertz),
        partial(one, Gauge.GPU_MEMORY_CLOCK, device.memory_clock_hertz),
        partial(one, Gauge.GPU_POWER_LIMIT, device.power_limit_watts),
        partial(_slowdowns, device),
    ]


def _one(uuid: str, gauge: Gauge, ask: Callable[[], float], detail: str = "") -> Iterable[UsageReading]:
    return (UsageReading(gauge, ask(), Component.GPU, uuid, detail),)


def _memory(device: NvmlDevice) -> Iterable[UsageReading]:
    used, total = device.memory_bytes()
    return (
        UsageReading(Gauge.GPU_MEMORY_USED, used, Component.GPU, device.gpu.uuid),
        UsageReading(Gauge.GPU_MEMORY_TOTAL, total, Component.GPU, device.gpu.uuid),
    )


def _slowdowns(device: NvmlDevice) -> Iterable[UsageReading]:
    """One reading per reason, 0 where it does not apply: it was asked, and it is not slowed."""
    bits = device.slowdown_bits()
    return [
        UsageReading(Gauge.GPU_THROTTLED, float(bits & bit != 0), Component.GPU, device.gpu.uuid, reason)
        for reason, bit in SLOWDOWNS.items()
    ]
