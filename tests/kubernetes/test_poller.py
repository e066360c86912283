"""A source is asked when due, soon when woken, ever less often while it fails, and its failure is a finding."""

import threading

import pytest
from doubles.awaiting import until
from doubles.clock import FakeClock

from exporter.kubernetes.no_answer import NoAnswer, Status
from exporter.kubernetes.poller import LATE_SECONDS, LONGEST_PERIOD_SECONDS, Poller
from joulecast.clock import SystemClock


class Source:
    """Answers, takes its time on a fake clock, or raises what it is given."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.asked = 0
        self.takes = 0.0
        self.fails: Exception | None = None
        self.blocks: threading.Event | None = None
        self._clock = clock

    def __call__(self) -> tuple[str, str]:
        self.asked += 1
        if self._clock is not None:
            self._clock.advance(self.takes)
        if self.blocks is not None:
            self.blocks.wait()
        if self.fails is not None:
            raise self.fails
        return "3 pods", ""


def test_regular_pause() -> None:
    """A source that answers at once is asked every period."""
    clock = FakeClock()
    assert Poller("kubelet", Source(clock), clock, period=15.0).poll() == 15.0


@pytest.mark.parametrize(("takes", "pause"), [(0.2, 15.0), (0.6, 30.0), (10.0, LONGEST_PERIOD_SECONDS)])
def test_slow_source_is_asked_less_often(takes: float, pause: float) -> None:
    """The time spent asking stays a small part of all time, and a minute is the longest pause."""
    clock = FakeClock()
    source = Source(clock)
    source.takes = takes

    assert Poller("kubelet", source, clock, period=15.0).poll() == pytest.approx(pause)


def test_failures_are_backed_off_and_forgiven() -> None:
    """Each failure doubles the pause up to a minute; one answer and the period is the regular one."""
    clock = FakeClock()
    source = Source(clock)
    poller = Poller("kubelet", source, clock, period=15.0, backoff=5.0)
    source.fails = NoAnswer("failing", "it is down")

    assert [poller.poll() for _ in range(6)] == [5.0, 10.0, 20.0, 40.0, 60.0, 60.0]
    source.fails = None
    assert poller.poll() == 15.0


@pytest.mark.parametrize("status", ["failing", "denied", "absent"])
def test_no_answer_is_a_finding(status: Status) -> None:
    """With status, message and remedy, and the next answer takes it away."""
    source, clock = Source(), FakeClock()
    poller = Poller("kubelet", source, clock)
    assert (poller.finding().status, poller.finding().message) == ("failing", "has not answered yet")
    source.fails = NoAnswer(status, "it is so", "do this")
    poller.poll()
    told = poller.finding()

    assert (told.source, told.status, told.message, told.remedy) == ("kubelet", status, "it is so", "do this")
    source.fails = None
    poller.poll()
    assert (poller.finding().status, poller.finding().message) == ("up", "3 pods")


def test_a_bug_is_a_finding_too() -> None:
    """What nobody foresaw ends neither the thread nor the exporter."""
    source = Source()
    source.fails = KeyError("x")
    poller = Poller("kubelet", source, FakeClock())
    poller.poll()

    assert (poller.finding().status, poller.finding().message) == ("failing", "cannot be understood (KeyError)")


def test_a_question_that_never_ends_is_told() -> None:
    """While a question hangs, the last answer's finding does not stand for ever."""
    clock, source = FakeClock(), Source()
    poller = Poller("kubelet", source, clock)
    poller.poll()
    source.blocks = threading.Event()
    poller.start()
    until(lambda: source.asked == 2)
    assert poller.finding().status == "up"

    clock.advance(LATE_SECONDS + 1)
    assert poller.finding().status == "failing"
    assert "has not answered for 31 s" in poller.finding().message
    source.blocks.set()
    poller.close()


def test_waking_asks_soon() -> None:
    """A source whose period is long is asked again as soon as it is woken."""
    source = Source()
    poller = Poller("kubelet", source, SystemClock(), period=3600.0, debounce=0.0)
    poller.start()
    until(lambda: poller.finding().status == "up")
    poller.wake()

    until(lambda: source.asked == 2)
    poller.close()


def test_many_wakes_are_few_questions() -> None:
    """However often it is woken, a source has its pause between two questions."""
    source, clock = Source(), SystemClock()
    poller = Poller("kubelet", source, clock, period=3600.0, debounce=0.1)
    began = clock.monotonic()
    poller.start()
    until(lambda: poller.wake() or source.asked >= 4)
    elapsed = clock.monotonic() - began
    poller.close()

    assert source.asked <= 2 + elapsed / 0.1


def test_a_failing_source_is_not_woken() -> None:
    """New containers on a node whose kubelet is down do not make it be hammered."""
    source = Source()
    source.fails = NoAnswer("failing", "it is down")
    poller = Poller("kubelet", source, SystemClock(), period=3600.0, debounce=0.0, backoff=3600.0)
    poller.start()
    until(lambda: poller.finding().message == "it is down")
    poller.wake()
    poller.close()

    assert source.asked == 1


def test_closing_ends_the_thread_at_once() -> None:
    """A poller that waits for its next turn is closed without waiting for it, and one never started too."""
    poller = Poller("closing", Source(), SystemClock(), period=3600.0)
    poller.start()
    until(lambda: poller.finding().status == "up")
    poller.close()

    assert not any(thread.name == "names-closing" for thread in threading.enumerate())
    Poller("closing", Source(), SystemClock()).close()


def test_what_changes_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A kubelet that refuses for hours is one line with its remedy, and one when it answers again."""
    caplog.set_level("INFO")
    source = Source()
    poller = Poller("kubelet", source, FakeClock())
    for fails in (
        None,
        None,
        NoAnswer("denied", "it is so", "do this"),
        NoAnswer("denied", "it is so", "do this"),
        None,
    ):
        source.fails = fails
        poller.poll()

    assert [(each.levelname, each.message) for each in caplog.records] == [
        ("INFO", "names (kubelet): 3 pods"),
        ("WARNING", "names (kubelet): it is so: do this"),
        ("INFO", "names (kubelet): 3 pods"),
    ]
