"""Journal records: a begin is all of a new interval, an end only what it adds; JSON arrays, as short as they can be."""

import json
from collections.abc import Callable, Iterable
from typing import Any

from exporter.intervals.interval import Interval, Status, Tag
from exporter.store.codec import container_from_json, container_text, quoted, to_json

_BEGIN, _END = "b", "e"


def begin_record(interval: Interval) -> bytes:
    """A new interval."""
    tag = interval.tag
    # A begin waits for this, so that nothing is asked of the encoder that need not be.
    labels = ",".join([f"{quoted(key)}:{quoted(value)}" for key, value in tag.labels.items()])
    container = container_text(interval)  # left out where nobody asks, as by releases that knew of none
    asked = "" if container is None else f",{container}"
    return (
        f'["{_BEGIN}","{interval.interval_id}",{quoted(tag.request_id)},{quoted(tag.name)},{quoted(tag.job)},'
        f"{quoted(tag.phase)},{{{labels}}},{'null' if tag.gpus is None else to_json(tag.gpus)},"
        f"{quoted(interval.boot_id)},{interval.begin!r},{interval.begin_wall!r},{interval.lease_seconds!r},"
        f"{interval.last_heard!r},{to_json(interval.notes)}{asked}]"
    ).encode()


def end_record(interval: Interval) -> bytes:
    """What the end of an interval adds."""
    end, wall, counts = interval.end, interval.end_wall, to_json(interval.counts)
    return f'["{_END}","{interval.interval_id}",{end!r},{wall!r},{counts}]'.encode()


def replay(records: Iterable[bytes], find: Callable[[str], Interval | None]) -> dict[str, Interval]:
    """The intervals that the records tell of, as they last were, whatever order the records come in.

    `find` knows what is stored already, which is never older than the records. An end of which nobody knows the begin
    is left out: its interval was pruned or its store was lost.
    """
    told = [json.loads(record) for record in records]
    intervals: dict[str, Interval] = {}
    for kind, interval_id, *values in told:
        if kind == _BEGIN:
            intervals[interval_id] = find(interval_id) or _begun(interval_id, values)
    for kind, interval_id, *values in told:
        interval = intervals.get(interval_id) or find(interval_id)
        if kind == _END and interval is not None and interval.status is Status.OPEN:
            interval.end, interval.end_wall, interval.counts = values
            interval.status = Status.SETTLING
            intervals[interval_id] = interval
    return intervals


def _begun(interval_id: str, values: list[Any]) -> Interval:
    request_id, name, job, phase, labels, gpus, boot_id, begin, begin_wall, lease, heard, notes, *asked = values
    caller, container = container_from_json(asked[0] if asked else None)
    tag = Tag(request_id, name, job, phase, labels, None if gpus is None else tuple(gpus), caller)
    return Interval(interval_id, tag, boot_id, begin, begin_wall, lease, heard, notes=notes, container=container)
