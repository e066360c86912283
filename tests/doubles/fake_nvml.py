"""A fake NVIDIA driver: a real shared library behind the real `pynvml`, steered live from the test.

In the test's own process::

    with FakeNvml.build(tmp_path) as fake:
        fake.use_here()
        gpu = fake.add(watts=100.0)
        gpu.set_power(250.0)

For a process of its own, pass `fake.environment()` as its environment instead of calling `use_here`. Power follows a
waveform on CLOCK_MONOTONIC and the counter is its exact integral, refreshed every `tick_ms`; `true_joules` tells the
truth about any stretch of time, so an exporter's answer can be compared with it. `freeze` and `advance` replace the
library's clock where a test wants no real time at all.
"""

import ctypes
import mmap
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from doubles.gpu_processes import GpuProcesses
from doubles.nvml_library import MAX_DEVICES, MAX_SLICES, Call, DeviceState, DriverState, library, loaded
from doubles.waveform import Wave, last_tick, nanoseconds

__all__ = ["Call", "FakeGpu", "FakeNvml", "Slice"]

NO_PERMISSION, NOT_SUPPORTED, DRIVER_NOT_LOADED, TIMEOUT, FUNCTION_NOT_FOUND = 4, 3, 9, 10, 13
GPU_IS_LOST, UNKNOWN = 15, 999
AMPERE, HOPPER = 7, 9
_H100 = 0x233010DE  # its PCI id


@dataclass(frozen=True)
class Slice:
    """A MIG instance; by default a 1g.5gb of an A100. Without a UUID it is an empty place."""

    uuid: str
    compute_slices: int = 1
    multiprocessors: int = 14
    gpu_slices: int = 1


