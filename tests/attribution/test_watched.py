"""An interval's part of its container: the steps that cover it, along the curve of the device."""

import pytest
from doubles.attributed_machine import AttributedMachine

from exporter.attribution.track import CAPACITY
from joulecast.component import SeriesKey


class Recorded:
    """A machine whose package curve is remembered, so that it can be asked for any moment."""

    def __init__(self) -> None:
        self.machine = AttributedMachine()
        self.machine.idle_watts = {self.machine.cpu().series.key: 0.0}
        self.points = [(self.machine.clock.monotonic(), 0.0)]
        for name in ("a", "b"):
            self.machine.container(name)
        self.machine.tick()
        self.points = [(self.machine.clock.monotonic(), 0.0)]

    def burn(self, watts: float, **cpu_seconds: float) -> None:
        """One second."""
        for name, seconds in cpu_seconds.items():
            self.machine.use_cpu(name, seconds)
        self.machine.cpu().joules += watts
        self.machine.tick()
        self.points.append((self.machine.clock.monotonic(), self.machine.cpu().joules))

    def energy(self, _key: SeriesKey, time: float) -> float:
        """The curve at a moment, in straight lines."""
        before = self.points[0]
        for point in self.points[1:]:
            if point[0] >= time:
                return before[1] + (point[1] - before[1]) * (time - before[0]) / (point[0] - before[0])
            before = point
        return before[1]

    def part(self, name: str, begin: float, end: float) -> tuple[float, float] | None:
        """CPU joules and coverage of a container in a stretch, told from the first point on."""
        zero = self.points[0][0]
        identity = self.machine.container(name).identity
        watched = self.machine.attribution.watched
        edges = [watched.edges(identity, zero + time, self.energy) for time in (begin, end)]
        if None in edges:
            return None
        first, last = (each.by_series[self.machine.cpu().series.key] for each in edges if each)
        return last.joules - first.joules, (last.covered - first.covered) / (end - begin)

    def watch(self, *names: str) -> None:
        """Begin to watch."""
        for name in names:
            self.machine.attribution.watched.watch(self.machine.container(name).identity)


def test_parts_of_a_step_follow_the_device() -> None:
    """A stretch that begins and ends inside steps is charged each step's share of what the device used in it."""
    recorded = Recorded()
    recorded.watch("a", "b")
    recorded.burn(100.0, a=3.0, b=1.0)
    recorded.burn(200.0, a=1.0, b=1.0)
    recorded.burn(50.0, b=1.0)

    assert recorded.part("a", 0.0, 3.0) == (pytest.approx(75.0 + 100.0), pytest.approx(1.0))
    assert recorded.part("a", 0.5, 1.5) == (pytest.approx(37.5 + 50.0), pytest.approx(1.0))
    assert recorded.part("b", 1.5, 2.5) == (pytest.approx(50.0 + 25.0), pytest.approx(1.0))


def test_parts_of_all_containers_are_never_more_than_the_machine() -> None:
    """Over any stretch the parts of everybody sum up to what the device used, at most."""
    recorded = Recorded()
    recorded.watch("a", "b")
    for second in range(20):
        recorded.burn(10.0 * (second % 7), a=float(second % 3), b=float(second % 5))
    begin, end = 3.3, 17.9
    parts = [recorded.part(name, begin, end) for name in ("a", "b")]
    zero, key = recorded.points[0][0], recorded.machine.cpu().series.key
    used = recorded.energy(key, zero + end) - recorded.energy(key, zero + begin)

    assert sum(part[0] for part in parts if part) <= used * (1 + 1e-9)
    assert sum(part[0] for part in parts if part) > 0.8 * used


def test_a_stretch_from_before_it_was_watched_is_covered_in_part() -> None:
    """Coverage says how much of a stretch was watched: what was before is not told."""
    recorded = Recorded()
    recorded.burn(100.0, a=1.0)
    recorded.watch("a")
    recorded.burn(100.0, a=1.0)

    assert recorded.part("a", 0.0, 2.0) == (pytest.approx(100.0), pytest.approx(0.5))
    assert recorded.part("b", 0.0, 2.0) is None


