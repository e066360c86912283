"""A bound on streams, so that listings and watches can never hold every thread that answers begins and ends."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from joulecast.serving.answering import TooManyStreams


class StreamSlots:
    """At most `limit` streams at once; one more is refused, not queued."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
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
            yield
        finally:
            self._free.release()


def ended(context: grpc.ServicerContext) -> threading.Event:
    """An event that is set as soon as the call is over, so that a stream that waits gives its thread back at once."""
    event = threading.Event()
    if not context.add_callback(event.set):
        event.set()
    return event
