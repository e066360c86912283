"""How much of one GPU's time each process had, from the samples that its driver takes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from exporter.sensors.nvml.handle import NvmlHandle
from exporter.sensors.nvml.occupants import NOBODY
from exporter.sensors.nvml.refusal import RefusedError

# A sample is taken every 1/6 s to 1 s, depending on the product (nvml.h, nvmlUtilization_t): twice the longest.
HOLD_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the samples told: the part of the GPU's time that each pid had, 0..1."""

    shares: Mapping[int, float]
    follows: bool  # whether it is of the time since the look before: who is named and gone has ended in that time


class SampledTime:
    """Reads nvmlDeviceGetProcessUtilization of one GPU, each look from where the last one ended.

    The driver keeps a ring of some 72 samples, each naming the one process that was on the engine when it was taken
    (NV2080_CTRL_PERF_GPUMON_ENGINE_UTIL_SAMPLE in ctrl2080perf.h of NVIDIA/open-gpu-kernel-modules). Asked for the time
    since a moment of its clock, in microseconds, NVML answers one row for each process with "some non-zero utilization"
    (nvml.h): when it was seen last, and its percentage. That this is the mean over all samples since is read from
    logs, not from documents: one stamp comes with other percentages for other beginnings, and processes add up to the
    GPU (Syllo/nvtop#110). So a row is a time-weighted mean already, looks that begin at the newest stamp of the one
    before share out every sample once, and who has no row had no time. Should a process have rows with several stamps,
    as raw samples would be, each is weighted with the time to the stamp before.

    Without any sample NVML answers NOT_FOUND; with MIG ("querying process utilization is not currently supported":
    nvml.h), before Maxwell and where the hypervisor does not pass it on, NOT_SUPPORTED. It needs no root: NO_PERMISSION
    is not among the documented answers, the driver exports the question as RMCTRL_FLAGS_NON_PRIVILEGED (0x8, in its
    g_subdevice_nvoc.c), and nvtop and nvitop ask it as anybody. Pids are those of the host's namespace; newer drivers
    translate them into the asker's where it has one for them (kern_perf_gpumon.c; Project-HAMi/HAMi-core#112).

    Known to be wrong, and left out: numbers above 100 and stamps not after what was asked for (both nvtop#110, where
    most of 100 rows were never filled), and the pid that means nobody.
    """

    def __init__(self) -> None:
        self._newest = 0  # microseconds of the driver's clock; 0 asks for all it remembers
        self._looked = False  # whether there was a look that this one follows
        self._last: Mapping[int, float] = {}
        self._last_at = float("-inf")
        self._told = True

    def reopen(self) -> None:
        """Ask once more what was not supported: the library was opened anew."""
        self._told = True

    def look(self, gpu: NvmlHandle, now: float, *, busy: bool) -> Look | None:
        """The shares since the last look, or None where the driver tells none; `busy` is whether the GPU works at all.

        The first look tells of all that the driver remembers. Raises RefusedError for a GPU that is lost, a driver that
        is gone or out of time.
        """
        if not self._told:
            return None
        since, follows = self._newest, self._looked
        rows = self._rows(gpu, since)
        if rows is None:
            return None
        self._looked = True
        if rows:
            self._newest = max(stamp for stamps in rows.values() for stamp in stamps)
            self._last = {pid: _mean(stamps, since) for pid, stamps in rows.items()}
            self._last_at = now
            return Look(self._last, follows)
        if not busy:
            return Look({}, follows)
        if now - self._last_at <= HOLD_SECONDS:
            return Look(self._last, follows=False)  # the next sample is not taken yet
        # Somebody works and nobody was seen: this driver does not tell, or its clock, which is that of the wall, was
        # set back and stamps look old.
        self._newest, self._looked = 0, self._newest == 0
        return None

    def _rows(self, gpu: NvmlHandle, since: int) -> dict[int, dict[int, float]] | None:
        """By pid and stamp; None where the driver refuses."""
        try:
            told = gpu.ask("nvmlDeviceGetProcessUtilization", since)
        except RefusedError as refusal:
            if refusal.reason in {"lost", "driver", "timeout"}:
                raise
            self._told = refusal.reason != "not_supported"
            return {} if refusal.reason == "not_found" else None
        rows: dict[int, dict[int, float]] = {}
        for row in told:
            if row.timeStamp > since and row.pid != NOBODY and _is_percent(row):
                rows.setdefault(int(row.pid), {})[int(row.timeStamp)] = int(row.smUtil) / 100
        return rows


def _is_percent(row: Any) -> bool:
    """A row with one impossible number is garbage as a whole, its pid and stamp too."""
    return bool(max(row.smUtil, row.memUtil, row.encUtil, row.decUtil) <= 100)


def _mean(shares: Mapping[int, float], since: int) -> float:
    stamps = sorted(shares)
    if len(stamps) == 1 or since == 0:
        return sum(shares.values()) / len(stamps)
    weighted: Iterable[float] = (shares[stamp] * (stamp - earlier) for earlier, stamp in pairwise([since, *stamps]))
    return sum(weighted) / (stamps[-1] - since)
