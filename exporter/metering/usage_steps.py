"""One gauge over time, as running totals: an interval on a large server asks for dozens of means."""

from array import array
from bisect import bisect_left

_CAPACITY = 512


class UsageSteps:
    """A step function from `start` on. When it is full, its older half is thinned to every other step.

    Not safe against threads: its owner's lock guards it.
    """

    def __init__(self, start: float) -> None:
        self._time = array("d", [start])
        self._area = array("d", [0.0])  # value x seconds since the start
        self._seen = array("d", [0.0])  # seconds that were observed since the start

    def __len__(self) -> int:
        return len(self._time)

    @property
    def front(self) -> float:
        """Where the latest step ends."""
        return self._time[-1]

    def append(self, time: float, value: float | None) -> None:
        """Add the step that ends at `time`, after the front; None if nobody knows what the value was in it."""
        seconds = time - self.front
        self._time.append(time)
        self._area.append(self._area[-1] + (0.0 if value is None else value * seconds))
        self._seen.append(self._seen[-1] + (0.0 if value is None else seconds))
        if len(self._time) >= _CAPACITY:
            older = len(self._time) // 2
            for column in (self._time, self._area, self._seen):
                column[:older] = column[0:older:2]

    def mean(self, begin: float, end: float) -> float | None:
        """Time-weighted mean over what was observed of [begin, end]; None if nothing was."""
        begin, end = max(begin, self._time[0]), min(end, self._time[-1])
        if end <= begin:
            return None
        area, seen = self._until(end)
        earlier_area, earlier_seen = self._until(begin)
        seconds = seen - earlier_seen
        return (area - earlier_area) / seconds if seconds > 0 else None

    def _until(self, time: float) -> tuple[float, float]:
        """Area and observed seconds up to a time between the start and the front."""
        index = bisect_left(self._time, time)
        after, area, seen = self._time[index], self._area[index], self._seen[index]
        if after == time:
            return area, seen
        before = index - 1
        left = (after - time) / (after - self._time[before])
        return area - (area - self._area[before]) * left, seen - (seen - self._seen[before]) * left
