"""How much an energy counter and the power sensor beside it agree: their ratio, learnt while running."""

import math

# An estimate is taken once it is this certain, and older evidence is dropped then.
TARGET_ERROR = 0.015
# Until then the two are assumed equal, to within this much.
PRIOR_ERROR = 0.02
# Boards further off than this have a broken counter or a power reading of something else: say so, do not follow.
PLAUSIBLE = (0.5, 2.0)


class GainEstimate:
    """Ratio of counter to integrated power, from pairs of polls far enough apart that ticks no longer matter."""

    def __init__(self) -> None:
        self.value = 1.0  # what to scale power by
        self.error = PRIOR_ERROR
        self.ratio: float | None = None  # as observed, plausible or not; None until known
        self._since: tuple[float, float, float, float] | None = None

    def restart(self) -> None:
        """Forget the earlier poll: power changed unseen since, and the integral is not to be trusted across that."""
        self._since = None

    def take(self, joules: float, integral: float, tick_joules: float, roughness: float) -> None:
        """Compare one poll with an earlier one: all in joules, `roughness` in joules squared."""
        if self._since is None:
            self._since = (joules, integral, tick_joules, roughness)
            return
        joules0, integral0, tick0, roughness0 = self._since
        energy = integral - integral0
        if energy <= 0:
            return
        error = (math.hypot(tick_joules, tick0) + 2 * math.sqrt(max(0.0, roughness - roughness0))) / energy
        if error > TARGET_ERROR:
            return
        self._since = (joules, integral, tick_joules, roughness)
        self.ratio = (joules - joules0) / energy
        if PLAUSIBLE[0] <= self.ratio <= PLAUSIBLE[1]:
            self.value = self.ratio
            self.error = error
