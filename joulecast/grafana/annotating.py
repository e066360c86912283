"""Finished intervals put on Grafana's graphs, each once, in passes that go on where the last one ended."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from joulecast.client.failure import Refused
from joulecast.client.result import Result
from joulecast.errors import JoulecastError
from joulecast.grafana.annotation import Annotation, annotation_of, tag_of
from joulecast.grafana.bookmark import Bookmark
from joulecast.grafana.calls import Grafana, escaped

# Intervals are listed by their begin, and may be told of after their end: unless told, so long after their begin they
# are still noticed.
LATE_SECONDS = 600.0
_KEPT_EVERY = 100


@dataclass(frozen=True, slots=True)
class Marked:
    """One interval that is in Grafana now; `posted` if it was not before. In a dry run it would be."""

    result: Result
    posted: bool


class Annotator:
    """Posts annotations of the whole organization, so that every dashboard which asks for the tag shows them.

    Before each post Grafana is asked for the interval's own tag: whatever was lost between the two, nothing is
    posted twice.
    """

    def __init__(self, grafana: Grafana, node: str = "", *, dry_run: bool = False) -> None:
        self._grafana = grafana
        self._node = node
        self._dry_run = dry_run
        self._seen_to_be_found = False

    def mark(self, result: Result) -> Marked | None:
        """See to it that this final interval is there; None for one without a time. Raises GrafanaFailure."""
        annotation = annotation_of(result, self._node)
        if annotation is None or result.interval_id is None:
            return None
        if self._is_there(result.interval_id):
            self._seen_to_be_found = True
            return Marked(result, posted=False)
        if not self._dry_run:
            self._post(annotation)
            self._see_that_it_is_found(result.interval_id)
        return Marked(result, posted=True)

    def _is_there(self, interval_id: str) -> bool:
        tag = tag_of(interval_id)
        found = self._grafana.ask(
            "to read annotations",
            lambda face: face.annotations.get_annotation(tags=[escaped(tag)], limit=10),
            kind=list,
        )
        return any(tag in (each.get("tags") or ()) for each in found if isinstance(each, dict))

    def _post(self, annotation: Annotation) -> None:
        self._grafana.ask(
            "to add an annotation",
            lambda face: face.annotations.add_annotation(
                time_from=annotation.begin, time_to=annotation.end, tags=[*annotation.tags], text=annotation.text
            ),
        )

    def _see_that_it_is_found(self, interval_id: str) -> None:
        """A token that may write but not read would make us post everything again the next time."""
        if self._seen_to_be_found:
            return
        if not self._is_there(interval_id):
            raise JoulecastError(
                f"the annotation of {interval_id} was added, and is not found again",
                "let the token's service account read annotations of the organization too: the role Editor may",
            )
        self._seen_to_be_found = True


def one_pass(
    bookmark: Bookmark,
    listing: Callable[[str], Iterable[Result]],
    look: Callable[[str], Result],
    mark: Callable[[Result], Marked | None],
    now: float,
    *,
    late: float = LATE_SECONDS,
) -> Iterator[Marked]:
    """Mark what has become final since the last pass, oldest first.

    `listing(cursor)` tells intervals begun after the cursor's; `look(id)` one that was not final before. One that is
    told of up to `late` seconds after its begin is not missed. The bookmark is kept every so often and whenever the
    pass ends, also by an error. Raises what those callables raise.
    """
    unkept = 0
    try:
        for interval_id in sorted(bookmark.pending):
            result = _looked_at(look, interval_id)
            if result is not None and not result.final:
                continue
            marked = None if result is None else mark(result)
            bookmark.settled(interval_id)
            if marked is not None:
                yield marked
        for result in listing(bookmark.cursor):
            interval_id = result.interval_id or ""
            known = bookmark.knows(interval_id)
            marked = mark(result) if result.final and not known else None
            if not result.final:
                bookmark.wait_for(interval_id)
            bookmark.passed(interval_id, result.begin_time, now - late)
            if marked is not None:
                unkept += 1
                if unkept % _KEPT_EVERY == 0:
                    bookmark.keep()
                yield marked
    finally:
        bookmark.keep()


def _looked_at(look: Callable[[str], Result], interval_id: str) -> Result | None:
    """The interval, None if the exporter keeps it no more."""
    try:
        return look(interval_id)
    except Refused as refused:
        if refused.not_found:
            return None
        raise
