"""From the wire's messages to the house's words, refusing by name each field that cannot be taken."""

from collections.abc import Mapping

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp

from exporter.intervals.book import BackDated
from exporter.intervals.identity import is_interval_id
from exporter.intervals.interval import Status, Tag
from exporter.intervals.ledger import Query
from exporter.rpc.errors import MalformedRequest
from exporter.usage.evidence import Caller, SeenCgroup
from joulecast.clock import Moment
from joulecast.labels import check_counts, check_labels, check_name, check_names
from joulecast.v1 import energy_pb2 as pb

MAX_GPUS = 256
MAX_CGROUPS = 2
MAX_CGROUP_PATH = 4096
MAX_LEASE_SECONDS = 30 * 86_400.0
MIN_WATCH_SECONDS = 0.05
MAX_WATCH_SECONDS = 3600.0
DEFAULT_WATCH_SECONDS = 1.0
DEFAULT_IDLE_SECONDS = 60.0

_LAST_SECOND = 253_402_300_799  # of the year 9999, protobuf's own limit

_STATUSES: Mapping[int, Status | None] = {
    pb.INTERVAL_STATUS_UNSPECIFIED: None,
    pb.INTERVAL_STATUS_OPEN: Status.OPEN,
    pb.INTERVAL_STATUS_SETTLING: Status.SETTLING,
    pb.INTERVAL_STATUS_FINISHED: Status.FINISHED,
    pb.INTERVAL_STATUS_TRUNCATED: Status.TRUNCATED,
}

Named = pb.EndIntervalRequest | pb.GetIntervalRequest


def read_tag(message: pb.BeginIntervalRequest | pb.RecordedInterval) -> Tag:
    """What the workload says its work is; its GPUs as it calls them. Raises LabelError or MalformedRequest."""
    request_id, name, job, phase = message.request_id, message.name, message.job, message.phase
    check_names(request_id=request_id, name=name, job=job, phase=phase)
    told = message.labels
    labels = {key: told[key] for key in told}  # to ask a map of protobuf's for its items is a third slower
    check_labels(labels)
    gpus = _read_gpus(message.gpus) if message.HasField("gpus") else None
    caller = _read_caller(message.caller) if message.HasField("caller") else None
    return Tag(request_id, name, job, phase, labels, gpus, caller)


def read_lease(request: pb.BeginIntervalRequest) -> float | None:
    """Seconds of silence after which the interval is truncated; None for the default."""
    if not request.HasField("lease"):
        return None
    seconds = _seconds_of(request.lease)
    if not 0 < seconds <= MAX_LEASE_SECONDS:
        raise MalformedRequest(
            f"lease is {seconds:g} s", "give more than 0 s and at most 30 days, or leave it out for 24 hours"
        )
    return seconds


def read_at(request: pb.BeginIntervalRequest | pb.EndIntervalRequest) -> Moment | None:
    """When it happened by the workload's clocks; None for now."""
    return _read_instant("at", request.at) if request.HasField("at") else None


def read_id(request: Named) -> tuple[str, str]:
    """Interval id and request id of the interval that is meant; one of them is empty."""
    if not request.interval_id and not request.request_id:
        raise MalformedRequest("no interval is named", "give interval_id, or the request_id it was begun with")
    return request.interval_id, check_name("request_id", request.request_id)


def read_counts(request: pb.EndIntervalRequest) -> dict[str, float]:
    """What the work produced."""
    return check_counts(dict(request.counts)) if request.counts else {}


def read_row(row: pb.RecordedInterval) -> BackDated:
    """One interval that is over. Raises LabelError or MalformedRequest."""
    for field in ("begin", "end"):
        if not row.HasField(field):
            raise MalformedRequest(f"{field} is missing", "a recorded interval needs both, begin and end")
    begin, end = _read_instant("begin", row.begin), _read_instant("end", row.end)
    same_clock = begin.boot_id == end.boot_id != ""
    seconds = end.monotonic - begin.monotonic if same_clock else end.wall - begin.wall
    if seconds < 0:
        raise MalformedRequest(f"end lies {-seconds:g} s before begin", "swap them, or check the workload's clock")
    return BackDated(read_tag(row), begin, end, check_counts(row.counts))


