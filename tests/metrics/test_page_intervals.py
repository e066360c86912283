"""Which intervals the page shows, and how seldom it asks for them."""

import dataclasses
from collections.abc import Iterable, Sequence

from doubles.clock import FakeClock

from exporter.intervals.errors import UnknownInterval
from exporter.intervals.interval import Interval, Status, Tag
from exporter.intervals.ledger import LedgerUnavailable, Query
from exporter.metrics.page.sight import MOST_SHOWN, IntervalsInSight


def interval(number: int, *, ended: float | None = None) -> Interval:
    """An interval that began at that second, and is open unless it ended."""
    made = Interval(f"{number:06d}", Tag(f"r-{number}"), "boot", number, number, 3600.0, number)
    if ended is None:
        return made
    return dataclasses.replace(made, status=Status.FINISHED, end=ended, end_wall=ended)


class Book:
    """A book of plain lists, which counts how often the store is read."""

    def __init__(self) -> None:
        self.open: list[Interval] = []
        self.recent: list[Interval] = []
        self.stored: list[Interval] = []
        self.away = False
        self.reads = 0
        self.looks = 0

    def open_intervals(self) -> Sequence[Interval]:
        self.looks += 1
        return self.open

    def recent_intervals(self) -> Sequence[Interval]:
        return self.recent

    def get(self, *, interval_id: str) -> Interval:
        found = next((each for each in self.open if each.interval_id == interval_id), None)
        if found is None:
            raise UnknownInterval("gone", "look again")
        return dataclasses.replace(found, notes=["so far"])

    def search(self, query: Query) -> Iterable[Interval]:
        assert (query.limit, query.newest_first) == (MOST_SHOWN, True)
        self.reads += 1
        if self.away:
            raise LedgerUnavailable("the disk is full", "make room")
        return self.stored


def test_ended_ones_of_earlier_runs_and_of_this_one_are_together() -> None:
    """Newest end first, each once, those that began long ago among them; the open are not."""
    book = Book()
    book.stored = [interval(30, ended=31), interval(20, ended=25), interval(10)]
    book.recent = [interval(1, ended=40), interval(20, ended=25)]
    book.open = [interval(10), interval(35)]
    sight = IntervalsInSight(book, FakeClock().monotonic).look()
    assert [each.interval_id for each in sight.ended] == ["000001", "000030", "000020"]
    assert [each.interval_id for each in sight.running] == ["000035", "000010"]
    assert all(each.notes == ["so far"] for each in sight.running)


def test_store_is_read_once_and_memory_once_a_second() -> None:
    """However many look at the page, the database and the curves have their peace."""
    book, clock = Book(), FakeClock()
    sight = IntervalsInSight(book, clock.monotonic)
    for _ in range(10):
        sight.look()
    assert (book.reads, book.looks) == (1, 1)
    for number in range(10):
        book.recent.append(interval(number, ended=number))
        clock.advance(1.0)
        assert len(sight.look().ended) == number + 1
    assert (book.reads, book.looks) == (1, 11)


def test_no_more_are_kept_than_shown() -> None:
    """Ten thousand intervals leave the page, and its memory, as small as it was."""
    book, clock = Book(), FakeClock()
    sight = IntervalsInSight(book, clock.monotonic)
    for number in range(200):
        book.recent = [interval(number, ended=number)]
        clock.advance(1.0)
        sight.look()
    book.recent = []
    book.open = [interval(number) for number in range(1000)]
    clock.advance(1.0)
    seen = sight.look()
    assert [each.interval_id for each in seen.ended] == [f"{number:06d}" for number in range(199, 149, -1)]
    assert (len(seen.running), seen.running_in_all) == (MOST_SHOWN, 1000)


def test_store_that_is_away_is_told_and_asked_again() -> None:
    """What is in memory is shown meanwhile; once the store answers, the rest is too."""
    book, clock = Book(), FakeClock()
    book.away, book.recent, book.stored = True, [interval(2, ended=3)], [interval(1, ended=2)]
    sight = IntervalsInSight(book, clock.monotonic)
    seen = sight.look()
    assert (len(seen.ended), seen.problem) == (1, "the disk is full: make room")
    book.away = False
    clock.advance(1.0)
    seen = sight.look()
    assert (len(seen.ended), seen.problem) == (2, "")


class Racing(Book):
    """A book whose open intervals are gone by the time one asks for their energy."""

    def get(self, *, interval_id: str) -> Interval:
        raise UnknownInterval(f"no interval {interval_id}", "look again")


def test_interval_that_ends_between_two_questions_is_shown_as_it_was() -> None:
    """A race between the list and its energies loses no row."""
    book = Racing()
    book.open = [interval(5)]
    assert IntervalsInSight(book, FakeClock().monotonic).look().running == book.open