def test_long_watches_take_bounded_memory_and_lose_no_joule() -> None:
    """After thousands of steps few points are kept; edges read at begin and end are still all steps apart."""
    recorded = Recorded()
    recorded.watch("a")
    recorded.burn(10.0, a=1.0)
    watched, identity = recorded.machine.attribution.watched, recorded.machine.container("a").identity
    first = watched.edges(identity, recorded.points[0][0] + 0.5, recorded.energy)
    for _ in range(4999):
        recorded.burn(10.0, a=1.0)
    last = watched.edges(identity, recorded.points[-1][0], recorded.energy)

    assert all(len(curve.times) <= CAPACITY for curve in watched._watches[identity].track.curves.values())
    assert first is not None
    assert last is not None
    key = recorded.machine.cpu().series.key
    assert last.by_series[key].joules - first.by_series[key].joules == pytest.approx(49_995.0)


def test_merged_steps_are_not_read_inside() -> None:
    """What reaches back into merged steps is told from their end on: two containers may not both have a joule."""
    recorded = Recorded()
    recorded.watch("a")
    for _ in range(2 * CAPACITY):
        recorded.burn(10.0, a=1.0)
    seen = recorded.part("a", 10.0, 2.0 * CAPACITY)

    assert seen is not None
    assert seen[1] < 0.6
    assert seen[0] == pytest.approx(10.0 * seen[1] * (2.0 * CAPACITY - 10.0))


def test_an_edge_inside_a_step_says_how_far_it_may_be_off() -> None:
    """Of what was charged for a step as little or as much may lie before the edge as the device used around it."""
    recorded = Recorded()
    recorded.watch("a", "b")
    recorded.burn(100.0, a=3.0, b=1.0)
    recorded.burn(100.0, b=1.0)
    watched, zero, key = recorded.machine.attribution.watched, recorded.points[0][0], recorded.machine.cpu().series.key
    widths = {}
    for name in ("a", "b"):
        for time in (0.5, 1.0, 1.5):
            edges = watched.edges(recorded.machine.container(name).identity, zero + time, recorded.energy)
            assert edges is not None
            widths[name, time] = edges.by_series[key].half_width

    assert widths["a", 0.5] == pytest.approx(12.5)  # 37.5 J, which may be 25 to 50
    assert widths["b", 0.5] == pytest.approx(12.5)  # 12.5 J, which may be 0 to 25
    assert widths["a", 1.0] == 0.0
    assert widths["b", 1.5] == pytest.approx(0.0)  # nobody else was charged: it used all of it all the time


def test_two_intervals_of_one_container_are_watched_until_both_end() -> None:
    """The end of one interval takes nothing from another of the same container."""
    recorded = Recorded()
    recorded.watch("a", "a")
    recorded.burn(100.0, a=1.0)
    identity = recorded.machine.container("a").identity
    recorded.machine.attribution.watched.unwatch(identity)
    assert recorded.part("a", 0.0, 1.0) is not None
    recorded.machine.attribution.watched.unwatch(identity)
    recorded.machine.attribution.watched.unwatch(identity)

    assert recorded.part("a", 0.0, 1.0) is None


def test_it_says_how_far_it_is() -> None:
    """Until the first step nothing is settled; then all is up to the slowest curve."""
    recorded = Recorded()
    recorded.watch("a")
    watched, identity = recorded.machine.attribution.watched, recorded.machine.container("a").identity
    assert watched.settled_until(identity) is None
    card = recorded.machine.gpu("GPU-1", late=0.6)
    recorded.burn(100.0, a=1.0)
    recorded.burn(100.0, a=1.0)

    assert watched.settled_until(identity) == card.front == pytest.approx(recorded.points[-1][0] - 0.6)
    assert watched.settled_until(recorded.machine.container("b").identity) is None


def test_a_gpu_that_was_lost_is_not_waited_for() -> None:
    """A curve that is published no more holds up nobody's interval for long."""
    recorded = Recorded()
    recorded.watch("a")
    card = recorded.machine.gpu("GPU-1", late=0.6)
    recorded.burn(100.0, a=1.0)
    recorded.burn(100.0, a=1.0)
    del recorded.machine.curves[card.series.key]
    for _ in range(12):
        recorded.burn(100.0, a=1.0)
    watched, identity = recorded.machine.attribution.watched, recorded.machine.container("a").identity

    assert watched.settled_until(identity) == pytest.approx(recorded.points[-1][0])
