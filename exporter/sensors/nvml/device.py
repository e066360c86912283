"""One GPU, asked in base units: what NVML answers in mW, mJ, MHz and percent leaves here as W, J, Hz and ratios."""

from typing import Any

from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.handle import NvmlHandle, first_known
from exporter.sensors.nvml.refusal import RefusedError, refusal, refused
from joulecast.quantities import hertz_from_megahertz, joules_from_millijoules, watts_from_milliwatts

_POWER_INSTANT = (186,)  # NVML_FI_DEV_POWER_INSTANT
_MEMORY_TEMPERATURE = (82,)  # NVML_FI_DEV_MEMORY_TEMP
_MEMBERS = {1: "uiVal", 2: "ulVal", 3: "ullVal", 4: "sllVal", 5: "siVal", 6: "usVal"}  # by nvmlValueType_t

# "No value" arrives as all ones, as a negative number read unsigned, or as the largest signed numbers (0x7ffffff0,
# 0x7ffffffffffffff2). No GPU draws a megawatt, and no counter of millijoules reaches 2^53 in a century.
_NO_POWER = 1 << 30
_NO_ENERGY = 1 << 53
_NO_BYTES = 1 << 60

_PASCAL, _VOLTA, _AMPERE, _UNKNOWN_ARCHITECTURE = 4, 5, 7, 0xFFFFFFFF
_GA100 = 0x20  # the first byte of every GA100 board's PCI device id


