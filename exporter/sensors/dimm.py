"""Main memory by formula, where no DRAM energy counter exists: the sum over the modules of 1/2 C V^2 f.

Sanchez-Mompo et al., "Green MLOps to Green GenOps", Information 2025, Sec. 5.1: V and f come from the firmware's
list of modules and C is a fixed constant, which the paper does not state. Ours is `MODULE_FARADS`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter.sensors.sensor import Quantity, Reading, SensorAbsent, SensorDenied, SensorFailed, Series
from exporter.sensors.smbios import MemoryModule, SmbiosError, read_memory_modules
from exporter.usage.host import is_virtual, memory_bytes
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance
from joulecast.quantities import BYTES_PER_MEBIBYTE

# The effective switched capacitance of one module, refresh and leakage folded in. Chosen so that the formula meets
# what was measured and what others assume for one module in use: it gives 2.7 W for DDR4-2133 at 1.2 V (measured:
# 3.0 W for 8 GB, Tom's Hardware 2014), 4.0 W for DDR4-3200 at 1.2 V and 5.1 W for DDR5-4800 at 1.1 V (CodeCarbon 3
# takes 5 W for any server module). Capacity is not in the formula, nor is load: hence +-50 %.
MODULE_FARADS = 3.5e-9
KNOWN_MODULES_RELATIVE_ERROR = 0.5
ASSUMED_MODULES_RELATIVE_ERROR = 0.75

# JEDEC supply voltages, and a common speed, for what the firmware leaves out.
_DEFAULTS = {  # volts, transfers per second
    "DDR": (2.5, 400e6),
    "DDR2": (1.8, 800e6),
    "DDR3": (1.5, 1600e6),
    "DDR4": (1.2, 2933e6),
    "DDR5": (1.1, 4800e6),
    "LPDDR4": (1.1, 4266e6),
    "LPDDR5": (0.5, 6400e6),  # the I/O rail, on which most of its power is spent
}
_UNKNOWN_TYPE = "DDR4"

# Where no module is listed: one of these for every 32 GiB, in proportion, as a virtual machine holds a slice of its
# host's modules. No more than 32: beyond 1 TiB a machine has larger modules, not more slots.
_ASSUMED_BYTES = 32 * 1024 * BYTES_PER_MEBIBYTE
_ASSUMED = MemoryModule("", "", "DDR4", _ASSUMED_BYTES, 2933e6, 1.2)
_MOST_ASSUMED = 32.0


@dataclass(frozen=True, slots=True)
class MemoryEstimate:
    """The outcome of the model for one machine."""

    watts: float
    relative_error: float
    source: str
    note: str


class DimmSensor:
    """One series for all modules together: a constant power, found once at discovery."""

    name = "dimm"

    def __init__(self, sysfs: Path, procfs: Path) -> None:
        self._sysfs = sysfs
        self._procfs = procfs
        self._series: Series | None = None
        self._watts = 0.0
        self._caveats: list[JoulecastError] = []

    def discover(self) -> Sequence[Series]:
        """The series "dimms". Raises SensorAbsent where not even the size of the memory is known."""
        self._caveats = []
        if self._series is None:
            estimate = self._estimate()
            self._watts = estimate.watts
            self._series = Series(
                key=SeriesKey(Component.DRAM, "dimms"),
                sensor=self.name,
                provenance=Provenance.MODELLED,
                quantity=Quantity.POWER,
                source=estimate.source,
                max_watts=2 * estimate.watts,
                relative_error=estimate.relative_error,
                note=estimate.note,
            )
        return (self._series,)

    def caveats(self) -> Sequence[JoulecastError]:
        """Why the firmware's list could not be used, if it could not."""
        return tuple(self._caveats)

    def read(self, now: float) -> Iterator[Reading]:  # noqa: ARG002  a constant needs no clock
        """The modelled power, the same at every read."""
        if self._series is None:
            raise SensorFailed("the memory modules have not been discovered")
        yield Reading(self._series, watts=self._watts)

    def close(self) -> None:
        """Nothing is held open."""

    def _estimate(self) -> MemoryEstimate:
        reason = "no SMBIOS here"
        if is_virtual(self._procfs, self._sysfs):
            reason = "virtual machine: a slice of its host's modules"
        else:
            try:
                modules = read_memory_modules(self._sysfs)
                if modules:
                    return known_modules(modules, str(self._sysfs / "firmware/dmi/tables/DMI"))
                reason = "SMBIOS lists no module"
            except FileNotFoundError:
                pass
            except SmbiosError as garbage:
                self._caveats.append(garbage)
                reason = "SMBIOS makes no sense"
            except PermissionError:
                self._caveats.append(
                    SensorDenied(
                        "the firmware's list of memory modules is readable by root only",
                        "run as root, or grant CAP_DAC_READ_SEARCH; until then 32 GB modules are assumed",
                    )
                )
                reason = "SMBIOS denied"
            except OSError as failure:
                self._caveats.append(SensorFailed(f"the firmware's list of memory modules: {failure.strerror}"))
                reason = "SMBIOS unreadable"
        size = memory_bytes(self._procfs)
        if not size:
            raise SensorAbsent(f"{reason}, and {self._procfs / 'meminfo'} gives no memory size")
        return assumed_modules(size, reason, str(self._procfs / "meminfo"))


def module_watts(module: MemoryModule) -> float:
    """1/2 C V^2 f of one module; f is the clock, half the transfer rate, for DDR moves data on both edges."""
    default_volts, default_transfers = _DEFAULTS.get(module.type, _DEFAULTS[_UNKNOWN_TYPE])
    volts = module.volts or default_volts
    clock_hertz = (module.transfers_per_second or default_transfers) / 2
    return 0.5 * MODULE_FARADS * volts**2 * clock_hertz


def known_modules(modules: Sequence[MemoryModule], source: str) -> MemoryEstimate:
    """The model over the modules that the firmware lists."""
    kinds = Counter(_describe(module) for module in modules)
    note = ", ".join(f"{count} x {kind}" for kind, count in kinds.items())
    return MemoryEstimate(sum(map(module_watts, modules)), KNOWN_MODULES_RELATIVE_ERROR, source, note)


def assumed_modules(size_bytes: int, reason: str, source: str) -> MemoryEstimate:
    """The model over the modules that such a memory would be made of."""
    count = min(size_bytes / _ASSUMED_BYTES, _MOST_ASSUMED)
    note = f"assumed: {count:.3g} x {_describe(_ASSUMED)} ({reason})"
    return MemoryEstimate(count * module_watts(_ASSUMED), ASSUMED_MODULES_RELATIVE_ERROR, source, note)


def _describe(module: MemoryModule) -> str:
    """For example "32 GiB DDR4-3200 at 1.2 V, 4.0 W"; what the model had to fill in is left out."""
    words = []
    if module.size_bytes:
        words.append(f"{module.size_bytes / 2**30:g} GiB")
    rate = f"-{module.transfers_per_second / 1e6:.0f}" if module.transfers_per_second else ""
    words.append(f"{module.type or 'module'}{rate}")
    if module.volts:
        words.append(f"at {module.volts:g} V")
    return f"{' '.join(words)}, {module_watts(module):.1f} W"
