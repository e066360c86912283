"""The pool that answers calls: everything submitted is run, on few threads, and the end is orderly."""

import logging
import threading

import pytest
from doubles.awaiting import until

from joulecast.serving.call_threads import CallThreads


def test_all_that_is_submitted_is_run_on_at_most_so_many_threads() -> None:
    """Also when there is more to do than there are threads."""
    threads, names = CallThreads(3, "rpc"), []
    for number in range(500):
        threads.submit(lambda number=number: names.append((number, threading.current_thread().name)))
    threads.shutdown(wait=True)
    assert sorted(number for number, _ in names) == list(range(500))
    assert {name for _, name in names} <= {"rpc-0", "rpc-1", "rpc-2"}


def test_work_that_waits_for_each_other_runs_at_the_same_time() -> None:
    """As long as there are threads for it: a call that waits holds no other up."""
    threads, together = CallThreads(4, "rpc"), threading.Barrier(5, timeout=30)
    for _ in range(4):
        threads.submit(together.wait)
    together.wait()
    threads.shutdown(wait=True)


def test_work_goes_to_the_thread_that_had_some_last() -> None:
    """However many have been started: what comes one after the other stays where memory is warm."""
    threads, together, names = CallThreads(4, "rpc"), threading.Barrier(5, timeout=30), []
    for _ in range(4):
        threads.submit(together.wait)
    together.wait()
    until(lambda: len(threads._idle) == 4)
    for _ in range(20):
        threads.submit(lambda: names.append(threading.current_thread().name))
        until(lambda: len(threads._idle) == 4)
    threads.shutdown(wait=True)
    assert len(names) == 20
    assert len(set(names)) == 1


def test_a_failure_costs_no_thread(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next work is run by the same thread."""
    threads, done = CallThreads(1, "rpc"), threading.Event()
    with caplog.at_level(logging.ERROR):
        threads.submit(lambda: 1 / 0)
        threads.submit(done.set)
        assert done.wait(30)
    assert "ZeroDivisionError" in caplog.text
    threads.shutdown(wait=True)


def test_a_shut_down_pool_takes_nothing_and_may_drop_what_waits() -> None:
    """What runs is ended; what has not begun is dropped when asked."""
    threads, begun, may_end, dropped = CallThreads(1, "rpc"), threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        assert may_end.wait(30)

    threads.submit(work)
    assert begun.wait(30)
    threads.submit(dropped.set)
    threads.shutdown(wait=False, cancel_futures=True)
    may_end.set()
    threads.shutdown(wait=True)
    assert not dropped.is_set()
    with pytest.raises(RuntimeError, match="shut down"):
        threads.submit(dropped.set)


def test_a_held_thread_is_stood_in_for_as_long_as_it_is_held() -> None:
    """What waits while all threads are held is run at once; later there are no more threads than before."""
    threads, stood_in, may_end = CallThreads(1, "rpc"), threading.Event(), threading.Event()
    running: list[int] = []
    most_at_once = []
    lock, over = threading.Lock(), threading.Semaphore(0)

    def long_work() -> None:
        threads.submit(stood_in.set)
        with threads.held():
            assert may_end.wait(30)

    def short_work() -> None:
        with lock:
            running.append(1)
            most_at_once.append(len(running))
        threading.Event().wait(0.001)
        with lock:
            running.pop()
        over.release()

    threads.submit(long_work)
    assert stood_in.wait(30)
    may_end.set()
    settled = threading.Event()
    threads.submit(settled.set)
    assert settled.wait(30)
    for _ in range(50):
        threads.submit(short_work)
    for _ in range(50):
        assert over.acquire(timeout=30)
    threads.shutdown(wait=True)
    # The thread that came back may have begun one before the other saw that it is one too many.
    assert set(most_at_once[5:]) == {1}
