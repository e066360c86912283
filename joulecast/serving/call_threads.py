"""The threads that answer calls: few, without the future that gRPC makes no use of, and more while some are held."""

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from queue import SimpleQueue
from typing import Any

_log = logging.getLogger(__name__)

Work = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class CallThreads(Executor):
    """Runs what is submitted on at most so many threads, started when they are first needed.

    Python runs one thread at a time, and each that takes a turn finds its memory cold: short calls are answered sooner
    by few. Whoever holds a thread for long says so with `held`, and another may take its place meanwhile.

    Every `submit` returns the same future, which is done: gRPC takes futures only to count calls against
    `maximum_concurrent_rpcs`, and that is not set.
    """

    def __init__(self, most: int, name: str) -> None:
        self._most = most
        self._name = name
        self._work: SimpleQueue[Work | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._free = 0  # threads that wait for work, less works that wait for a thread
        self._threads: set[threading.Thread] = set()
        self._started = 0
        self._ended = False
        self._submitted: Future[Any] = Future()
        self._submitted.set_result(None)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it soon."""
        with self._lock:
            if self._ended:
                raise RuntimeError("these threads have been shut down")
            self._work.put((fn, args, kwargs))
            self._free -= 1
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
                while not self._work.empty():
                    self._work.get()
            threads = tuple(self._threads)
            for _ in threads:
                self._work.put(None)
        if wait:
            for thread in threads:
                thread.join()

    def _start_if_wanted(self) -> None:
        if self._free < 0 and len(self._threads) < self._most and not self._ended:
            thread = threading.Thread(target=self._run, name=f"{self._name}-{self._started}", daemon=True)
            self._threads.add(thread)
            self._started += 1
            self._free += 1
            thread.start()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            fn, args, kwargs = work
            try:
                fn(*args, **kwargs)
            except Exception:  # gRPC catches its own; whatever it misses must not cost a thread
                _log.exception("a call failed outside of its handler")
            del work, fn, args, kwargs
            with self._lock:
                if len(self._threads) > self._most and not self._ended:  # it stood in for one that is back
                    self._threads.remove(threading.current_thread())
                    return
                self._free += 1
