"""What an exporter that does not answer may cost the workload: almost nothing."""

from collections.abc import Callable

# Calls are not even tried for this long after one failed.
SHORTEST_PAUSE = 5.0
LONGEST_PAUSE = 60.0
# A call that hung is paid for with a hundred times as long a pause: at most 1 % of the workload's time.
PAUSE_PER_COST = 100.0
# Reading results may wait this long for an exporter that is being restarted, in sum over one outage.
PATIENCE = 5.0


class Outage:
    """Whether calls are worth trying now. Fields are plain floats: a race between threads costs one call more."""

    def __init__(self, clock: Callable[[], float], patience: float = PATIENCE) -> None:
        self._clock = clock
        self._until: float | None = None
        self._most_patience = patience
        self._patience = patience

    @property
    def paused(self) -> bool:
        """Whether the last call failed so recently that another is not tried."""
        return self._until is not None and self._clock() < self._until

    @property
    def patience(self) -> float:
        """Seconds that may still be waited in this outage by whoever wants a result."""
        return self._patience

    def failed(self, cost: float, *, waited: bool = False) -> None:
        """A call found nobody and took `cost` seconds; `waited` if it was one that spends patience."""
        if waited:
            self._patience = max(0.0, self._patience - cost)
            cost = 0.0
        self._until = self._clock() + min(LONGEST_PAUSE, max(SHORTEST_PAUSE, PAUSE_PER_COST * cost))

    def over(self) -> None:
        """A call was answered."""
        if self._until is not None:
            self._until = None
            self._patience = self._most_patience