class FakeGpu:
    """One GPU of the fake driver. Every method takes effect at once, in every process that uses the library."""

    def __init__(self, fake: "FakeNvml", index: int, watts: float, consumed_joules: float) -> None:
        self._fake = fake
        self._raw: DeviceState = fake._state.devices[index]
        self.index = index
        self.processes = GpuProcesses(self._raw, fake._editing, fake.now_ns)
        self._history = [Wave(fake.now_ns(), round(consumed_joules * 1e12), round(watts * 1e3))]
        self._follow()

    @property
    def uuid(self) -> str:
        """What NVML calls this GPU."""
        return str(self._raw.uuid.decode())

    # What it consumes.

    def set_power(self, watts: float) -> None:
        """Draw this much from now on; ends a square wave."""
        start = self._fake.now_ns()
        self._history.append(Wave(start, self._wave_at(start).energy_pj(start), round(watts * 1e3)))
        self._follow()

    def square_wave(self, high: float, low: float, half_period: float, start: float, end: float) -> None:
        """Between two monotonic times alternate `high` and `low` watts, high first; the idle power before and after."""
        now = self._fake.now_ns()
        before = self._wave_at(now)
        shape = (round(high * 1e3), round(low * 1e3), nanoseconds(half_period), nanoseconds(start), nanoseconds(end))
        self._history.append(Wave(now, before.energy_pj(now), before.idle_mw, *shape))
        self._follow()

    def true_joules(self, begin: float, end: float) -> float:
        """What was, or will be, consumed between two monotonic times."""
        first, last = nanoseconds(begin), nanoseconds(end)
        if first < self._history[0].start:
            raise ValueError("the fake GPU did not exist yet")
        return (self._wave_at(last).energy_pj(last) - self._wave_at(first).energy_pj(first)) * 1e-12

    def true_watts(self, at: float) -> float:
        """What is drawn at one monotonic time."""
        return self._wave_at(nanoseconds(at)).power_mw(nanoseconds(at)) * 1e-3

    def set_ticks(self, counter_ms: float = 100.0, power_ms: float = 100.0, phase_ms: float = 0.0) -> None:
        """How often the counter and the power sensor are refreshed, and where on the clock; 0 is at every read."""
        with self._fake._editing():
            self._raw.tick_ns = round(counter_ms * 1e6)
            self._raw.power_tick_ns = round(power_ms * 1e6)
            self._raw.phase_ns = round(phase_ms * 1e6)
        self._follow()

    # What it answers.

    def pin_counter(self, millijoules: int | None) -> None:
        """Let the counter show this raw value, whatever is consumed; None lets it count again."""
        self._set(counter_pinned=millijoules is not None, pinned_mj=millijoules or 0)

    def pin_power(self, milliwatts: int | None) -> None:
        """Let power show this raw value, whatever is consumed; None lets it follow the waveform again."""
        self._set(pinned_mw=-1 if milliwatts is None else milliwatts)

    def fail(self, call: Call, code: int) -> None:
        """Answer a call with an NVML error code; 0 lets it work again."""
        with self._fake._editing():
            self._raw.errors[call.value] = code

    def dislike_quick_power_reads(self, milliseconds: float, code: int = 0) -> None:
        """Answer a power read that follows another this closely with an error, or, with code 0, with 0 mW."""
        self._set(fussy_ns=round(milliseconds * 1e6), fussy_error=code)

    def hang(self, milliseconds: int) -> None:
        """Block this long in every call; 0 ends it."""
        self._set(delay_ms=milliseconds)

    def lose(self) -> None:
        """Fall off the bus: every call answers GPU_IS_LOST."""
        self._set(lost=1)

    def restore(self, *, same_handle: bool = True) -> None:
        """Come back; with `same_handle=False` only for those who initialise the library again."""
        self._set(lost=0, handle_epoch=self._raw.handle_epoch + (not same_handle))

    def split(self, *slices: str | Slice) -> None:
        """Enable MIG with these instances, in place of any before; with none, disable it."""
        made = [Slice(each) if isinstance(each, str) else each for each in slices]
        with self._fake._editing():
            self._raw.mig_enabled = bool(made)
            for place in range(MAX_SLICES):
                each, raw = made[place] if place < len(made) else Slice(""), self._raw.slices[place]
                raw.uuid = each.uuid.encode()
                raw.multiprocessors, raw.gpu_slices = each.multiprocessors, each.gpu_slices
                raw.compute_slices = each.compute_slices

    def set_usage(self, **values: int) -> None:
        """Set what the library reports beside power and energy, in its own units.

        In percent: utilization, memory_utilization; in bytes: memory_used, memory_reserved, memory_total; in degrees
        Celsius: temperature, memory_temperature; in MHz: sm_clock, memory_clock; in mW: limit_mw, max_limit_mw; as
        bits: event_reasons; how many MIG instances there may be: max_slices.
        """
        self._set(**values)

    # What it was asked.

    def calls(self, call: Call) -> int:
        """How often any process has made this call."""
        return int(self._raw.calls[call.value])

    @property
    def shortest_energy_gap(self) -> float | None:
        """Seconds between the two closest reads of the energy counter by any process; None before the second."""
        return self._raw.shortest_energy_gap_ns * 1e-9 or None

    def _set(self, **values: int) -> None:
        with self._fake._editing():
            for name, value in values.items():
                if not hasattr(self._raw, name):
                    raise AttributeError(f"the fake GPU has no {name}")
                setattr(self._raw, name, value)

    def _wave_at(self, at: int) -> Wave:
        return next((wave for wave in reversed(self._history) if wave.start <= at), self._history[0])

    def _restart_counter(self) -> None:
        """Count from zero, as after a driver reload; the truth of earlier times is forgotten."""
        now = self._fake.now_ns()
        latest = self._wave_at(now)
        self._history = [replace(latest, start=now, consumed_pj=0)]
        self._follow()

    def _follow(self) -> None:
        """Hand the latest waveform to the library, with what its sensors showed at their last ticks before it."""
        wave, raw = self._history[-1], self._raw
        tick = last_tick(wave.start, raw.tick_ns, raw.phase_ns)
        power_tick = last_tick(wave.start, raw.power_tick_ns, raw.phase_ns)
        self._set(
            base_ns=wave.start,
            base_uj=wave.consumed_pj // 10**6,
            held_uj=max(0, self._wave_at(tick).energy_pj(tick)) // 10**6,
            held_mw=self._wave_at(power_tick).power_mw(power_tick),
            idle_mw=wave.idle_mw,
            high_mw=wave.high_mw,
            low_mw=wave.low_mw,
            half_period_ns=wave.half_period,
            wave_start_ns=wave.wave_start,
            wave_end_ns=wave.wave_end,
        )


