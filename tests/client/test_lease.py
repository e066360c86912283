"""Keeping things alive."""

import threading
import weakref
from itertools import islice

import pytest
from doubles.awaiting import until

from joulecast.client.lease import Keeper, renewal_delays


class Plant:
    """Something to tend: notes when it was, and asks for as many more times as given."""

    def __init__(self, delays: list[float]) -> None:
        self.delays = delays
        self.tended = 0
        self.left: list[float] = []

    def tend(self, *, crowded: bool) -> float | None:
        """Once more."""
        assert not crowded
        self.tended += 1
        return self.delays.pop(0) if self.delays else None

    def leave(self, timeout: float) -> None:
        """Last call."""
        self.left.append(timeout)


class Weed(Plant):
    """Fails whenever it is tended."""

    def tend(self, *, crowded: bool) -> float | None:
        """Never works."""
        raise RuntimeError("a bug", crowded)


@pytest.mark.parametrize(
    ("lease", "expected"), [(60.0, [1, 2, 4, 8, 16, 20, 20]), (9.0, [1, 2, 3, 3]), (1.5, [0.5, 0.5])]
)
def test_renewals_double_and_fit_three_times_into_a_lease(lease: float, expected: list[float]) -> None:
    """The delays grow from one second to twenty, and stay below a third of the lease."""
    assert list(islice(renewal_delays(lease), len(expected))) == expected


def test_what_is_due_is_tended_as_often_as_it_asks() -> None:
    """Whatever is watched later is not held up by what was watched before, and what is done is let go."""
    keeper = Keeper()
    slow, quick = Plant([]), Plant([0.0, 0.0])
    keeper.watch(slow, 3600.0)
    keeper.watch(quick, 0.0)

    until(lambda: quick.tended == 3)
    until(lambda: len(keeper._due) == 1)
    assert slow.tended == 0


def test_what_is_released_before_it_is_due_is_let_go_at_once() -> None:
    """Work that is over is not held until it would have been due, nor tended, and wakes nobody."""
    keeper = Keeper()
    plant = Plant([])
    watch, reference = keeper.watch(plant, 3600.0), weakref.ref(plant)
    del plant
    assert reference() is not None
    watch.release()
    assert reference() is None
    last = Plant([])
    keeper.watch(last, 0.0)

    until(lambda: last.tended and not keeper._due)


def test_a_bug_in_one_does_not_cost_the_others(caplog: pytest.LogCaptureFixture) -> None:
    """An exception is logged, and the thread goes on."""
    keeper = Keeper()
    weed, plant = Weed([]), Plant([])
    keeper.watch(weed, 0.0)
    until(lambda: "a bug" in caplog.text)
    keeper.watch(plant, 0.0)

    until(lambda: plant.tended == 1)


def test_leaving_lets_each_try_within_the_budget() -> None:
    """At exit each is given what is left of one budget, and when that is spent nobody waits."""
    now = 0.0

    class Slow(Plant):
        def leave(self, timeout: float) -> None:
            nonlocal now
            super().leave(timeout)
            now += 0.75

    keeper = Keeper(clock=lambda: now)
    plants = [Slow([]) for _ in range(3)]
    for plant in plants:
        keeper.watch(plant, 3600.0)
    keeper.leave(budget=1.0)

    assert [plant.left for plant in plants] == [[1.0], [0.25], []]


def test_nothing_watched_starts_no_thread() -> None:
    """A process that never begins an interval has no thread of ours."""
    before = threading.active_count()
    Keeper().leave()

    assert threading.active_count() == before
