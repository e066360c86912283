"""What measuring costs: this process's own share of the CPU's energy, told like everyone else's."""

from collections.abc import Callable


class OwnCost:
    """Joules of CPU this process has used, by its share of the processor time the machine has."""

    def __init__(self, cpu_seconds: Callable[[], float], logical_cpus: int) -> None:
        """`cpu_seconds` is the process's cumulative CPU time, `logical_cpus` how many it could have used."""
        self._cpu_seconds = cpu_seconds
        self._logical_cpus = max(1, logical_cpus)
        self._last: tuple[float, float] | None = None
        self._joules: float | None = None

    def update(self, now: float, cpu_watts: float | None) -> float | None:
        """Add what was used since the last update at the present power of all CPU packages; None until known."""
        used = self._cpu_seconds()
        last, self._last = self._last, (now, used)
        if last is not None and cpu_watts is not None and now > last[0]:
            share = min(1.0, (used - last[1]) / ((now - last[0]) * self._logical_cpus))
            self._joules = (self._joules or 0.0) + cpu_watts * share * (now - last[0])
        return self._joules
