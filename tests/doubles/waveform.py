"""A power curve whose energy is known exactly: constant, or a square wave for a while."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Wave:
    """Power from `start` on, in mW and ns: idle, and a square wave in [wave_start, wave_end)."""

    start: int
    consumed_pj: int  # until `start`
    idle_mw: int
    high_mw: int = 0
    low_mw: int = 0
    half_period: int = 0
    wave_start: int = 0
    wave_end: int = 0

    def power_mw(self, at: int) -> int:
        """Milliwatts at one instant."""
        if not self.wave_start <= at < self.wave_end:
            return self.idle_mw
        return self.high_mw if (at - self.wave_start) % (2 * self.half_period) < self.half_period else self.low_mw

    def energy_pj(self, until: int) -> int:
        """Picojoules (mW x ns) consumed until then, in closed form."""
        first, last = self._inside(self.start), self._inside(until)
        idle = (until - self.start - (last - first)) * self.idle_mw
        return self.consumed_pj + idle + self._square_pj(last) - self._square_pj(first)

    def _inside(self, at: int) -> int:
        return min(max(at, self.wave_start), self.wave_end) - self.wave_start

    def _square_pj(self, elapsed: int) -> int:
        if not self.half_period:
            return 0
        periods, rest = divmod(elapsed, 2 * self.half_period)
        high = min(rest, self.half_period)
        whole = periods * self.half_period * (self.high_mw + self.low_mw)
        return whole + high * self.high_mw + (rest - high) * self.low_mw


def nanoseconds(seconds: float) -> int:
    """The nearest whole nanosecond."""
    return round(seconds * 1e9)


def last_tick(at: int, tick: int, phase: int) -> int:
    """When something refreshed at `phase` and every `tick` after it was last refreshed; `at` itself if it always is."""
    return (at - phase) // tick * tick + phase if tick else at
