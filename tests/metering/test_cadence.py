"""When sensors are read: seldom while nobody asks, often while intervals are open, at once at an edge."""

import threading

import pytest

from exporter.metering.cadence import Attention, Pace

COUNTER = Pace.counter(1.0)
FUSED = Pace.fused(1.0, 0.5)
POWER = Pace.power(1.0)
SLOW = Pace.slow(1.0)


def reads(attention: Attention, pace: Pace, last: float, until: float) -> list[float]:
    """When a sensor read exactly when it is due is read, up to `until`."""
    times = []
    while (last := attention.next_read(pace, last)) <= until:
        times.append(round(last, 6))
    return times


@pytest.mark.parametrize("pace", [COUNTER, FUSED, POWER, SLOW])
def test_without_intervals_the_period_rules(pace: Pace) -> None:
    """While nothing is tagged a sensor is read once a period."""
    assert reads(Attention(), pace, 0.0, 3.0) == [1.0, 2.0, 3.0]


def test_a_sensor_never_read_is_due_now() -> None:
    """The first read is due at once."""
    assert Attention().next_read(COUNTER, float("-inf")) == float("-inf")


@pytest.mark.parametrize("pace", [COUNTER, FUSED, POWER])
def test_edge_is_read_at_once(pace: Pace) -> None:
    """An edge makes every sensor that cares due at that very moment."""
    attention = Attention()
    attention.edge(10.25, opened=1)

    assert attention.next_read(pace, 10.0) == 10.25


def test_counter_is_read_at_the_edge_and_just_after_it() -> None:
    """Two reads of a counter bracket an edge; then the attentive step is enough."""
    attention = Attention()
    attention.edge(10.25, opened=1)

    assert reads(attention, COUNTER, 10.0, 10.5) == pytest.approx([10.25, 10.26, 10.27, 10.37, 10.47])


def test_power_is_read_finely_around_an_edge() -> None:
    """Just after an edge power is sampled every 10 ms, for as long as the meter looks ahead."""
    attention = Attention()
    attention.edge(10.0, opened=1)
    times = reads(attention, FUSED, 9.5, 11.5)
    burst = [time for time in times if time <= 10.0 + FUSED.burst_length]

    assert len(burst) == pytest.approx(61, abs=1)
    assert times[-1] - times[-2] == pytest.approx(0.09, rel=0.3)


def test_last_end_brings_the_period_back() -> None:
    """After the last interval ended and its burst is over, sensors are read once a period again."""
    attention = Attention()
    attention.edge(10.0, opened=1)
    attention.edge(12.0, opened=-1)

    assert attention.next_read(COUNTER, 12.1) == pytest.approx(13.1)


def test_open_intervals_are_counted() -> None:
    """Of two overlapping intervals the first end leaves sensors attentive."""
    attention = Attention()
    attention.edge(10.0, opened=1)
    attention.edge(11.0, opened=1)
    attention.edge(12.0, opened=-1)

    assert attention.next_read(COUNTER, 12.1) == pytest.approx(12.2)


def test_ends_without_begins_do_not_count_below_zero() -> None:
    """An interval truncated and ended later does not make the next one go unnoticed."""
    attention = Attention()
    attention.edge(10.0, opened=-1)
    attention.edge(11.0, opened=1)

    assert attention.next_read(COUNTER, 11.1) == pytest.approx(11.2)


def test_a_thousand_edges_a_second_share_reads() -> None:
    """Edges much closer together than a burst step do not each cause a read."""
    attention = Attention()
    last, count = 10.0, 0
    for number in range(1000):
        attention.edge(10.0 + number / 1000, opened=1 if number % 2 == 0 else -1)
        while (due := attention.next_read(COUNTER, last)) <= 10.0 + number / 1000:
            last, count = due, count + 1

    assert count <= 1.0 / Attention.MIN_EDGE_SECONDS + 1


def test_back_dated_edge_does_not_hide_a_newer_one() -> None:
    """An edge in the past leaves the latest edge what it was."""
    attention = Attention()
    attention.edge(10.0, opened=1)
    attention.edge(3.0)

    assert attention.next_read(COUNTER, 9.0) == 10.0


def test_models_do_not_care_about_edges() -> None:
    """A model of slow inputs is read once a period whatever the workloads do."""
    attention = Attention()
    attention.edge(10.25, opened=1)

    assert attention.next_read(SLOW, 10.0) == 11.0


def test_no_pace_is_slower_than_asked() -> None:
    """A period below the usual attentive step is kept while intervals are open."""
    attention = Attention()
    attention.edge(10.0, opened=1)

    assert attention.next_read(Pace.counter(0.05), 20.0) == pytest.approx(20.05)
    assert attention.next_read(Pace.fused(0.05, 0.5), 20.0) == pytest.approx(20.05)


def test_what_is_due_is_not_waited_for() -> None:
    """Waiting for a read that is due returns 0 at once."""
    assert Attention().wait(COUNTER, 10.0, 11.0) == 0.0


def test_edge_wakes_a_waiting_sensor() -> None:
    """A sensor asleep until its next read is woken by an edge, and finds itself due."""
    attention = Attention()
    waiting = threading.Event()
    dues: list[float] = []

    def sleep() -> None:
        waiting.set()
        attention.wait(Pace.counter(3600.0), 10.0, 10.5)
        dues.append(attention.next_read(Pace.counter(3600.0), 10.0))

    sensor = threading.Thread(target=sleep)
    sensor.start()
    assert waiting.wait(10)
    while sensor.is_alive():  # an edge just before the sleep began is repeated
        attention.edge(10.6)
        sensor.join(0.01)

    assert dues == [10.6]
