"""Which processes use NVIDIA GPUs, and how much of each GPU or MIG instance: what its energy is shared out by."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from exporter.sensors.nvml import mig
from exporter.sensors.nvml.device import NvmlDevice
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.nvml.occupants import Occupants
from exporter.sensors.nvml.refusal import RefusedError
from exporter.sensors.nvml.sampled import Look, SampledTime
from exporter.usage.evidence import GpuProcess, GpuUse, MigSlice


class NvmlProcesses:
    """Implements `GpuUseSource` for the GPUs that an `NvmlLibrary` lists, as long as a sensor keeps it open.

    A process has a utilisation where the driver samples it, 0 included, and None where the driver tells none: with MIG,
    in virtual machines, on old boards. A process that the driver cannot name in this pid namespace stays as pid 0, so
    that nobody else is charged with its part. A lost GPU is left out; the others go on. What a GPU does not support is
    not asked again until the library is opened anew.
    """

    name = "nvml-processes"

    def __init__(self, library: NvmlLibrary, clock: Callable[[], float] = time.monotonic) -> None:
        self._library = library
        self._clock = clock
        self._devices: tuple[NvmlDevice, ...] = ()
        self._boards: list[_Board] = []
        self._times: dict[str, SampledTime] = {}  # by UUID: where the last look ended outlives a new opening

    def read(self) -> Sequence[GpuUse]:
        """Who ran on each GPU that answers, since the last read."""
        devices = self._library.devices
        if devices is not self._devices:
            self._devices = devices
            self._boards = [
                _Board(device, self._times.setdefault(device.gpu.uuid, SampledTime())) for device in devices
            ]
        now, uses = self._clock(), []
        for board in self._boards:
            try:
                uses.append(board.read(now))
            except RefusedError:  # lost, or its driver is: the sensor says so
                continue
        return uses


class _Board:
    """One GPU since the library was opened, and what of it need not be asked again."""

    def __init__(self, device: NvmlDevice, time_had: SampledTime) -> None:
        self._device = device
        self._time = time_had
        self._time.reopen()
        self._occupants = Occupants()
        self._may_be_split = self._tells_utilization = True

    def read(self, now: float) -> GpuUse:
        """Raises RefusedError when the GPU is lost, its driver gone or out of time."""
        if self._is_split():
            return GpuUse(self._device.gpu.uuid, slices=self._slices())
        utilization = self._utilization()
        present = self._occupants.read(self._device)
        look = self._time.look(self._device, now, busy=bool(utilization))
        return GpuUse(self._device.gpu.uuid, _processes(present, look), utilization=utilization)

    def _is_split(self) -> bool:
        if not self._may_be_split:
            return False
        try:
            return mig.is_split(self._device)
        except RefusedError as refusal:
            self._may_be_split = _may_answer_later(refusal)
            return False

    def _slices(self) -> list[MigSlice]:
        """Asked for each time: an administrator may make and destroy instances while others work.

        One whose size is not told is left out: nobody guesses it.
        """
        return [
            MigSlice(each.uuid, each.share, self._occupants.read(each.handle) or ())
            for each in mig.instances(self._device)
            if each.share is not None
        ]

    def _utilization(self) -> float | None:
        if not self._tells_utilization:
            return None
        try:
            return self._device.utilization_ratio()
        except RefusedError as refusal:
            self._tells_utilization = _may_answer_later(refusal)
            return None


def _may_answer_later(refusal: RefusedError) -> bool:
    """Raises the refusal again when the GPU will answer nothing else either."""
    if refusal.reason in {"lost", "driver", "timeout"}:
        raise refusal
    return refusal.reason != "not_supported"


def _processes(present: list[GpuProcess] | None, look: Look | None) -> list[GpuProcess]:
    """Who is there and who was seen, put together.

    Who has a context and was not seen had none of the GPU's time. Who was seen since the last look and has no context
    has ended, or the driver gives other pids here than there; an older sight is of no concern.
    """
    if look is None:
        return present or []
    shares = dict(look.shares)
    joined = [replace(process, utilization=shares.pop(process.pid, 0.0)) for process in present or ()]
    if present is None or look.follows:
        joined += [GpuProcess(pid, share) for pid, share in shares.items()]
    return joined
