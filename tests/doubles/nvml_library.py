"""The fake NVIDIA library itself: how its state is laid out, and how it is compiled and loaded."""

import atexit
import ctypes
import shutil
import subprocess
import tempfile
import unittest
from enum import Enum
from functools import cache
from pathlib import Path

MAX_DEVICES = 16
MAX_SLICES = 7
MAX_SAMPLES = 100
MAX_PROCESSES = 32
_SOURCE = Path(__file__).with_name("fake_nvml.c")


class Call(Enum):
    """The calls that can be counted and made to fail, per device."""

    HANDLE = 0
    NAME = 1
    UUID = 2
    PCI = 3
    ARCHITECTURE = 4
    CONSTRAINTS = 5
    MIG = 6
    ENERGY = 7
    POWER = 8
    FIELDS = 9  # the whole call; INSTANT and MEMORY_TEMPERATURE fail one field of it
    INSTANT = 10
    MEMORY_TEMPERATURE = 11
    UTILIZATION = 12
    MEMORY = 13
    OLD_MEMORY = 14
    TEMPERATURE = 15
    OLD_TEMPERATURE = 16
    CLOCK = 17
    LIMIT = 18
    REASONS = 19
    OLD_REASONS = 20
    MIG_HANDLE = 21
    SLICE_UUID = 22
    ATTRIBUTES = 23
    COMPUTE_PROCESSES = 24
    OLD_COMPUTE_PROCESSES = 25
    GRAPHICS_PROCESSES = 26
    MPS_PROCESSES = 27
    SLICE_PROCESSES = 28  # any list of processes, asked of a MIG instance
    PROCESS_UTILIZATION = 29


class NoCompilerError(unittest.SkipTest):
    """There is no gcc here: pytest skips; a benchmark says so and ends."""


def _fields(kind: type, names: str) -> list[tuple[str, type]]:
    return [(name, kind) for name in names.split()]


class SampleState(ctypes.Structure):
    """`struct sample` of fake_nvml.c."""

    _fields_ = (("time_us", ctypes.c_uint64), *_fields(ctypes.c_uint32, "pid sm memory encoder decoder unused"))


class ProcessState(ctypes.Structure):
    """`struct process` of fake_nvml.c."""

    _fields_ = (("memory", ctypes.c_uint64), *_fields(ctypes.c_uint32, "pid lists slice unused"))


class SliceState(ctypes.Structure):
    """`struct slice` of fake_nvml.c."""

    _fields_ = (
        ("uuid", ctypes.c_char * 48),
        *_fields(ctypes.c_uint32, "multiprocessors gpu_slices compute_slices unused"),
    )


class DeviceState(ctypes.Structure):
    """`struct device` of fake_nvml.c."""

    _fields_ = (
        *_fields(ctypes.c_int64, "base_ns"),
        *_fields(ctypes.c_uint64, "base_uj held_uj"),
        *_fields(ctypes.c_int64, "half_period_ns wave_start_ns wave_end_ns tick_ns phase_ns power_tick_ns"),
        ("pinned_mj", ctypes.c_uint64),
        *_fields(ctypes.c_int64, "pinned_mw fussy_ns last_power_ns last_energy_ns shortest_energy_gap_ns"),
        *_fields(ctypes.c_uint64, "memory_total memory_reserved memory_used event_reasons"),
        ("calls", ctypes.c_uint64 * len(Call)),
        ("samples", SampleState * MAX_SAMPLES),
        ("processes", ProcessState * MAX_PROCESSES),
        ("errors", ctypes.c_int32 * len(Call)),
        *_fields(ctypes.c_uint32, "idle_mw high_mw low_mw held_mw"),
        *_fields(ctypes.c_uint32, "limit_mw max_limit_mw pci_device_id architecture"),
        *_fields(ctypes.c_uint32, "utilization memory_utilization sm_clock memory_clock"),
        *_fields(ctypes.c_int32, "temperature memory_temperature lost fussy_error"),
        *_fields(ctypes.c_uint32, "delay_ms handle_epoch mig_enabled max_slices counter_pinned"),
        *_fields(ctypes.c_uint32, "sampled running raw_samples"),
        ("uuid", ctypes.c_char * 48),
        ("name", ctypes.c_char * 64),
        ("pci_bus_id", ctypes.c_char * 32),
        ("slices", SliceState * MAX_SLICES),
    )


class DriverState(ctypes.Structure):
    """`struct state` of fake_nvml.c."""

    _fields_ = (
        ("clock_ns", ctypes.c_int64),
        *_fields(ctypes.c_uint32, "edits epoch"),
        *_fields(ctypes.c_int32, "init_error count"),
        ("driver", ctypes.c_char * 80),
        ("devices", DeviceState * MAX_DEVICES),
    )


@cache
def library() -> Path:
    """Compile the library, once per process, into a directory that goes when the process does."""
    compiler = shutil.which("gcc")
    if compiler is None:
        raise NoCompilerError("no gcc to build the fake NVIDIA library with")
    directory = Path(tempfile.mkdtemp(prefix="fake-nvml-"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    target = directory / "libnvidia-ml.so.1"
    macros = [f"-DCALL_{call.name}={call.value}" for call in Call]
    macros += [f"-DCALLS={len(Call)}", f"-DSTATE_BYTES={ctypes.sizeof(DriverState)}"]
    shape = ["-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror", "-Wl,-soname,libnvidia-ml.so.1"]
    outcome = subprocess.run(
        [compiler, *shape, *macros, "-o", target, _SOURCE], check=False, capture_output=True, text=True
    )
    if outcome.returncode:
        raise RuntimeError(f"fake_nvml.c does not compile:\n{outcome.stderr}")
    return target


@cache
def loaded() -> ctypes.CDLL:
    """The library in this process; pynvml then finds it by its SONAME."""
    return ctypes.CDLL(str(library()), mode=ctypes.RTLD_GLOBAL)
