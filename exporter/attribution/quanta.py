"""Energy on the bill is counted in whole quanta, so that parts add up to their sum exactly, however long it runs."""

# 2^-40 J is nearly a picojoule: a float of joules below 8 kJ is a whole number of them to its last bit, and what is
# lost above that is lost once for each series, not once a step.
QUANTA_PER_JOULE = 1 << 40
_JOULES_PER_QUANTUM = 1.0 / QUANTA_PER_JOULE


def quanta_from_joules(joules: float) -> int:
    """Whole quanta, rounded down."""
    return int(joules * QUANTA_PER_JOULE)


def joules_from_quanta(quanta: int) -> float:
    """The joules that a number of quanta are."""
    return quanta * _JOULES_PER_QUANTUM
