"""What the exporter costs: its share of the processors' time, times what they draw."""

from exporter.metering.own_cost import OwnCost


class Process:
    """CPU seconds a test sets."""

    def __init__(self) -> None:
        self.seconds = 5.0

    def __call__(self) -> float:
        """So far."""
        return self.seconds


def test_cost_is_the_share_of_the_processor_time() -> None:
    """One CPU second in ten on four processors is 2.5 % of the energy of all packages."""
    process = Process()
    cost = OwnCost(process, logical_cpus=4)
    before = cost.update(100.0, 200.0)
    process.seconds += 1.0

    assert before is None
    assert cost.update(110.0, 200.0) == 200.0 * 10.0 * 0.025


def test_unknown_power_adds_nothing() -> None:
    """While nobody knows what the CPUs draw the cost is unknown, and later only known seconds are in it."""
    process = Process()
    cost = OwnCost(process, logical_cpus=1)
    cost.update(0.0, None)
    process.seconds += 1.0
    unknown = cost.update(10.0, None)
    process.seconds += 1.0

    assert unknown is None
    assert cost.update(20.0, 100.0) == 100.0
    assert cost.update(30.0, None) == 100.0


def test_cost_never_exceeds_what_was_drawn() -> None:
    """A clock that ticks coarsely cannot make the share more than all of it, nor the cost go back."""
    process = Process()
    cost = OwnCost(process, logical_cpus=1)
    cost.update(0.0, 100.0)
    process.seconds += 50.0

    assert cost.update(10.0, 100.0) == 1000.0
    assert cost.update(10.0, 100.0) == 1000.0
