"""The processes on one fake GPU: which of them the driver lists, and what it saw them do."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from doubles.nvml_library import MAX_PROCESSES, MAX_SAMPLES, DeviceState

COMPUTE, GRAPHICS, MPS = 1, 2, 4  # the lists of fake_nvml.c


class GpuProcesses:
    """What nvmlDeviceGet...RunningProcesses and nvmlDeviceGetProcessUtilization tell of one GPU.

    A sample says which one process had the GPU when it was taken, as the driver's own do; asked for its samples since a
    moment, the library tells each process's part of them all.
    """

    def __init__(
        self, raw: DeviceState, editing: Callable[[], AbstractContextManager[None]], now_ns: Callable[[], int]
    ) -> None:
        self._raw = raw
        self._editing = editing
        self._now_ns = now_ns

    def start(self, pid: int, memory: int = 2**30, lists: int = COMPUTE, place: int = 0) -> None:
        """Open a context, with MIG in the instance at `place`."""
        with self._editing():
            if self._raw.running == MAX_PROCESSES:
                raise ValueError(f"the fake driver lists {MAX_PROCESSES} processes at most")
            process = self._raw.processes[self._raw.running]
            process.pid, process.memory, process.lists, process.slice = pid, memory, lists, place
            self._raw.running += 1

    def end(self, pid: int) -> None:
        """Close every context of a process; its samples stay, as in the driver."""
        left = [process for process in self._raw.processes[: self._raw.running] if process.pid != pid]
        rows = [(process.pid, process.memory, process.lists, process.slice) for process in left]
        with self._editing():
            self._raw.running = 0
        for row in rows:
            self.start(*row)

    def sample(self, pid: int, percent: int = 100, *, at_us: int | None = None, encoder: int = 0) -> None:
        """See a process on the GPU, now or at a time of the driver's clock; the oldest sample of a full ring goes."""
        with self._editing():
            sample = self._raw.samples[self._raw.sampled % MAX_SAMPLES]
            sample.time_us = self._now_ns() // 1000 if at_us is None else at_us
            sample.pid, sample.sm, sample.encoder = pid, percent, encoder
            self._raw.sampled += 1

    def tell_samples_as_they_are(self, raw: bool = True) -> None:
        """Answer every sample as a row of its own, whatever was asked for, as some drivers do."""
        with self._editing():
            self._raw.raw_samples = raw

    def forget_samples(self) -> None:
        """Empty the ring."""
        with self._editing():
            self._raw.sampled = 0
