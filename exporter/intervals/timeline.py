"""One time for everything inside: CLOCK_MONOTONIC. Wall clocks are translated at the edge, and watched for steps."""

import logging

from exporter.intervals.errors import InvalidTag
from joulecast.clock import Clock, Moment

log = logging.getLogger(__name__)

STEP_SECONDS = 0.5
# A workload's clock may be this far ahead of ours before its moment counts as the future.
TOLERANCE_SECONDS = 1.0


class Timeline:
    """Places the moments of workloads on our monotonic clock, and our times on the wall."""

    def __init__(self, clock: Clock, boot_id: str) -> None:
        self._clock = clock
        self.boot_id = boot_id
        self._offset = clock.wall() - clock.monotonic()

    def watch(self) -> float:
        """Notice a stepped wall clock; returns the step in seconds, 0.0 if there was none.

        Running intervals do not care: they live on the monotonic clock, and keep the wall time they began with.
        """
        offset = self._clock.wall() - self._clock.monotonic()
        step = offset - self._offset
        self._offset = offset
        if abs(step) < STEP_SECONDS:
            return 0.0
        log.warning("the wall clock was stepped by %+.1f s; intervals are measured on the monotonic clock", step)
        return step

    def now(self) -> float:
        """Monotonic seconds."""
        return self._clock.monotonic()

    def wall(self, time: float) -> float:
        """Wall time of a monotonic time, by today's offset."""
        return time + self._offset

    def place(self, field: str, moment: Moment | None, *, sent: Moment | None = None) -> float:
        """Monotonic time of a workload's moment; now, if there is none.

        The monotonic reading is taken where the clock is the same: same boot, and not ahead of us. Elsewhere (another
        machine, another time namespace) the wall clock is, corrected by how far off the sender's was when it `sent`.
        Raises InvalidTag for a moment in the future.
        """
        now = self._clock.monotonic()
        if moment is None:
            return now
        witness = sent or moment
        if moment.boot_id == self.boot_id != "" and witness.monotonic <= now + TOLERANCE_SECONDS:
            time = moment.monotonic
        elif sent is not None:
            time = now - (sent.wall - moment.wall)
        else:
            time = moment.wall - (self._clock.wall() - now)
        if time > now + TOLERANCE_SECONDS:
            raise InvalidTag(
                f"{field} is {time - now:.1f} s in the future",
                "check the workload's clock, or leave the time out to use the exporter's",
            )
        return min(time, now)
