"""The idle experiment as a whole: let the machine be for a while, then keep what it drew."""

import threading
from collections.abc import Callable, Iterator, Mapping

from exporter.intervals.errors import IntervalConflict
from exporter.intervals.idle import IdleBaselines, check_experiment, evaluate_experiment, run_experiment
from exporter.metering.cadence import Attention
from exporter.metering.node import NodeMeter
from exporter.metering.snapshot import IdleState
from joulecast.clock import Clock
from joulecast.component import SeriesKey


class IdleExperiment:
    """Runs one experiment at a time; its result becomes the baseline of every interval from then on."""

    def __init__(
        self,
        clock: Clock,
        node: NodeMeter,
        attention: Attention,
        baselines: IdleBaselines,
        *,
        open_intervals: Callable[[], int],
        sleep: Callable[[float], None],
        keep: Callable[[], None],
    ) -> None:
        """`keep` is called once new baselines are known, to store them."""
        self._clock = clock
        self._node = node
        self._attention = attention
        self._baselines = baselines
        self._open_intervals = open_intervals
        self._sleep = sleep
        self._keep = keep
        self._running = threading.Lock()
        self.result: Mapping[SeriesKey, IdleState] = {}

    def measure(self, seconds: float, *, force: bool = False) -> Iterator[float]:
        """Measure for `seconds`, yielding the seconds elapsed; when it is exhausted, `result` holds the baselines.

        Raises InvalidTag for a length that tells nothing, IntervalConflict while intervals are open (unless forced) or
        another experiment runs. A caller who stops iterating leaves the baselines as they were.
        """
        check_experiment(seconds, open_intervals=self._open_intervals(), force=force)
        if not self._running.acquire(blocking=False):
            raise IntervalConflict("another idle experiment is running", "wait for it to end")
        try:
            begin = self._clock.monotonic()
            self._attention.edge(begin, opened=1)
            try:
                yield from run_experiment(seconds, self._clock.monotonic, self._sleep)
            finally:
                self._attention.edge(self._clock.monotonic(), opened=-1)
            end = self._clock.monotonic()
            meters = self._node.meters()
            self._sleep(self._node.latency_seconds + 0.2)
            self.result = evaluate_experiment(meters, begin, end, self._clock.wall())
            self._baselines.set_measured(self.result)
            self._keep()
        finally:
            self._running.release()
