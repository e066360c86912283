"""Energy from a hardware counter that wraps, resets, stalls and sometimes lies."""

from dataclasses import dataclass
from enum import StrEnum

# A stretch lost to a reset is bridged at the last mean power only if it is as short as one sampling step.
MAX_BRIDGE_SECONDS = 5.0


class Refusal(StrEnum):
    """Why a reading was not believed; the `reason` label of the rejected-readings metric."""

    JUMP = "jump"  # more than the component can draw
    BACKWARDS = "backwards"  # went back and did not wrap
    IMPOSSIBLE = "impossible"  # a power nothing here can draw, or not a number


@dataclass(frozen=True, slots=True)
class Step:
    """What one accepted reading adds."""

    joules: float
    observed_seconds: float  # less than the step's duration where the counter was reset inside it
    certain: bool  # False where part of the step had to be bridged by an estimate


class CounterUnwrapper:
    """Turns raw cumulative readings into steps of energy, refusing what physics forbids.

    * A step back is a wrap if wrapping explains it within `max_watts`; the range is the counter's own.
    * Otherwise the reading is held as a suspect until the next one: if that agrees with what came before, the suspect
      was a glitch and nothing is lost; if it agrees with the suspect, the counter was reset (driver reload, suspend)
      and counting goes on from there.
    * Across a gap so long that the counter may have wrapped more than once, the step is unknown: a gap.
    """

    def __init__(
        self,
        *,
        range_joules: float | None,
        max_watts: float,
        resolution_joules: float = 0.0,
        update_seconds: float = 0.0,
    ) -> None:
        self._range = range_joules
        self._max_watts = max_watts
        # Two reads may enclose one refresh more than the time between them has room for.
        self._slack = resolution_joules + max_watts * update_seconds + 1e-9
        self._time: float | None = None
        self._raw = 0.0
        self._watts = 0.0  # mean over the last accepted step
        self._suspect: tuple[float, float] | None = None

    @property
    def anchor(self) -> tuple[float, float] | None:
        """(time, raw joules) of the last accepted reading: what a restart resumes from."""
        return None if self._time is None else (self._time, self._raw)

    def resume(self, time: float, raw: float) -> None:
        """Continue from an anchor kept by an earlier run on the same boot."""
        self._time, self._raw, self._suspect, self._watts = time, raw, None, 0.0

    def take(self, time: float, raw: float) -> Step | Refusal | None:
        """Accept a reading. None for the very first, a Refusal for one that is not believed (yet)."""
        if self._time is None:
            self._accept(time, raw, 0.0)
            return None
        elapsed = time - self._time
        step = self._explain(self._raw, raw, elapsed)
        if step is not None:
            self._suspect = None
            self._accept(time, raw, step.joules / elapsed)
            return step
        if self._suspect is not None:
            suspect_time, suspect_raw = self._suspect
            after = self._explain(suspect_raw, raw, time - suspect_time)
            if after is not None:
                return self._rebase(time, raw, suspect_time - self._time, suspect_raw, after)
        self._suspect = (time, raw)
        return Refusal.BACKWARDS if raw < self._raw else Refusal.JUMP

    def _explain(self, before: float, after: float, elapsed: float) -> Step | None:
        """The step from one raw value to another, if physics allows it."""
        bound = self._max_watts * elapsed + self._slack
        if elapsed <= 0:
            return None
        if self._range is not None and bound >= self._range:
            return Step(0.0, 0.0, certain=False)  # could have wrapped more than once: unknown
        delta = after - before
        if delta < 0 and self._range is not None:
            delta += self._range
        return Step(delta, elapsed, certain=True) if 0 <= delta <= bound else None

    def _rebase(self, time: float, raw: float, dark_seconds: float, new_raw: float, after: Step) -> Step:
        """Two readings agree on a new base: take the energy since the reset, bridge what was lost before it.

        A reset counter starts near zero, so `new_raw` is the energy since the reset; the part of the step before it is
        bridged at the last mean power, if the step is short. After a jump forwards nothing is known of the dark stretch
        but its last mean power. When in it the reset was cannot be known, so none of it counts as observed.
        """
        bridged = self._watts * dark_seconds if dark_seconds <= MAX_BRIDGE_SECONDS else 0.0
        seen = new_raw if 0 <= new_raw <= self._max_watts * dark_seconds else 0.0
        self._suspect = None
        self._accept(time, raw, after.joules / max(after.observed_seconds, 1e-9))
        return Step(max(bridged, seen) + after.joules, after.observed_seconds, certain=False)

    def _accept(self, time: float, raw: float, watts: float) -> None:
        self._time, self._raw, self._watts = time, raw, watts
