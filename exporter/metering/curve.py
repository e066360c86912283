"""The cumulative energy curve: one per series, bounded memory whatever the uptime, read by everything else."""

import math
import threading
from array import array
from bisect import bisect_left
from typing import NamedTuple

# What power may have been inside a segment is judged by this many on either side of it: loads repeat themselves.
NEIGHBOURS = 10


class BeforeHistory(LookupError):
    """The moment asked for is older than what the curve still remembers."""


class Edge(NamedTuple):
    """The curve read at one moment."""

    time: float  # monotonic seconds
    joules: float  # cumulative
    half_width: float  # joules: how far the truth may be from `joules` because of *when* this was read
    variance: float  # joules squared: cumulative sampling error of everything before
    observed: float  # cumulative seconds really observed


class _Segment(NamedTuple):
    """What joins two points, with bounds on the power that may have been inside."""

    begin: float
    end: float
    joules: float  # at the begin, as all below that is not a difference
    delta_joules: float
    low: float
    high: float
    half_width: float
    delta_half_width: float
    variance: float
    delta_variance: float
    observed: float
    delta_observed: float

    def at(self, time: float, blur_seconds: float) -> Edge:
        """Interpolate.

        With mean power m and power within [low, high], energy after a share x of the segment of length d leaves the
        straight line by at most min((high - m) x, (m - low) (1 - x)) d above and min((m - low) x, (high - m) (1 - x)) d
        below: it can run ahead only as far as the rest can make up for.
        """
        begin, end, joules, delta, low, high, width, delta_width, variance, delta_variance, seen, delta_seen = self
        duration = end - begin
        share = (time - begin) / duration
        rest = 1 - share
        mean = delta / duration
        over, under = high - mean, mean - low
        above = min(under * rest, over * share)
        below = min(over * rest, under * share)
        return Edge(
            time,
            joules + delta * share,
            width + delta_width * share + max(above, below) * duration + blur_seconds * high,
            variance + delta_variance * share,
            seen + delta_seen * share,
        )


def combine_half_widths(a: float, b: float) -> float:
    """Half-width of a difference of two values known to within +-a and +-b, covering at least 95 %.

    Two independent uniform errors of equal width h have 95 % of their sum within 1.553 h = 1.1 sqrt(2) h; where one
    dominates, its own width is enough. Never more than a + b, which is certain.
    """
    return min(a + b, 1.1 * math.hypot(a, b))


def uncertainty_between(begin: Edge, end: Edge) -> float:
    """Half-width in joules of `end.joules - begin.joules`: both edges, and 95 % of the sampling error between them."""
    edges = combine_half_widths(begin.half_width, end.half_width)
    return math.hypot(edges, 1.96 * math.sqrt(max(0.0, end.variance - begin.variance)))


