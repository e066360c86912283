"""A fake powercap tree that burns known watts in real time, from a process of its own.

    with BurningTree(tree, {"package-0": Wave(100.0), "package-0/dram": Wave(8.0, 20.0, 0.37)}) as burning:
        begin = time.monotonic()
        ...
        end = time.monotonic()
    burning.true_joules("package-0", begin, end)

About every millisecond, as RAPL does, the process writes into every counter the integral of its wave up to that very
moment. So each value that can be read is exact for the moment it was written, the truth between any two monotonic
times is the integral itself, and only `longest_pause` (a busy machine) says how old a counter may have been.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from doubles.sysfs import PowercapTree, counter_text

TICK_SECONDS = 0.001


@dataclass(frozen=True, slots=True)
class Wave:
    """Watts over time: constant, or a square wave that is `low` for half of each period and then `high`."""

    low: float
    high: float | None = None
    period_seconds: float = 1.0

    def joules(self, seconds: float) -> float:
        """The integral from the start, where a period begins."""
        if self.high is None:
            return self.low * seconds
        whole, rest = divmod(seconds, self.period_seconds)
        half = self.period_seconds / 2
        partial = self.low * min(rest, half) + self.high * max(0.0, rest - half)
        return whole * (self.low + self.high) * half + partial


class BurningTree:
    """Burns the zones of a `PowercapTree` between `start` and `stop`; leaves its counters and truths up to date."""

    def __init__(self, tree: PowercapTree, waves: Mapping[str, Wave], *, tick_seconds: float = TICK_SECONDS) -> None:
        self.tree = tree
        self.waves = dict(waves)
        self.tick_seconds = tick_seconds
        self.started: float | None = None  # monotonic
        self.stopped: float | None = None
        self.longest_pause = 0.0  # no counter was ever older than this, in seconds; known after `stop`
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Self:
        """Start burning; returns once the first values are written."""
        zones = [
            {"file": str(zone.energy_file), "range_uj": zone.range_uj, "start_uj": zone.counter_uj, **asdict(wave)}
            for name, wave in self.waves.items()
            for zone in self.tree.twins(name)
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "doubles.burning"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"tick": self.tick_seconds, "zones": zones}) + "\n")
        self._process.stdin.flush()
        self.started = self._answer()["started"]
        return self

    def stop(self) -> None:
        """Stop burning; harmless twice."""
        if self._process is None:
            return
        assert self.started is not None
        self._process.send_signal(signal.SIGTERM)
        answer = self._answer()
        self._process.communicate()
        self._process = None
        self.stopped = answer["stopped"]
        self.longest_pause = answer["longest_pause"]
        for name, wave in self.waves.items():
            for zone in self.tree.twins(name):
                zone.adopt(wave.joules(self.stopped - self.started))

    def reset(self, name: str) -> None:
        """Let the counter start again at zero at the next tick, while the zone goes on burning."""
        assert self._process is not None, "not burning: use the tree's own reset"
        assert self._process.stdin is not None
        self._process.stdin.write(f"{self.tree.zones[name].energy_file}\n")
        self._process.stdin.flush()

    def true_joules(self, name: str, begin: float, end: float) -> float:
        """What the zone really burnt between two moments of the monotonic clock."""
        return self._joules_until(name, end) - self._joules_until(name, begin)

    def _joules_until(self, name: str, moment: float) -> float:
        assert self.started is not None, "not started"
        moment = max(moment, self.started)
        if self.stopped is not None:
            moment = min(moment, self.stopped)
        return self.waves[name].joules(moment - self.started)

    def _answer(self) -> dict[str, float]:
        assert self._process is not None
        assert self._process.stdout is not None
        answer: dict[str, float] = json.loads(self._process.stdout.readline())
        return answer

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class _Counter:
    """One counter file in the burning process."""

    def __init__(self, zone: Mapping[str, Any]) -> None:
        self.file: str = zone["file"]
        self._descriptor = os.open(self.file, os.O_WRONLY)
        self._states = zone["range_uj"] + 1
        self._offset = zone["start_uj"]
        self._wave = Wave(zone["low"], zone["high"], zone["period_seconds"])

    def write(self, seconds: float) -> None:
        """Show what was burnt in the `seconds` since the start."""
        os.pwrite(self._descriptor, counter_text((self._offset + self._burnt(seconds)) % self._states), 0)

    def reset(self, seconds: float) -> None:
        """Count from zero again."""
        self._offset = -self._burnt(seconds)

    def _burnt(self, seconds: float) -> int:
        return int(self._wave.joules(seconds) * 1e6)


def main() -> None:
    """The burning process: an order in, one answer when burning and one when stopped; file names in are resets."""
    with suppress(PermissionError):  # a counter in hardware waits for no turn, however busy the machine is
        os.nice(-20)
    finish = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: finish.set())
    order = json.loads(sys.stdin.readline())
    resets: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen() -> None:
        for line in sys.stdin:
            resets.put(line.rstrip("\n"))
        finish.set()  # the parent is gone, however it ended

    threading.Thread(target=listen, daemon=True).start()
    tick = order["tick"]
    counters = [_Counter(zone) for zone in order["zones"]]
    started = now = time.monotonic()
    longest_pause = 0.0
    for counter in counters:
        counter.write(0.0)
    _answer({"started": started})
    while not finish.is_set():
        # The next deadline is a multiple of the tick after the start, so that delays do not add up.
        time.sleep(tick - (time.monotonic() - started) % tick)
        previous, now = now, time.monotonic()
        while not resets.empty():
            file = resets.get()
            for counter in counters:
                if counter.file == file:
                    counter.reset(now - started)
        for counter in counters:
            counter.write(now - started)
        longest_pause = max(longest_pause, time.monotonic() - previous)
    _answer({"stopped": now, "longest_pause": longest_pause})


def _answer(values: Mapping[str, float]) -> None:
    sys.stdout.write(json.dumps(values) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
