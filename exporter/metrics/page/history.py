"""The last minutes of node power, kept for the page's small chart in a fixed amount of memory."""

import threading
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from exporter.metering.snapshot import Snapshot
from joulecast.component import Component

STEP_SECONDS = 2.5
STEPS = 120


@dataclass(frozen=True, slots=True)
class Step:
    """The mean power of each counted component over one step; one that gave nothing then is missing."""

    number: int  # steps since the monotonic clock's zero
    watts: Mapping[Component, float]


@dataclass(slots=True)
class _Filling:
    number: int
    sums: dict[Component, float] = field(default_factory=lambda: defaultdict(float))
    counts: dict[Component, int] = field(default_factory=lambda: defaultdict(int))

    def step(self) -> Step:
        return Step(self.number, {component: total / self.counts[component] for component, total in self.sums.items()})


class PowerHistory:
    """Takes every snapshot, and gives the means of the last five minutes to any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._steps: deque[Step] = deque(maxlen=STEPS - 1)
        self._filling = _Filling(-1)

    def add(self, snapshot: Snapshot) -> None:
        """Add the power that a snapshot shows."""
        watts = component_watts(snapshot)
        number = int(snapshot.monotonic / STEP_SECONDS)
        with self._lock:
            if number != self._filling.number:
                if self._filling.sums:
                    self._steps.append(self._filling.step())
                self._filling = _Filling(number)
            for component, value in watts.items():
                self._filling.sums[component] += value
                self._filling.counts[component] += 1

    def steps(self) -> Sequence[Step]:
        """The steps of the last five minutes in which anything was known, oldest first; the last may be going on."""
        with self._lock:
            known = [*self._steps, self._filling.step()] if self._filling.sums else list(self._steps)
            newest = self._filling.number
        return [step for step in known if step.number > newest - STEPS]


def component_watts(snapshot: Snapshot) -> dict[Component, float]:
    """The power of each component that counts and shows any."""
    watts: dict[Component, float] = defaultdict(float)
    for state in snapshot.series:
        if state.counted and state.watts is not None:
            watts[state.series.key.component] += state.watts
    return dict(watts)