def read_sent(request: pb.RecordIntervalsRequest) -> Moment | None:
    """When the batch was sent, by the workload's clocks."""
    return _read_instant("sent", request.sent) if request.HasField("sent") else None


def read_query(request: pb.ListIntervalsRequest) -> Query:
    """The filters of a listing."""
    if request.status not in _STATUSES:
        raise MalformedRequest(
            f"status {request.status} is unknown to this release", "use open, settling, finished or truncated"
        )
    if request.limit < 0:
        raise MalformedRequest(f"limit is {request.limit}", "give 1 or more, or 0 for no limit")
    if request.cursor and not is_interval_id(request.cursor):
        raise MalformedRequest(f"cursor {request.cursor[:80]!r} is none", "give back a cursor of an earlier listing")
    return Query(
        job=request.job,
        phase=request.phase,
        name=request.name,
        labels=dict(request.labels),
        status=_STATUSES[request.status],
        since=_read_timestamp("since", request.since) if request.HasField("since") else None,
        until=_read_timestamp("until", request.until) if request.HasField("until") else None,
        cursor=request.cursor,
        limit=request.limit,
        newest_first=request.newest_first,
    )


def read_watch_period(request: pb.WatchPowerRequest) -> float:
    """Seconds between two messages."""
    seconds = _seconds_of(request.period) if request.HasField("period") else DEFAULT_WATCH_SECONDS
    if not MIN_WATCH_SECONDS <= seconds <= MAX_WATCH_SECONDS:
        raise MalformedRequest(
            f"period is {seconds:g} s",
            f"give {MIN_WATCH_SECONDS:g} to {MAX_WATCH_SECONDS:g} s, or none for 1 s",
        )
    return seconds


def read_idle_seconds(request: pb.MeasureIdleRequest) -> float:
    """How long to measure; the experiment knows its own bounds."""
    return _seconds_of(request.duration) if request.HasField("duration") else DEFAULT_IDLE_SECONDS


def _read_gpus(selection: pb.GpuSelection) -> tuple[str, ...]:
    if len(selection.gpus) > MAX_GPUS:
        raise MalformedRequest(f"gpus names {len(selection.gpus)} GPUs", f"name at most {MAX_GPUS}, or leave it out")
    return tuple(check_name("gpus", gpu) for gpu in selection.gpus)


def _read_caller(caller: pb.Caller) -> Caller:
    if len(caller.cgroups) > MAX_CGROUPS:
        raise MalformedRequest(
            f"caller sees itself in {len(caller.cgroups)} cgroups", "give one for each version of cgroups"
        )
    for cgroup in caller.cgroups:
        if len(cgroup.path) > MAX_CGROUP_PATH or not cgroup.path.isprintable():
            raise MalformedRequest(
                f"caller's cgroup {cgroup.path[:80]!r} is no path",
                f"give it as /proc/self/cgroup has it, printable and at most {MAX_CGROUP_PATH} characters",
            )
    seen = tuple(SeenCgroup(cgroup.version, cgroup.path, cgroup.inode) for cgroup in caller.cgroups)
    return Caller(check_name("caller.boot_id", caller.boot_id), seen)


def _read_instant(field: str, instant: pb.Instant) -> Moment:
    if not instant.HasField("wall"):
        raise MalformedRequest(
            f"{field}.wall is missing", "send the wall clock too, for when the clocks are not shared"
        )
    monotonic_ns, boot_id = instant.monotonic_ns, instant.boot_id
    if monotonic_ns < 0:
        raise MalformedRequest(f"{field}.monotonic_ns is {monotonic_ns}", "send CLOCK_MONOTONIC in nanoseconds")
    check_name(f"{field}.boot_id", boot_id)
    return Moment(_read_timestamp(f"{field}.wall", instant.wall), monotonic_ns * 1e-9, boot_id)


def _read_timestamp(field: str, timestamp: Timestamp) -> float:
    seconds, nanos = timestamp.seconds, timestamp.nanos
    if not 0 <= seconds <= _LAST_SECOND or not 0 <= nanos < 1_000_000_000:
        raise MalformedRequest(
            f"{field} is {seconds} s and {nanos} ns", "send seconds since 1970 and 0 to 999999999 ns"
        )
    return seconds + nanos * 1e-9


def _seconds_of(duration: Duration) -> float:
    return duration.seconds + duration.nanos * 1e-9
