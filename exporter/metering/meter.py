"""What a meter is: it turns the readings of one series into its energy curve."""

from typing import NamedTuple, Protocol

from exporter.metering.counter import Refusal
from exporter.metering.curve import EnergyCurve
from exporter.sensors.sensor import Reading, Series

# A power sensor that was silent for longer was not observed: longer than any period it is read at.
MAX_POWER_GAP_SECONDS = 5.0
# Inside a counter's step longer than this power may have been anything: what it was before and after proves nothing.
SHAPELESS_SECONDS = 5.0


class Anchor(NamedTuple):
    """The last accepted reading of a counter."""

    time: float  # monotonic
    raw_joules: float  # as the hardware showed it
    curve_joules: float  # unwrapped, on the scale of the curve


class Meter(Protocol):
    """Feeds one curve."""

    series: Series
    curve: EnergyCurve
    # Seconds after a moment by which the curve is final up to it, while readings keep coming.
    latency_seconds: float

    def feed(self, time: float, reading: Reading, spread: float = 0.0) -> Refusal | None:
        """Take one reading made at `time` +- `spread` / 2 (monotonic seconds); a refusal leaves the curve alone."""
        ...

    @property
    def anchor(self) -> Anchor | None:
        """From where a later run can continue the counter; None for power sensors, and before the first reading."""
        ...

    def resume(self, anchor: Anchor) -> None:
        """Continue the counter of an earlier run on the same boot; power sensors have nothing to continue."""
        ...
