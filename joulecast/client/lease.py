"""Keeping open intervals alive and finishing what could not be sent: one daemon thread for the whole process."""

import atexit
import heapq
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Protocol

FIRST_RENEWAL = 1.0
LONGEST_RENEWAL = 20.0
# All a process spends at its exit on telling the exporter what it left open.
EXIT_BUDGET = 1.0
# Above this many, intervals whose end cannot be delivered are let go.
CROWD = 20_000


class Tended(Protocol):
    """Something that needs a hand from time to time."""

    def tend(self, *, crowded: bool) -> float | None:
        """Do what is due now; return the seconds until the next time, or None when nothing is left to do."""
        ...

    def leave(self, timeout: float) -> None:
        """The process ends: send what can be sent within `timeout`. Never raises."""
        ...


class Watch:
    """One place in the keeper's queue. What is released is let go at once, not only when it would have been due."""

    __slots__ = ("tended",)

    def __init__(self, tended: Tended) -> None:
        self.tended: Tended | None = tended

    def release(self) -> None:
        """Nothing is left to do."""
        self.tended = None


def renewal_delays(lease: float) -> Iterator[float]:
    """Seconds between renewals: doubling up to 20 s, and never fewer than three within a lease.

    Doubling keeps the last sign of life of a killed workload fresh: at most half its age behind its death.
    """
    longest = min(LONGEST_RENEWAL, lease / 3)
    delay = min(FIRST_RENEWAL, longest)
    while True:
        yield delay
        delay = min(2 * delay, longest)


class Keeper:
    """Tends everything handed to it when it is due, in a thread that starts with the first."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._numbers = count()
        self._at_exit = False
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._due: list[tuple[float, int, Watch]] = []  # when, and a number so that no two watches are compared
        self._thread: threading.Thread | None = None

    def watch(self, tended: Tended, delay: float) -> Watch:
        """Call `tended.tend()` in `delay` seconds, and again as often as it asks for; until the watch is released."""
        watch = Watch(tended)
        self._enter(watch, delay)
        return watch

    def leave(self, budget: float = EXIT_BUDGET) -> None:
        """Let everything watched send what it can, all of it within `budget` seconds."""
        with self._changed:
            due, self._due = self._due, []
        deadline = self._clock() + budget
        for _, _, watch in due:
            left = deadline - self._clock()
            if left <= 0:
                return
            if watch.tended is not None:
                watch.tended.leave(left)

    def forked(self) -> None:
        """In a child process: what the parent began is the parent's to end."""
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._due = []
        self._thread = None

    def _enter(self, watch: Watch, delay: float) -> None:
        entry = (self._clock() + delay, next(self._numbers), watch)
        with self._lock:
            if self._thread is None:
                self._start()
            heapq.heappush(self._due, entry)
            if self._due[0] is entry:
                self._changed.notify()

    def _start(self) -> None:
        if not self._at_exit:
            atexit.register(self.leave)
            self._at_exit = True
        self._thread = threading.Thread(target=self._run, name="joulecast-keeper", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            watch, crowded = self._next()
            tended = watch.tended
            if tended is None:  # released just now
                continue
            try:
                delay = tended.tend(crowded=crowded)
            except Exception:
                # A bug here must not cost the other intervals their leases.
                logging.getLogger("joulecast").exception("an interval could not be kept; it is let go")
                delay = None
            del tended
            if delay is not None:
                self._enter(watch, delay)

    def _next(self) -> tuple[Watch, bool]:
        with self._changed:
            while True:
                # Short work is over long before it is due: a thousand pieces must not wake us a thousand times.
                while self._due and self._due[0][2].tended is None:
                    heapq.heappop(self._due)
                if not self._due:
                    self._changed.wait()
                elif (wait := self._due[0][0] - self._clock()) > 0:
                    self._changed.wait(wait)
                else:
                    crowded = len(self._due) > CROWD
                    return heapq.heappop(self._due)[2], crowded


KEEPER = Keeper()
os.register_at_fork(after_in_child=KEEPER.forked)
