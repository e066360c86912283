"""A bound on streams, so that listings and watches can never hold every thread that answers begins and ends."""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

import grpc

from joulecast.serving.answering import TooManyStreams


class StreamSlots:
    """At most `limit` streams at once; one more is refused, not queued.

    `thread_held` is entered for as long as a stream keeps its thread, see `CallThreads.held`.
    """

    def __init__(self, limit: int, thread_held: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._limit = limit
        self._thread_held = thread_held
        self._free = threading.BoundedSemaphore(limit)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Occupy one slot. Raises TooManyStreams."""
        if not self._free.acquire(blocking=False):
            raise TooManyStreams(
                f"{self._limit} streams are running, as many as this server serves at once",
                "end one (a listing ends by itself), or read /metrics instead of watching",
            )
        try:
            with self._thread_held():
                yield
        finally:
            self._free.release()


def ended(context: grpc.ServicerContext) -> threading.Event:
    """An event that is set as soon as the call is over, so that a stream that waits gives its thread back at once."""
    event = threading.Event()
    if not context.add_callback(event.set):
        event.set()
    return event
