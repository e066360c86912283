"""What an exporter that does not answer may cost."""

from doubles.clock import FakeClock

from joulecast.client.outage import Outage


def test_a_quick_failure_pauses_briefly() -> None:
    """After a refused connection the next five seconds cost nothing."""
    clock = FakeClock()
    outage = Outage(clock.monotonic)
    assert not outage.paused

    outage.failed(0.001)
    clock.advance(4.9)
    assert outage.paused
    clock.advance(0.2)
    assert not outage.paused


def test_a_slow_failure_costs_one_percent_at_most() -> None:
    """A call that hung for half a second buys fifty seconds of not calling; a minute is the most."""
    clock = FakeClock()
    outage = Outage(clock.monotonic)

    outage.failed(0.5)
    clock.advance(49.9)
    assert outage.paused
    clock.advance(0.2)
    assert not outage.paused
    outage.failed(2.0)
    clock.advance(60.1)
    assert not outage.paused


def test_an_answer_ends_the_outage_and_restores_the_patience() -> None:
    """Patience is spent once per outage, by whoever waits, and is whole again after it."""
    clock = FakeClock()
    outage = Outage(clock.monotonic, patience=3.0)

    outage.failed(2.0, waited=True)
    assert outage.patience == 1.0
    outage.failed(2.0, waited=True)
    assert outage.patience == 0.0
    outage.over()
    assert not outage.paused
    assert outage.patience == 3.0


def test_waiting_on_purpose_does_not_lengthen_the_pause() -> None:
    """Time spent waiting for a restart is the reader's choice, not the cost of a call."""
    clock = FakeClock()
    outage = Outage(clock.monotonic)

    outage.failed(4.0, waited=True)
    clock.advance(5.1)
    assert not outage.paused
