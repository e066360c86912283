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
    """One of them, and what it is to do next."""

    def __init__(self, run: Callable[["_Thread"], None], name: str, work: Work) -> None:
        super().__init__(target=run, args=(self,), name=name, daemon=True)
        self.work: Work | None = work  # None: nothing, ever
        self.given = threading.Lock()  # held while there is nothing new in `work`
        self.given.acquire()


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
        self._waiting: deque[Work] = deque()  # for a thread
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
            if self._idle:
                thread = self._idle.pop()
                thread.work = (fn, args, kwargs)
                thread.given.release()
            else:
                self._waiting.append((fn, args, kwargs))
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
                self._waiting.clear()
            threads = tuple(self._threads)
            while self._idle:
                thread = self._idle.pop()
                thread.work = None
                thread.given.release()
        if wait:
            for thread in threads:
                thread.join()

    def _start_if_wanted(self) -> None:
        if self._waiting and len(self._threads) < self._most and not self._ended:
            thread = _Thread(self._run, f"{self._name}-{self._started}", self._waiting.popleft())
            self._threads.add(thread)
            self._started += 1
            thread.start()

    def _run(self, thread: _Thread) -> None:
        while thread.work is not None:
            fn, args, kwargs = thread.work
            try:
                fn(*args, **kwargs)
            except Exception:  # gRPC catches its own; whatever it misses must not cost a thread
                _log.exception("a call failed outside of its handler")
            del fn, args, kwargs
            if self._takes_more(thread):
                thread.given.acquire()

    def _takes_more(self, thread: _Thread) -> bool:
        """Find the thread its next work; True if it is to wait until it is given some."""
        with self._lock:
            thread.work = None
            if len(self._threads) > self._most and not self._ended:  # it stood in for one that is back
                self._threads.remove(thread)
            elif self._waiting:
                thread.work = self._waiting.popleft()
            elif not self._ended:
                self._idle.append(thread)
                return True
            return False