class NvmlDevice(NvmlHandle):
    """One GPU behind one handle, valid until the library is opened anew.

    Every question raises RefusedError when there is no answer; what this driver does not know is not asked twice
    where there is an older way to ask.
    """

    def __init__(self, nvml: Any, handle: Any, gpu: Gpu) -> None:
        super().__init__(nvml, handle)
        self.gpu = gpu
        # Bound once: these run for every GPU many times a second.
        self._error = nvml.NVMLError
        self._field_values = nvml.nvmlDeviceGetFieldValues
        self._power_usage = nvml.nvmlDeviceGetPowerUsage
        self._total_energy = nvml.nvmlDeviceGetTotalEnergyConsumption
        self._memory_ways = [self._memory_v2, self._memory_v1]
        self._temperature_ways = [self._temperature_v, self._temperature_old]
        self._slowdown_ways = [
            lambda: int(self.ask("nvmlDeviceGetCurrentClocksEventReasons")),
            lambda: int(self.ask("nvmlDeviceGetCurrentClocksThrottleReasons")),
        ]

    def energy_joules(self) -> float:
        """What was consumed since the driver was loaded."""
        try:
            millijoules = self._total_energy(self._handle)
        except self._error as error:
            raise refusal(error) from None
        if not 0 < millijoules < _NO_ENERGY:
            raise _no_value("the energy counter", millijoules)
        return joules_from_millijoules(millijoules)

    def instant_watts(self) -> float:
        """Power now, not averaged over the second before."""
        return _watts(self._field(_POWER_INSTANT))

    def usual_watts(self) -> float:
        """Power as every driver tells it; the mean of `usual_averaging_seconds`."""
        try:
            return _watts(self._power_usage(self._handle))
        except self._error as error:
            raise refusal(error) from None

    def usual_averaging_seconds(self) -> float:
        """1 s on Ampere (except GA100) and newer, none before (nvml.h, nvmlDeviceGetPowerUsage)."""
        architecture = self._architecture()
        if architecture is None or architecture < _AMPERE or (architecture == _AMPERE and self._is_ga100()):
            return 0.0
        return 1.0

    def power_update_seconds(self) -> float:
        """How often the driver refreshes its power reading, as measured board by board in arXiv 2312.02741."""
        return 0.02 if self._architecture() in (_PASCAL, _VOLTA) else 0.1

    def highest_power_limit_watts(self) -> float:
        """The highest limit an administrator may set."""
        return _watts(self.ask("nvmlDeviceGetPowerManagementLimitConstraints")[1])

    def power_limit_watts(self) -> float:
        """The limit in force."""
        return _watts(self.ask("nvmlDeviceGetEnforcedPowerLimit"))

    def utilization_ratio(self) -> float:
        """Share of the last sample period in which a kernel was running."""
        percent = int(self.ask("nvmlDeviceGetUtilizationRates").gpu)
        if not 0 <= percent <= 100:
            raise _no_value("utilisation", percent)
        return percent / 100

    def memory_bytes(self) -> tuple[int, int]:
        """Memory in use and in all; what the driver reserves for itself is not in use where it is told apart."""
        used, total = first_known(self._memory_ways)
        if not 0 <= used <= total < _NO_BYTES or total == 0:
            raise _no_value("memory", total)
        return used, total

    def temperature_celsius(self) -> float:
        """Of the GPU's core."""
        return _celsius(first_known(self._temperature_ways))

    def memory_temperature_celsius(self) -> float:
        """Of its memory, where that has a sensor."""
        return _celsius(self._field(_MEMORY_TEMPERATURE))

    def sm_clock_hertz(self) -> float:
        """Of the multiprocessors."""
        return self._clock(1)

    def memory_clock_hertz(self) -> float:
        """Of the memory."""
        return self._clock(2)

    def slowdown_bits(self) -> int:
        """Why the clocks are below what was asked for: nvml.h, nvmlClocksEventReasons."""
        return first_known(self._slowdown_ways)

    def _architecture(self) -> int | None:
        try:
            architecture = int(self.ask("nvmlDeviceGetArchitecture"))
        except RefusedError:  # an old driver
            return None
        return None if architecture == _UNKNOWN_ARCHITECTURE else architecture

    def _is_ga100(self) -> bool:
        """A100, A30 and their kin: by PCI id, since they share their architecture's number with other chips."""
        try:
            return int(self.ask("nvmlDeviceGetPciInfo").pciDeviceId) >> 24 == _GA100
        except RefusedError:
            return False

    def _clock(self, kind: int) -> float:
        megahertz = int(self.ask("nvmlDeviceGetClockInfo", kind))
        if not 0 <= megahertz < 100_000:
            raise _no_value("a clock", megahertz)
        return hertz_from_megahertz(megahertz)

    def _memory_v2(self) -> tuple[int, int]:
        memory = self.ask("nvmlDeviceGetMemoryInfo", self._nvml.nvmlMemory_v2)
        return int(memory.used), int(memory.total)

    def _memory_v1(self) -> tuple[int, int]:
        memory = self.ask("nvmlDeviceGetMemoryInfo")
        return int(memory.used), int(memory.total)

    def _temperature_v(self) -> int:
        return int(self.ask("nvmlDeviceGetTemperatureV", 0))

    def _temperature_old(self) -> int:
        return int(self.ask("nvmlDeviceGetTemperature", 0))

    def _field(self, ids: tuple[int, ...]) -> int:
        try:
            field = self._field_values(self._handle, ids)[0]
        except self._error as error:
            raise refusal(error) from None
        if field.nvmlReturn:
            raise refused(field.nvmlReturn)
        member = _MEMBERS.get(field.valueType)
        if member is None:
            raise RefusedError("garbage", f"field {ids[0]} holds a value of the unknown type {field.valueType}")
        return int(getattr(field.value, member))


def _watts(milliwatts: int) -> float:
    if not 0 < milliwatts < _NO_POWER:
        raise _no_value("power", milliwatts)
    return watts_from_milliwatts(milliwatts)


def _celsius(degrees: int) -> float:
    if not 0 < degrees < 200:
        raise _no_value("temperature", degrees)
    return float(degrees)


def _no_value(what: str, raw: int) -> RefusedError:
    """A number that stands for no number: zero where nothing real is zero, or a sentinel."""
    return RefusedError("garbage" if raw else "zero", f"{what} shows {raw}, which is not a reading")