class EnergyCurve:
    """Cumulative joules over monotonic time, as points joined by lines; never decreasing.

    Every point is final when it is appended, so a moment before `front` always reads the same and
    E(a,b) + E(b,c) = E(a,c). When `capacity` points are reached the older half is thinned to every other point: the
    curve remembers everything since it began, ever more coarsely, and says so through `half_width`.
    """

    def __init__(
        self,
        start: float,
        *,
        joules: float = 0.0,
        observed: float = 0.0,
        blur_seconds: float = 0.0,
        capacity: int = 2048,
    ) -> None:
        """Begin at `start`. `blur_seconds`: every point may be that much older or newer than its time says."""
        self._lock = threading.Lock()
        self._blur = blur_seconds
        self._capacity = capacity
        self._time = array("d", [start])
        self._joules = array("d", [joules])
        self._half_width = array("d", [0.0])
        self._variance = array("d", [0.0])
        self._observed = array("d", [observed])
        # Bounds on power inside the segment that ends at each point.
        self._low = array("d", [0.0])
        self._high = array("d", [0.0])
        # Edges are read in order, and those of short intervals lie in one segment by the dozen.
        self._latest: _Segment | None = None

    def __len__(self) -> int:
        return len(self._time)

    @property
    def front(self) -> float:
        """Monotonic time up to which the curve is final."""
        return self._time[-1]

    @property
    def start(self) -> float:
        """Monotonic time of the oldest point."""
        return self._time[0]

    @property
    def joules(self) -> float:
        """Cumulative joules at the front."""
        return self._joules[-1]

    def append(
        self,
        time: float,
        delta_joules: float,
        *,
        observed_seconds: float | None = None,
        half_width: float = 0.0,
        variance: float = 0.0,
        power_bounds: tuple[float, float] | None = None,
    ) -> None:
        """Add a segment from the front to `time` holding `delta_joules`.

        `observed_seconds` is how much of the segment was really seen, all of it if not given;
        `half_width` is the uncertainty of the new point itself, `variance` the sampling error added by the segment
        (J^2); `power_bounds` what power may have been inside it, the segment's mean if not given. Points that would
        go back in time, or energy that would go down, are errors of the caller.
        """
        with self._lock:
            duration = time - self._time[-1]
            if duration <= 0 or delta_joules < 0:
                raise ValueError(f"segment of {duration} s and {delta_joules} J")
            mean = delta_joules / duration
            # What was not observed at all says nothing of the power around it.
            nothing_known = (math.inf, -math.inf) if observed_seconds == 0 else (mean, mean)
            low, high = power_bounds or nothing_known
            self._latest = None  # a new neighbour may widen its bounds
            self._time.append(time)
            self._joules.append(self._joules[-1] + delta_joules)
            self._half_width.append(half_width)
            self._variance.append(self._variance[-1] + variance)
            seen = duration if observed_seconds is None else min(duration, max(0.0, observed_seconds))
            self._observed.append(self._observed[-1] + seen)
            self._low.append(low)
            self._high.append(high)
            if len(self._time) >= self._capacity:
                self._thin()

    def at(self, time: float) -> Edge:
        """Read the curve at `time`. After the front nothing is known: the front's values, unextrapolated.

        Raises BeforeHistory for a time before the first point.
        """
        with self._lock:
            latest = self._latest
            if latest is not None and latest.begin < time < latest.end:
                return latest.at(time, self._blur)
            if time < self._time[0]:
                raise BeforeHistory(f"{self._time[0] - time:.3f} s before the first reading")
            index = bisect_left(self._time, time)
            if index == len(self._time):
                return self._point(index - 1, time)
            if self._time[index] == time:
                return self._point(index, time)
            self._latest = self._segment(index)
            return self._latest.at(time, self._blur)

    def mean_power(self, seconds: float) -> float | None:
        """Mean watts over the last `seconds` before the front; None if that stretch was not fully observed."""
        front = self.front
        begin, end = self.at(max(self.start, front - seconds)), self.at(front)
        elapsed = end.time - begin.time
        if elapsed <= 0 or end.observed - begin.observed < 0.5 * elapsed:
            return None
        return (end.joules - begin.joules) / elapsed

    def _point(self, index: int, time: float) -> Edge:
        _, high = self._power_near(index)
        half_width = self._half_width[index] + self._blur * high
        return Edge(time, self._joules[index], half_width, self._variance[index], self._observed[index])

    def _power_near(self, index: int) -> tuple[float, float]:
        """Bounds on power around the segment that ends at `index`, as the segments on either side suggest them."""
        first = max(1, index - NEIGHBOURS)
        low = min(self._low[first : index + NEIGHBOURS + 1], default=0.0)
        high = max(self._high[first : index + NEIGHBOURS + 1], default=0.0)
        if low > high:
            return 0.0, 0.0
        # What neighbours show is means: inside, power went somewhat beyond them.
        return max(0.0, low - (high - low) / 2), high + (high - low) / 2

    def _segment(self, index: int) -> _Segment:
        """The segment that ends at `index`."""
        before = index - 1
        begin, end = self._time[before], self._time[index]
        delta = self._joules[index] - self._joules[before]
        mean = delta / (end - begin)
        low, high = self._power_near(index)
        return _Segment(
            begin,
            end,
            self._joules[before],
            delta,
            min(low, mean),
            max(high, mean),
            self._half_width[before],
            self._half_width[index] - self._half_width[before],
            self._variance[before],
            self._variance[index] - self._variance[before],
            self._observed[before],
            self._observed[index] - self._observed[before],
        )

    def _thin(self) -> None:
        """Drop every other point of the older half; a merged segment keeps the power bounds of both."""
        half = len(self._time) // 2
        kept = range(0, half, 2)
        for i in kept[1:]:
            self._low[i] = min(self._low[i], self._low[i - 1])
            self._high[i] = max(self._high[i], self._high[i - 1])
        if kept[-1] != half - 1:  # the point just before the untouched half went: its segment joins the next
            self._low[half] = min(self._low[half], self._low[half - 1])
            self._high[half] = max(self._high[half], self._high[half - 1])
        for name in ("_time", "_joules", "_half_width", "_variance", "_observed", "_low", "_high"):
            column: array[float] = getattr(self, name)
            column[:half] = column[0:half:2]
