"""One interval on the wire: opened, kept alive, closed, asked for its energy, whatever the exporter does meanwhile."""

import os
import threading
import time
from typing import TYPE_CHECKING

from joulecast.client.advice import advise
from joulecast.client.caller import own_cgroups
from joulecast.client.connection import Connection
from joulecast.client.failure import Refused, Unreachable
from joulecast.client.lease import KEEPER, Keeper, Watch, renewal_delays
from joulecast.client.request_id import new_request_id
from joulecast.client.result import Result
from joulecast.client.tag import Tag
from joulecast.clock import Clock, Moment, SystemClock, moment
from joulecast.errors import JoulecastError
from joulecast.phase import nearest_phase

if TYPE_CHECKING:
    from joulecast.v1 import energy_pb2 as pb

# An end that cannot be delivered is tried again for this long: an exporter that is away longer has lost the samples.
RETRY_FOR = 600.0

_CLOCK = SystemClock()


class Span:
    """Edges are the workload's own timestamps, so nothing below depends on when a message arrives.

    A begin that failed is tried again by the keeper and, at the end, replaced by recording both edges at once. An end
    that failed is tried again by the keeper and by whoever reads the result. The request id makes all of it harmless.
    """

    def __init__(
        self,
        connection: Connection,
        tag: Tag,
        *,
        lease: float,
        strict: bool = False,
        clock: Clock | None = None,
        keeper: Keeper = KEEPER,
    ) -> None:
        self.tag = tag
        self.request_id = new_request_id()
        self.interval_id: str | None = None
        self.counts: dict[str, float] = {}
        self._connection = connection
        self._lease = lease
        self._delays = renewal_delays(lease)
        self._strict = strict
        self._clock = clock or _CLOCK
        self._keeper = keeper
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._begin: Moment | None = None
        self._end: Moment | None = None
        self._closed = False
        self._watch: Watch | None = None
        self._heard_at = 0.0
        self._wait_left = connection.patience
        self._answer: pb.Interval | None = None
        self._latest: Result | None = None
        self._problem: JoulecastError | None = None

    @property
    def ended(self) -> bool:
        """Whether its end was marked, delivered or not."""
        return self._end is not None

    @property
    def latest(self) -> Result | None:
        """What is known without asking."""
        if self._answer is not None:
            # Turned into a result only here: most intervals of a busy workload are never read.
            from joulecast.client.wire import result_of

            self._latest, self._answer = result_of(self._answer), None
        return self._latest

    @property
    def duration(self) -> float | None:
        """Seconds between the marks, up to now while open, by this process's monotonic clock."""
        if self._begin is None:
            return None
        end = self._clock.monotonic() if self._end is None else self._end.monotonic
        return end - self._begin.monotonic

    def prepare(self) -> None:
        """Load and open what the first call would, so that none of it falls into the interval."""
        if self.tag.container:
            own_cgroups()
        try:
            self._connection.ready()
        except JoulecastError as problem:
            self._tolerate(problem)

    def mark_begin(self) -> None:
        """The interval begins now."""
        self._begin = moment(self._clock)

    def mark_end(self) -> None:
        """The interval ends now, unless it has ended already or belongs to the process this one was forked from."""
        if self._end is None and self._begin is not None and self._process == os.getpid():
            self._end = moment(self._clock)

    def announce(self) -> None:
        """Tell the exporter that it began. Raises only when strict."""
        try:
            self._send_begin()
        except JoulecastError as problem:
            self._tolerate(problem)
        self._watch = self._keeper.watch(self, next(self._delays))

    def conclude(self) -> None:
        """Tell the exporter that it ended. Raises only when strict."""
        if self._process != os.getpid():
            return
        try:
            with self._lock:
                self._close()
        except JoulecastError as problem:
            if self._strict or self.interval_id is None or not isinstance(problem, Unreachable):
                self._tolerate(problem)
            # Else an exporter that knows the interval is being restarted: nothing is lost, so nothing is said.

    def tend(self, *, crowded: bool) -> float | None:
        """Renew the lease, or try once more to deliver the end."""
        if self._end is None:
            # No lock: the workload's own end must never wait for a renewal.
            try:
                self._send_begin()
            except JoulecastError as problem:
                self._problem = problem
            return next(self._delays)
        if not self._lock.acquire(blocking=False):
            return next(self._delays)
        try:
            self._close()
        except Unreachable as problem:
            if not crowded and self._clock.monotonic() - self._end.monotonic < RETRY_FOR:
                return next(self._delays)
            advise("lost", f"{problem}. Intervals that ended meanwhile are lost")
        except JoulecastError as problem:
            self._problem = problem
        finally:
            self._lock.release()
        return None

    def leave(self, timeout: float) -> None:
        """End it now if it is still open, and deliver its end."""
        self.mark_end()
        if self._end is None or not self._lock.acquire(timeout=timeout):
            return
        try:
            self._close(timeout)
        except JoulecastError as problem:
            self._problem = problem
        finally:
            self._lock.release()

    def result(self) -> Result:
        """The energy of the interval: so far while it is open, final once it has settled, waiting for that if need be.

        Raises only when strict.
        """
        latest = self.latest
        if latest is not None and latest.final:
            return latest
        if self._begin is None or self._process != os.getpid():
            return self._unknown("read the energy in the process that began the interval")
        try:
            with self._lock:
                return self._settled() if self.ended else self._ask(insist=False)
        except JoulecastError as problem:
            self._tolerate(problem)
            return self.latest or self._unknown(str(problem))

    def _send_begin(self) -> None:
        from joulecast.client.wire import begin_request

        if self._begin is None:
            return
        request = begin_request(self.request_id, self.tag, self._begin, self._lease)
        answer: pb.BeginIntervalResponse = self._connection.call("BeginInterval", request)
        self.interval_id = answer.interval_id
        # The exporter questions a phase too, and this process did so before.
        if answer.warning and (not answer.durable or nearest_phase(self.tag.phase) is None):
            advise(f"begin:{answer.warning}", answer.warning)

    def _close(self, timeout: float | None = None, *, insist: bool = False) -> None:
        if self._closed or self._end is None:
            return
        try:
            interval = self._send_end(self._end, timeout, insist=insist)
        except Refused:
            self._over()
            raise
        self._over()
        self._take(interval)

    def _over(self) -> None:
        self._closed = True
        if self._watch is not None:
            self._watch.release()

    def _send_end(self, end: Moment, timeout: float | None, *, insist: bool) -> "pb.Interval":
        from joulecast.client.wire import end_request

        request = end_request(self.request_id, self.counts, end)
        try:
            answer: pb.EndIntervalResponse = self._connection.call(
                "EndInterval", request, timeout=timeout, insist=insist
            )
        except Refused as refusal:
            if not refusal.not_found or self._begin is None:
                raise
        else:
            return answer.interval
        # The exporter never learnt of the begin. Both edges are known here, so nothing is lost.
        from joulecast.client import wire

        row = wire.recorded_interval(self.request_id, self.tag, self._begin, end, self.counts)
        recorded: pb.RecordIntervalsResponse = self._connection.call(
            "RecordIntervals", wire.record_request([row], moment(self._clock)), timeout=timeout
        )
        outcome = recorded.results[0]
        if outcome.HasField("error"):
            raise Refused(outcome.error.message)
        if wire.STATUSES.get(outcome.interval.status) == "open":
            # A begin sent by the keeper overtook us.
            late: pb.EndIntervalResponse = self._connection.call("EndInterval", request, timeout=timeout)
            return late.interval
        return outcome.interval

    def _settled(self) -> Result:
        # Only an interval the exporter knew of is worth waiting for: with none ever there, a read costs nothing.
        self._close(self._connection.patience, insist=self.interval_id is not None)
        latest = self.latest
        if latest is None:
            return self._unknown(str(self._problem or "the exporter refused the interval"))
        while not latest.final and self._wait_left > 0:
            due = self._heard_at + latest.settles_in - self._clock.monotonic()
            wait = min(max(due, 0.005), self._wait_left)
            self._wait_left -= wait
            time.sleep(wait)
            latest = self._ask(insist=True)
        return latest

    def _ask(self, *, insist: bool) -> Result:
        from joulecast.v1 import energy_pb2 as pb

        request = pb.GetIntervalRequest(request_id=self.request_id)
        answer: pb.GetIntervalResponse = self._connection.call("GetInterval", request, insist=insist)
        self._take(answer.interval)
        return self.latest or self._unknown("the exporter sent nothing")

    def _take(self, interval: "pb.Interval") -> None:
        self._answer = interval
        self._heard_at = self._clock.monotonic()
        self.interval_id = interval.interval_id

    def _unknown(self, why: str) -> Result:
        return Result(
            interval_id=self.interval_id,
            request_id=self.request_id,
            name=self.tag.name,
            job=self.tag.job,
            phase=self.tag.phase,
            labels=self.tag.labels,
            gpus=self.tag.gpus,
            begin_time=self._begin.wall if self._begin else None,
            end_time=self._end.wall if self._end else None,
            duration_seconds=self.duration,
            counts=dict(self.counts),
            notes=(why,),
        )

    def _tolerate(self, problem: JoulecastError) -> None:
        self._problem = problem
        if self._strict:
            raise problem
        subject = "unreachable" if isinstance(problem, Unreachable) else f"problem:{problem}"
        advise(subject, f"{problem}. The work goes on, its energy is not known")
