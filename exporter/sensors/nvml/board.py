"""One board as a series: which questions fill it, found out by asking once, and when its counter may be asked again."""

from collections.abc import Callable
from dataclasses import dataclass

from exporter.sensors.nvml.device import NvmlDevice
from exporter.sensors.nvml.gpu import Gpu
from exporter.sensors.nvml.refusal import RefusedError
from exporter.sensors.sensor import Missed, Quantity, Reading, SensorAbsent, SensorDenied, SensorFailed, Series
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance

NAME = "nvml"

# Boards refresh their counter this often (ML.ENERGY; arXiv 2312.02741), in steps of its unit.
COUNTER_SECONDS = 0.1
COUNTER_STEP_JOULES = 1e-3
# Proportional, and different between identical boards: arXiv 2312.02741, against an external meter.
RELATIVE_ERROR = 0.05
# A board may exceed its highest limit for the length of a transient, but not by more than this.
TRANSIENT_FACTOR = 1.5
UNKNOWN_LIMIT_WATTS = 1500.0

_Question = Callable[[NvmlDevice], float]


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a GPU tells, and how it is asked; None where it does not tell."""

    power: _Question | None
    counter: _Question | None


def examine(device: NvmlDevice, before: Abilities | None = None) -> Abilities:
    """Find out what a GPU tells by asking it once; what it told `before` outlives a passing trouble.

    Raises SensorAbsent, SensorDenied or SensorFailed when it tells neither energy nor power.
    """
    counter, counter_refusal = _try(NvmlDevice.energy_joules, device)
    power, power_refusal = _choose_power(device)
    if before is not None and _is_passing(counter_refusal):
        counter = before.counter
    if before is not None and _is_passing(power_refusal):
        power = before.power
    if counter is None and power is None:
        raise _tells_nothing(device.gpu, {counter_refusal, power_refusal})
    return Abilities(power, counter)


def describe(device: NvmlDevice, abilities: Abilities) -> Series:
    """Everything the meter must know about this GPU."""
    counter, power = abilities.counter is not None, abilities.power is not None
    instant = abilities.power is NvmlDevice.instant_watts
    averaging = device.usual_averaging_seconds() if power and not instant else 0.0
    sources = [
        "nvmlDeviceGetTotalEnergyConsumption" if counter else "",
        "" if not power else "NVML_FI_DEV_POWER_INSTANT" if instant else "nvmlDeviceGetPowerUsage",
    ]
    notes = [
        "" if counter else "no energy counter: power is integrated",
        f"power is the mean of the last {averaging:g} s" if averaging else "",
    ]
    return Series(
        key=SeriesKey(Component.GPU, device.gpu.uuid),
        sensor=NAME,
        provenance=Provenance.MEASURED if counter else Provenance.INTEGRATED,
        quantity=(Quantity.COUNTER_AND_POWER if power else Quantity.COUNTER) if counter else Quantity.POWER,
        source=" + ".join(filter(None, sources)),
        max_watts=_highest_watts(device),
        resolution_joules=COUNTER_STEP_JOULES if counter else 0.0,
        update_seconds=COUNTER_SECONDS if counter else 0.0,
        averaging_seconds=averaging,
        power_update_seconds=device.power_update_seconds() if power else 0.0,
        relative_error=RELATIVE_ERROR,
        note="; ".join(filter(None, notes)),
    )


class Board:
    """Reads one series; `device` is None while the driver does not list the GPU."""

    __slots__ = ("_abilities", "_counter_due", "_counter_period", "device", "gpu", "series")

    def __init__(self, device: NvmlDevice, abilities: Abilities, series: Series, counter_period: float) -> None:
        self.device: NvmlDevice | None = device
        self.gpu = device.gpu
        self.series = series
        self._abilities = abilities
        self._counter_period = counter_period
        self._counter_due: float | None = None

    def read(self, now: float) -> Reading | Missed | None:
        """Whatever is known now; None while only the counter could tell and it is not due.

        Raises RefusedError with reason "driver" when all GPUs are gone at once.
        """
        device = self.device
        if device is None:
            return Missed(self.series, "lost", f"GPU {self.gpu.index} is lost: the driver lists it no more")
        watts = joules = refusal = None
        power, counter = self._abilities.power, self._abilities.counter
        if power is not None:
            try:
                watts = power(device)
            except RefusedError as error:
                refusal = error
                if error.reason == "driver":
                    raise
        # A GPU that is gone for one question is gone for the other, and each can take the driver long to find out.
        if counter is not None and (refusal is None or refusal.reason != "lost") and self._is_counter_due(now):
            try:
                joules = counter(device)
            except RefusedError as error:
                refusal = error
                if error.reason == "driver":
                    raise
        if watts is not None or joules is not None:
            return Reading(self.series, joules, watts)
        return None if refusal is None else Missed(self.series, refusal.reason, f"GPU {self.gpu.index}: {refusal}")

    def _is_counter_due(self, now: float) -> bool:
        if self._counter_due is None:  # `examine` has read it just now
            self._counter_due = now + self._counter_period
        elif now >= self._counter_due:
            self._counter_due = now + self._counter_period
            return True
        return False


def _choose_power(device: NvmlDevice) -> tuple[_Question | None, RefusedError | None]:
    """Instantaneous power if the driver tells it, else what it calls power usage.

    Zero is how boards answer who asks too soon after somebody else: no verdict on the question.
    """
    instant, refusal = _try(NvmlDevice.instant_watts, device)
    if instant is not None:
        return instant, None
    usual, usual_refusal = _try(NvmlDevice.usual_watts, device)
    if usual is None and refusal is not None and refusal.reason == "zero":
        return NvmlDevice.instant_watts, None
    return usual, usual_refusal


def _try(question: _Question, device: NvmlDevice) -> tuple[_Question | None, RefusedError | None]:
    """The question if it is answered now, or why it is not."""
    try:
        question(device)
    except RefusedError as refusal:
        if refusal.reason == "driver":
            raise SensorFailed(f"the NVIDIA driver went away ({refusal})") from refusal
        return None, refusal
    return question, None


def _is_passing(refusal: RefusedError | None) -> bool:
    """Whether a refusal is about this moment: a counter is at zero just after the driver was loaded."""
    return refusal is not None and refusal.reason in {"zero", "garbage", "timeout", "unknown"}


def _highest_watts(device: NvmlDevice) -> float:
    try:
        return device.highest_power_limit_watts() * TRANSIENT_FACTOR
    except RefusedError:
        return UNKNOWN_LIMIT_WATTS


def _tells_nothing(gpu: Gpu, refusals: set[RefusedError | None]) -> JoulecastError:
    reasons = {refusal.reason for refusal in refusals if refusal is not None}
    name = f"GPU {gpu.index} ({gpu.model})"
    if "denied" in reasons:
        return SensorDenied(f"{name} does not tell its power to this user", "run the exporter as root")
    if reasons <= {"not_supported", "zero", "garbage"}:
        return SensorAbsent(f"{name} tells neither energy nor power", "in a virtual machine, measure on its host")
    return SensorFailed(f"{name} did not answer ({', '.join(sorted(reasons))})", "look at dmesg for NVRM Xid lines")