class FakeNvml:
    """The fake driver: its GPUs, its clock and its moods."""

    def __init__(self, library: Path, state_file: Path) -> None:
        self._library = library
        self._file = state_file
        with state_file.open("wb") as file:
            file.truncate(ctypes.sizeof(DriverState))
        with state_file.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), 0)
        self._state = DriverState.from_buffer(self._memory)
        self._state.driver = b"570.86.15"
        self.gpus: list[FakeGpu] = []

    @classmethod
    def build(cls, directory: Path) -> Self:
        """Compile the library if this process has not yet, and put a new state without GPUs into `directory`.

        Raises NoCompilerError (pytest skips) without gcc, RuntimeError when the source does not compile.
        """
        return cls(library(), directory / "fake-nvml.state")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.unlink(missing_ok=True)

    def environment(self) -> dict[str, str]:
        """The environment of a process that shall see these GPUs."""
        paths = [str(self._library.parent), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]
        return {**os.environ, "LD_LIBRARY_PATH": ":".join(paths), "FAKE_NVML_STATE": str(self._file)}

    def use_here(self) -> None:
        """Let this process see these GPUs, in place of those of an earlier test; whoever had initialised must again."""
        if loaded().fake_nvml_use_state(os.fsencode(self._file)):
            raise RuntimeError(f"the fake NVIDIA library cannot map {self._file}")

    def add(
        self,
        watts: float = 60.0,
        *,
        uuid: str = "",
        name: str = "NVIDIA H100 80GB HBM3",
        architecture: int = HOPPER,
        pci_device_id: int = _H100,
        consumed_joules: float = 1000.0,
        tick_ms: float = 100.0,
        power_tick_ms: float = 100.0,
    ) -> FakeGpu:
        """Plug in a GPU, visible to the next initialisation that counts them.

        As on a real H100, counter and power are refreshed every 100 ms; with 0 they follow at every read.
        """
        index = len(self.gpus)
        if index == MAX_DEVICES:
            raise ValueError(f"the fake driver has room for {MAX_DEVICES} GPUs")
        raw = self._state.devices[index]
        with self._editing():
            raw.uuid = (uuid or f"GPU-{index:08x}-aaaa-4bbb-8ccc-{index:012x}").encode()
            raw.name = name.encode()
            raw.pci_bus_id = f"00000000:{index + 1:02X}:00.0".encode()
            raw.architecture, raw.pci_device_id = architecture, pci_device_id
            raw.pinned_mw = -1
            raw.tick_ns = round(tick_ms * 1e6)
            raw.power_tick_ns = round(power_tick_ms * 1e6)
            raw.memory_total, raw.memory_reserved = 80 * 2**30, 2**29
            raw.temperature, raw.memory_temperature = 35, 40
            raw.sm_clock, raw.memory_clock = 1980, 2619
            raw.limit_mw = raw.max_limit_mw = 700_000
            raw.max_slices = MAX_SLICES
        gpu = FakeGpu(self, index, watts, consumed_joules)
        self.gpus.append(gpu)
        with self._editing():
            self._state.count = len(self.gpus)
        return gpu

    def device(self, index: int) -> FakeGpu:
        """The GPU that was added as number `index`."""
        return self.gpus[index]

    # The clock.

    def now_ns(self) -> int:
        """The monotonic time, in nanoseconds, that the library sees."""
        return int(self._state.clock_ns) or time.monotonic_ns()

    def now(self) -> float:
        """The monotonic time, in seconds, that the library sees."""
        return self.now_ns() * 1e-9

    def freeze(self, at: float | None = None) -> None:
        """Stop the library's clock, now or at a monotonic time."""
        self._state.clock_ns = self.now_ns() if at is None else nanoseconds(at)

    def advance(self, seconds: float) -> None:
        """Move the frozen clock."""
        if not self._state.clock_ns:
            raise RuntimeError("only a frozen clock can be advanced")
        self._state.clock_ns += nanoseconds(seconds)

    def thaw(self) -> None:
        """Let the library see the real clock again."""
        self._state.clock_ns = 0

    # The driver.

    def reload_driver(self) -> None:
        """Reload the kernel module: counters restart at zero, and everybody must initialise again."""
        for gpu in self.gpus:
            gpu._restart_counter()
        with self._editing():
            self._state.epoch += 1
            self._state.init_error = 0

    def unload_driver(self, code: int = DRIVER_NOT_LOADED) -> None:
        """Take the driver away, until `reload_driver`: initialising answers `code`."""
        with self._editing():
            self._state.epoch += 1
            self._state.init_error = code

    @contextmanager
    def _editing(self) -> Iterator[None]:
        """Let readers wait until a change of several fields is complete."""
        self._state.edits += 1
        try:
            yield
        finally:
            self._state.edits += 1
