"""The threads that answer calls: a pool without the future that gRPC makes no use of, which saves a tenth of a call."""

import logging
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from queue import SimpleQueue
from typing import Any

_log = logging.getLogger(__name__)

Work = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class CallThreads(Executor):
    """Runs what is submitted on at most so many threads, started when they are first needed.

    Every `submit` returns the same future, which is done: gRPC takes futures only to count calls against
    `maximum_concurrent_rpcs`, and that is not set.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._idle: deque[None] = deque()  # a token for each thread that waits, less one for each work it will get
        self._threads: list[threading.Thread] = []
        self._ended = False
        self._submitted: Future[Any] = Future()
        self._submitted.set_result(None)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it soon. Called by one thread at a time, gRPC's own."""
        if self._ended:
            raise RuntimeError("these threads have been shut down")
        self._work.put((fn, args, kwargs))
        try:
            self._idle.pop()
        except IndexError:
            if len(self._threads) < self._most:
                self._start()
        return self._submitted

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end once all that was submitted is done; with `cancel_futures` drop what has not begun."""
        self._ended = True
        if cancel_futures:
            while not self._work.empty():
                self._work.get()
        for _ in self._threads:
            self._work.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _start(self) -> None:
        thread = threading.Thread(target=self._run, name=f"{self._name}-{len(self._threads)}", daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run(self) -> None:
        get, wait = self._work.get, self._idle.append
        while (work := get()) is not None:
            fn, args, kwargs = work
            try:
                fn(*args, **kwargs)
            except Exception:  # gRPC catches its own; whatever it misses must not cost a thread
                _log.exception("a call failed outside of its handler")
            del work, fn, args, kwargs
            wait(None)
