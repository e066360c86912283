"""A clock that stands still until a test moves it."""

import threading


class FakeClock:
    """Implements `joulecast.clock.Clock`; `advance` moves both readings, `step_wall` is an administrator's hand."""

    def __init__(self, monotonic: float = 1000.0, wall: float = 1_800_000_000.0) -> None:
        self._lock = threading.Lock()
        self._monotonic = monotonic
        self._wall = wall

    def monotonic(self) -> float:
        """Seconds that only `advance` moves."""
        with self._lock:
            return self._monotonic

    def wall(self) -> float:
        """Seconds since the epoch that `advance` and `step_wall` move."""
        with self._lock:
            return self._wall

    def advance(self, seconds: float) -> None:
        """Let time pass; it never runs backwards."""
        if seconds < 0:
            raise ValueError(f"time cannot pass by {seconds} s; use step_wall to turn the wall clock back")
        with self._lock:
            self._monotonic += seconds
            self._wall += seconds

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, as NTP or a person does; monotonic time does not notice."""
        with self._lock:
            self._wall += seconds
