"""Tags for work too short to announce: timestamps are taken locally, and sent many at a time."""

import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from itertools import count, islice
from types import TracebackType
from typing import TYPE_CHECKING, Self
from uuid import uuid4

from joulecast.client.advice import advise
from joulecast.client.caller import NODE, asks_for_container
from joulecast.client.connection import Connection, shared_connection
from joulecast.client.energy import Energy
from joulecast.client.failure import Refused, Unreachable
from joulecast.client.interval import Interval
from joulecast.client.lease import KEEPER, Keeper
from joulecast.client.result import Result
from joulecast.client.scope import gpus_of
from joulecast.client.span import RETRY_FOR
from joulecast.client.step import FailedStep, Step
from joulecast.client.tag import Tag, counts_within_limits, tag_of
from joulecast.clock import Moment, SystemClock, moment
from joulecast.errors import JoulecastError

if TYPE_CHECKING:
    from joulecast.v1 import energy_pb2 as pb

ROWS_PER_CALL = 500
FLUSH_SECONDS = 2.0
LISTING_TIMEOUT = 30.0
# What a batch keeps at most: tags while no exporter answers, and answers until they are read.
MOST_WAITING = 200_000
MOST_RESULTS = 100_000


class Batch:
    """Collects tags and sends them every few seconds, when it closes, and when told to.

    While it is open an interval of its own name stands around the tags, so that the exporter samples finely; that one
    carries no job and no phase, since its joules are those of the tags once more.
    """

    def __init__(
        self,
        tag: Tag,
        connection: Connection,
        *,
        lease: float = 60.0,
        strict: bool = False,
        keeper: Keeper = KEEPER,
    ) -> None:
        self._tag = tag
        self._connection = connection
        self._strict = strict
        self._keeper = keeper
        self._around = Interval(tag._replace(job="", phase=""), connection, lease=lease, strict=strict)
        self._id = uuid4().hex
        self._numbers = count()
        self._ended: deque[Step] = deque()
        self._answers: deque[pb.Interval] = deque(maxlen=MOST_RESULTS)
        self._failed: deque[FailedStep] = deque(maxlen=MOST_RESULTS)
        self._sending = threading.RLock()
        self._process = os.getpid()
        self._closed_at: float | None = None
        self._energy: Energy | None = None

    @property
    def energy(self) -> Energy | None:
        """The energy of the whole batch, gaps between tags included; None before it is entered."""
        return self._energy

    def begin(self, name: str, **labels: object) -> Step:
        """Begin one tag now; its labels come on top of the batch's."""
        return Step(self._ended.append, name, labels)

    # Reads better at the head of a with-block.
    interval = begin

    def __enter__(self) -> Self:
        self._energy = self._around.begin()
        self._keeper.watch(self, FLUSH_SECONDS)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed_at = time.monotonic()
        if self._process != os.getpid():
            return
        try:
            if self._energy is not None:
                self._energy.end()
            self.flush()
        except JoulecastError:
            if kind is None:
                raise

    def flush(self) -> None:
        """Send every tag that has ended. What cannot be sent is kept for the next time; raises only when strict."""
        try:
            self._send_all()
        except JoulecastError as problem:
            if self._strict:
                raise
            advise("unreachable", f"{problem}. The work goes on, {len(self._ended)} tags wait to be sent")

    @property
    def done(self) -> bool:
        """Whether it was closed and everything was sent, so that the keeper may let it go."""
        return self._closed_at is not None and not self._ended

    @property
    def waiting(self) -> int:
        """Tags that have ended and were not sent yet."""
        return len(self._ended)

    @property
    def failed(self) -> Sequence[FailedStep]:
        """Tags the exporter refused."""
        return tuple(self._failed)

    @property
    def results(self) -> Sequence[Result]:
        """The energy of every tag that was sent (the last 100,000), in the order they ended, settled."""
        from joulecast.client.wire import result_of

        self.flush()
        try:
            with self._sending:
                self._settle()
        except JoulecastError as problem:
            advise("unreachable", f"{problem}. The last tags of a batch are not final")
        return [result_of(answer) for answer in self._answers]

    def tend(self, *, crowded: bool) -> float | None:
        """Send what has ended since, off the workload's path."""
        try:
            self._send_all()
        except Unreachable as problem:
            closed = self._closed_at
            if crowded or (closed is not None and time.monotonic() - closed > RETRY_FOR):
                self._let_go(len(self._ended), problem)
            self._let_go(len(self._ended) - MOST_WAITING, problem)
        except JoulecastError as problem:
            self._let_go(len(self._ended), problem)
        return None if self.done else FLUSH_SECONDS

    def leave(self, timeout: float) -> None:
        """Try for the last time."""
        try:
            self._send_all(timeout)
        except JoulecastError as problem:
            self._let_go(len(self._ended), problem)

    def _let_go(self, number: int, problem: JoulecastError) -> None:
        if number > 0:
            for _ in range(min(number, len(self._ended))):
                self._ended.popleft()
            advise("lost", f"{problem}. {number} tags are lost")

    def _send_all(self, timeout: float | None = None) -> None:
        from joulecast.client.wire import record_request

        with self._sending:
            while self._ended:
                steps = list(islice(self._taken(), ROWS_PER_CALL))
                now = moment(SystemClock())
                try:
                    request = record_request([self._row(step, now) for step in steps], now)
                    answer: pb.RecordIntervalsResponse = self._connection.call(
                        "RecordIntervals", request, timeout=timeout
                    )
                except Unreachable:
                    self._ended.extendleft(reversed(steps))
                    raise
                except Refused as refusal:
                    self._failed.extend(self._refused(step, str(refusal)) for step in steps)
                    advise("refused", f"{refusal}. {len(steps)} tags are not recorded")
                    continue
                self._note(steps, answer)

    def _taken(self) -> Iterator[Step]:
        """Steps off the front, safe beside a workload that appends to the back."""
        while self._ended:
            yield self._ended.popleft()

    def _row(self, step: Step, now: Moment) -> "pb.RecordedInterval":
        from joulecast.client.wire import recorded_interval

        if step.number < 0:
            step.number = next(self._numbers)
        tag = self._tag_of(step)
        return recorded_interval(
            f"{self._id}-{step.number}",
            tag,
            _moment_at(step.begin_ns, now),
            _moment_at(step.end_ns, now),
            counts_within_limits(step.counts) if step.counts else step.counts,
        )

    def _tag_of(self, step: Step) -> Tag:
        labels = {**self._tag.labels, **step.labels}
        return tag_of(
            step.name,
            job=self._tag.job,
            phase=self._tag.phase,
            labels=labels,
            gpus=self._tag.gpus,
            container=self._tag.container,
        )

    def _refused(self, step: Step, message: str) -> FailedStep:
        return FailedStep(step.name, self._tag_of(step).labels, message)

    def _note(self, steps: Sequence[Step], answer: "pb.RecordIntervalsResponse") -> None:
        for step, outcome in zip(steps, answer.results, strict=False):
            if outcome.HasField("error"):
                self._failed.append(self._refused(step, outcome.error.message))
                advise("refused", f"a tag is not recorded: {outcome.error.message}")
            else:
                self._answers.append(outcome.interval)

    def _settle(self) -> None:
        """Replace the answers that were not final by what they have become, a page of the list at a time."""
        from joulecast.client.wire import STATUSES, seconds_of

        deadline = time.monotonic() + self._connection.patience
        while open_rows := [row for row in self._answers if STATUSES.get(row.status) == "settling"]:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            time.sleep(min(left, max(0.01, *(seconds_of(row.settles_in) for row in open_rows[-2:]))))
            fresh = {row.request_id: row for row in self._listed(open_rows)}
            for index, row in enumerate(self._answers):
                self._answers[index] = fresh.get(row.request_id, row)

    def _listed(self, rows: Sequence["pb.Interval"]) -> Iterator["pb.Interval"]:
        from joulecast.v1 import energy_pb2 as pb

        wanted = {row.request_id for row in rows}
        begins = [row.begin_time.ToSeconds() for row in rows]
        request = pb.ListIntervalsRequest(job=self._tag.job, phase=self._tag.phase)
        request.since.FromSeconds(min(begins))
        request.until.FromSeconds(max(begins) + 1)
        for answer in self._connection.stream("ListIntervals", request, timeout=LISTING_TIMEOUT):
            if answer.interval.request_id in wanted:
                yield answer.interval


def batch(
    name: str,
    *,
    phase: str | None = None,
    job: str | None = None,
    gpus: str | int | Iterable[str | int] | None = None,
    scope: str = NODE,
    lease: float = 60.0,
    strict: bool = False,
    address: str | Connection | None = None,
    **labels: object,
) -> Batch:
    """Tag thousands of short pieces of work: each costs the workload two clock readings, and is sent later with others.

    `with joulecast.batch("serve", job="chat") as tags:` and inside `with tags.interval("request", model="7b"): ...`,
    or `step = tags.begin("decode"); ...; step.end(token=12)`. Joules are in `tags.results` afterwards. Job, phase,
    GPUs, scope and labels are those of every tag; the arguments mean what they mean for `joulecast.interval`.
    """
    container = asks_for_container(scope, strict=strict)
    used = gpus_of(gpus, os.environ)
    tag = tag_of(name, job=job, phase=phase, labels=labels, gpus=used, container=container, strict=strict)
    return Batch(tag, shared_connection(address), lease=lease, strict=strict)


def _moment_at(monotonic_ns: int, now: Moment) -> Moment:
    monotonic = monotonic_ns * 1e-9
    return Moment(now.wall - (now.monotonic - monotonic), monotonic, now.boot_id)
