"""The threads that answer calls: the fewest that do, without the future that gRPC makes no use of."""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from typing import Any

_log = logging.getLogger(__name__)

Work = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class _Thread(threading.Thread):
    """One of them."""

    def __init__(self, run: Callable[["_Thread"], None], name: str) -> None:
        super().__init__(target=run, args=(self,), name=name, daemon=True)
        self.called = threading.Lock()  # held but when there is something to do
        self.called.acquire()


class CallThreads(Executor):
    """Runs what is submitted on at most so many threads, started when they are first needed.

    Python runs one thread at a time, and each that takes a turn finds its memory cold: work goes to the thread that
    had some last. Whoever holds a thread for long says so with `held`, and another may take its place meanwhile.

    Every `submit` returns the same future, which is done: gRPC takes futures only to count calls against
    `maximum_concurrent_rpcs`, and that is not set.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._lock = threading.Lock()
        self._idle: list[_Thread] = []  # the last of them had work last
        # Taken by whoever is there first: perhaps a thread that is done with other work, not the one that was called.
        self._work: deque[Work] = deque()
        self._threads: set[_Thread] = set()
        self._started = 0
        self._ended = False
        self._submitted: Future[Any] = Future()
        self._submitted.set_result(None)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it soon."""
        with self._lock:
            if self._ended:
                raise RuntimeError("these threads have been shut down")
            self._work.append((fn, args, kwargs))
            if self._idle:
                self._idle.pop().called.release()
            else:
                self._start_if_wanted()
        return self._submitted

    @contextmanager
    def held(self) -> Iterator[None]:
        """Tell that this thread is busy, or waits, for long: what is submitted meanwhile need not wait for it."""
        with self._lock:
            self._most += 1
            self._start_if_wanted()
        try:
            yield
        finally:
            with self._lock:
                self._most -= 1

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Let the threads end once all that was submitted is done; with `cancel_futures` drop what has not begun."""
        with self._lock:
            self._ended = True
            if cancel_futures:
                self._work.clear()
            threads = tuple(self._threads)
            while self._idle:
                self._idle.pop().called.release()
        if wait:
            for thread in threads:
                thread.join()

    def _start_if_wanted(self) -> None:
        if self._work and len(self._threads) < self._most and not self._ended:
            thread = _Thread(self._run, f"{self._name}-{self._started}")
            self._threads.add(thread)
            self._started += 1
            thread.start()

    def _run(self, thread: _Thread) -> None:
        while True:
            with self._lock:
                if len(self._threads) > self._most and not self._ended:  # it stood in for one that is back
                    self._threads.remove(thread)
                    if self._work and self._idle:  # perhaps it was called for that
                        self._idle.pop().called.release()
                    return
                work = self._work.popleft() if self._work else None
                if work is None and self._ended:
                    return
                if work is None:
                    self._idle.append(thread)
            if work is None:
                thread.called.acquire()
                continue
            fn, args, kwargs = work
            try:
                fn(*args, **kwargs)
            except Exception:  # gRPC catches its own; whatever it misses must not cost a thread
                _log.exception("a call failed outside of its handler")
            del work, fn, args, kwargs
