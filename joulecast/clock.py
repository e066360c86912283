"""Clocks, always passed in: what measures never takes the time by itself."""

import time
from functools import cache
from pathlib import Path
from typing import NamedTuple, Protocol


class Clock(Protocol):
    """Two readings of now, in seconds."""

    def monotonic(self) -> float:
        """CLOCK_MONOTONIC: never steps, shared by all processes of one boot."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch: what people read, and what an administrator may step."""
        ...


class SystemClock:
    """The machine's own clocks."""

    monotonic = staticmethod(time.monotonic)
    wall = staticmethod(time.time)


class Moment(NamedTuple):
    """One instant as a process on this or another machine saw it; `boot_id` says whose monotonic clock it is."""

    wall: float
    monotonic: float
    boot_id: str


@cache
def boot_id(procfs: Path = Path("/proc")) -> str:
    """The kernel's id of this boot; empty where it cannot be read, and then no clock is taken as shared."""
    try:
        return (procfs / "sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def moment(clock: Clock) -> Moment:
    """Now, on both clocks."""
    return Moment(clock.wall(), clock.monotonic(), boot_id())
