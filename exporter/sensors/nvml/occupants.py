"""Who has a context on a GPU or on a MIG instance, busy or not."""

from collections.abc import Iterable

from exporter.sensors.nvml.handle import NvmlHandle
from exporter.sensors.nvml.refusal import RefusedError
from exporter.usage.evidence import GpuProcess

UNNAMED = 0  # how newer drivers call a process that has no pid in this process's namespace
NOBODY = 0xFFFFFFFF  # NV2080_GPUMON_PID_INVALID of the driver's ctrl2080perf.h: no process
_NO_BYTES, _NO_BYTES_OF_32 = 1 << 60, 0xFFFFFFFF  # "no value" is all ones; memory is given out in pages


class Occupants:
    """The processes of one board or of its instances: the lists for compute, graphics and MPS, put together.

    A process in several lists is one, with the same memory in each. Under MPS the control daemon is among them.
    A list that this driver does not know is not asked for again.
    """

    def __init__(self) -> None:
        self._lists: list[list[str]] = [
            [f"nvmlDeviceGet{kind}RunningProcesses_{version}" for version in ("v3", "v2")]
            for kind in ("Compute", "Graphics", "MPSCompute")
        ]

    def read(self, handle: NvmlHandle) -> list[GpuProcess] | None:
        """Everybody who has a context now; None where the driver does not tell.

        Raises RefusedError when the GPU is lost, its driver gone or out of time: no use in asking more.
        """
        told, named, unnamed = False, dict[int, int | None](), list[int | None]()
        for ways in tuple(self._lists):
            processes = self._ask(ways, handle)
            if processes is None:
                continue
            told = True
            nameless = []
            for pid, memory in processes:
                if pid == UNNAMED:
                    nameless.append(memory)
                else:
                    named[pid] = max(filter(None, (memory, named.get(pid))), default=None)
            unnamed = max(unnamed, nameless, key=len)  # most likely the same ones in every list
        if not told:
            return None
        return [
            GpuProcess(pid, None, memory) for pid, memory in [*named.items(), *((UNNAMED, each) for each in unnamed)]
        ]

    def _ask(self, ways: list[str], handle: NvmlHandle) -> Iterable[tuple[int, int | None]] | None:
        while ways:
            try:
                processes = handle.ask(ways[0])
            except RefusedError as refusal:
                if refusal.reason in {"lost", "driver", "timeout"}:
                    raise
                if refusal.reason != "not_supported":
                    return None
                del ways[0]
                continue
            return [(int(each.pid), _memory(each.usedGpuMemory)) for each in processes if each.pid != NOBODY]
        return None


def _memory(raw: int | None) -> int | None:
    """Nobody with a context has no memory: zero is what drivers say of processes in another namespace."""
    return None if not raw or raw == _NO_BYTES_OF_32 or raw >= _NO_BYTES else int(raw)
