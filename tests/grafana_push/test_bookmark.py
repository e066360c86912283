"""How far a listing has been dealt with: nothing lost, nothing dealt with twice, and a file of one user's."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from joulecast.client.failure import Refused
from joulecast.client.result import Result
from joulecast.errors import JoulecastError
from joulecast.grafana.annotating import LATE_SECONDS, Marked, one_pass
from joulecast.grafana.bookmark import Bookmark


class Exporter:
    """Intervals by their begin; ids sort as they do."""

    def __init__(self) -> None:
        self.kept: dict[str, Result] = {}
        self.listed: list[str] = []

    def add(self, begin: float, status: str = "finished") -> str:
        """One that began then."""
        interval_id = f"{begin:010.1f}"
        self.kept[interval_id] = Result(interval_id=interval_id, begin_time=begin, status=status)
        return interval_id

    def listing(self, cursor: str) -> Iterable[Result]:
        self.listed = [interval_id for interval_id in sorted(self.kept) if interval_id > cursor]
        return [self.kept[interval_id] for interval_id in self.listed]

    def look(self, interval_id: str) -> Result:
        if interval_id not in self.kept:
            raise Refused("no such interval", not_found=True)
        return self.kept[interval_id]

    def marked(self, bookmark: Bookmark, now: float, late: float = LATE_SECONDS) -> Sequence[str | None]:
        """What one pass at this time marks."""
        passed = one_pass(bookmark, self.listing, self.look, lambda result: Marked(result, posted=True), now, late=late)
        return [marked.result.interval_id for marked in passed]


def test_told_late_is_marked_and_old_is_not_listed_again() -> None:
    """What is recorded with a begin in the past is noticed within ten minutes; what is older is not listed again."""
    exporter, bookmark = Exporter(), Bookmark()
    old, recent = exporter.add(1000.0), exporter.add(2000.0)
    now = 2000.0 + LATE_SECONDS / 2

    assert exporter.marked(bookmark, now) == [old, recent]
    late = exporter.add(1990.0)
    assert exporter.marked(bookmark, now) == [late]
    assert exporter.listed == [late, recent]
    assert exporter.marked(bookmark, now + LATE_SECONDS) == []
    assert exporter.marked(bookmark, now + LATE_SECONDS) == []
    assert exporter.listed == []
    assert bookmark.done == set()


def test_how_late_is_late_is_for_the_user_to_say() -> None:
    """An hour of work that is told of at its end is noticed by who looks back for so long."""
    exporter, bookmark = Exporter(), Bookmark()
    exporter.add(3000.0)
    exporter.marked(bookmark, 4000.0, late=3600.0)
    hour = exporter.add(500.0)

    assert exporter.marked(bookmark, 4000.0, late=3600.0) == [hour]


def test_one_that_stays_open_holds_nothing_up() -> None:
    """It is looked at by its id, however long ago it began, and marked when it ends; a lost one is forgotten."""
    exporter, bookmark = Exporter(), Bookmark()
    long, lost = exporter.add(1000.0, "open"), exporter.add(1001.0, "settling")
    now = 5000.0
    assert exporter.marked(bookmark, now) == []
    del exporter.kept[lost]
    assert exporter.marked(bookmark, now) == []
    assert (exporter.listed, bookmark.pending) == ([], {long})

    exporter.add(1000.0, "truncated")

    assert exporter.marked(bookmark, now) == [long]
    assert (exporter.marked(bookmark, now), bookmark.pending) == ([], set())


def test_a_pass_that_breaks_off_loses_nothing(tmp_path: Path) -> None:
    """What was marked before is kept in the file, and what was not is marked by whoever reads it next."""
    exporter = Exporter()
    first, second, third = (exporter.add(begin) for begin in (1000.0, 1001.0, 1002.0))

    def mark(result: Result) -> Marked:
        if result.interval_id == second:
            raise JoulecastError("Grafana is gone")
        return Marked(result, posted=True)

    file = tmp_path / "cursor.json"
    with Bookmark(file) as bookmark, pytest.raises(JoulecastError, match="gone"):
        list(one_pass(bookmark, exporter.listing, exporter.look, mark, 9000.0))
    assert json.loads(file.read_text())["cursor"] == first

    with Bookmark(file) as bookmark:
        assert exporter.marked(bookmark, 9000.0) == [second, third]


def test_a_file_has_one_user_at_a_time(tmp_path: Path) -> None:
    """A second one is told, and may have it afterwards."""
    file = tmp_path / "cursor.json"
    with Bookmark(file), pytest.raises(JoulecastError, match="another `joulecast grafana annotate` uses"):
        Bookmark(file)
    Bookmark(file).close()


def test_a_file_belongs_to_one_listing(tmp_path: Path) -> None:
    """Of another exporter, Grafana or filter it would hide intervals: it is refused, and not harmed."""
    file = tmp_path / "cursor.json"
    with Bookmark(file, "ours") as bookmark:
        bookmark.passed("a", 1.0, 2.0)
        bookmark.keep()
    before = file.read_bytes()

    with pytest.raises(JoulecastError, match="belongs to another exporter"):
        Bookmark(file, "theirs")

    assert file.read_bytes() == before


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format": 1}', '{"format": 2', "\x00", "null"])
def test_a_broken_file_is_told(tmp_path: Path, content: str) -> None:
    """With the way out, which is harmless."""
    file = tmp_path / "cursor.json"
    file.write_text(content)

    with pytest.raises(JoulecastError, match="is no cursor file of this version: remove it"):
        Bookmark(file)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    """Told before anything is posted."""
    with pytest.raises(JoulecastError, match="cannot be written"):
        Bookmark(tmp_path / "missing" / "cursor.json")


def test_a_file_that_does_not_go_back_so_far_is_begun_anew(tmp_path: Path) -> None:
    """Asked for more than it covers, it says nothing; asked for less, it goes on with what it has."""
    file = tmp_path / "cursor.json"
    with Bookmark(file, since=1000.0) as bookmark:
        bookmark.passed("5", 5.0, 6.0)
        bookmark.keep()

    with Bookmark(file, since=2000.0) as later:
        assert (later.cursor, later.since) == ("5", 1000.0)
    with Bookmark(file, since=500.0) as earlier:
        assert (earlier.cursor, earlier.since) == ("", 500.0)
