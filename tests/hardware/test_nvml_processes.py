"""Processes on a real NVIDIA GPU: run `pytest -s -m hardware tests/hardware` in the host's pid namespace, and read."""

import ctypes
import json
import os
import subprocess
import sys
import time
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest

pytestmark = pytest.mark.hardware

WORDS = 2**28  # a memset of 1 GiB is a kernel of about a millisecond


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    """What was seen of two processes at 70 % and 30 %: by a process of its own, free of the fake library."""
    outcome = subprocess.run([sys.executable, __file__], check=False, capture_output=True, text=True, timeout=100)
    if "SensorAbsent" in outcome.stderr:
        pytest.skip("no NVIDIA GPU here")
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout)


def test_two_processes_on_one_gpu_are_told_apart(found: dict[str, Any]) -> None:
    """The busier has more of the time in every second, as this user sees it, or the GPU is split and says its parts."""
    print(json.dumps(found, indent=1))  # noqa: T201 - what this test is for
    if found["slices"]:
        assert 0 < sum(found["slices"].values()) <= 1 + 1e-9
        pytest.skip("this GPU is split by MIG, whose processes the driver does not sample")
    seen = [look for look in found["looks"] if str(found["busy"]) in look and str(found["calm"]) in look]
    if not seen:
        pytest.skip("the driver names no process of this pid namespace")
    for look in seen[2:]:
        assert look[str(found["busy"])] > look[str(found["calm"])] > 0


def _burn(share: float) -> None:
    """Work on the first GPU for this part of every 50 ms, through the driver's own library."""
    cuda = ctypes.CDLL("libcuda.so.1")
    device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
    cuda.cuMemsetD32_v2.argtypes = [ctypes.c_uint64, ctypes.c_uint, ctypes.c_size_t]
    for status in (
        cuda.cuInit(0),
        cuda.cuDeviceGet(ctypes.byref(device), 0),
        cuda.cuDevicePrimaryCtxRetain(ctypes.byref(context), device),
        cuda.cuCtxSetCurrent(context),
        cuda.cuMemAlloc_v2(ctypes.byref(memory), ctypes.c_size_t(4 * WORDS)),
    ):
        if status:
            raise SystemExit(f"CUDA answers {status}")
    print("ready", flush=True)  # noqa: T201
    for value in count():
        begin = time.monotonic()
        while time.monotonic() - begin < 0.05 * share:
            cuda.cuMemsetD32_v2(memory, value % 256, WORDS)
            cuda.cuCtxSynchronize()
        time.sleep(0.05 * (1 - share))


def _watch() -> dict[str, Any]:
    """Look once a second while two processes work."""
    from exporter.sensors.nvml.library import NvmlLibrary
    from exporter.sensors.nvml.processes import NvmlProcesses

    library = NvmlLibrary()
    library.open()
    source = NvmlProcesses(library)
    with ExitStack() as stack:
        pids = []
        for share in ("0.7", "0.3"):
            command = [sys.executable, __file__, share]
            worker = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
            stack.callback(worker.kill)
            assert worker.stdout is not None
            worker.stdout.readline()
            pids.append(worker.pid)
        looks, took = [], []
        for _ in range(8):
            time.sleep(1.0)
            begin = time.perf_counter()
            use = source.read()[0]
            took.append((time.perf_counter() - begin) * 1e3)
            looks.append({process.pid: process.utilization for process in use.processes})
    return {
        "user": os.geteuid(),
        "milliseconds": took,
        "busy": pids[0],
        "calm": pids[1],
        "looks": looks,
        "utilization": use.utilization,
        "slices": {each.uuid: each.share for each in use.slices},
    }


if __name__ == "__main__":
    if sys.argv[1:]:
        _burn(float(sys.argv[1]))
    else:
        print(json.dumps(_watch()))  # noqa: T201
