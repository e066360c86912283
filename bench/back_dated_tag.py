"""What one back-dated tag costs the workload between two flushes: its begin and its end, less an empty loop."""

import statistics
import sys
import time
from collections.abc import Callable, Mapping

import joulecast
from bench.figure import Figure, run

ROUNDS = 200
TAGS = range(1000)
MICROSECONDS_LIMIT = 2.0


def a_batch() -> joulecast.Batch:
    """Never entered, so that nothing is sent anywhere."""
    return joulecast.batch("serve", job="chat", address="127.0.0.1:1")


def empty() -> None:
    """The loop itself."""
    a_batch()
    for _ in TAGS:
        pass


def plain() -> None:
    """The least a tag can be."""
    tags = a_batch()
    for _ in TAGS:
        tags.begin("decode").end()


def counted() -> None:
    """All a tag can have."""
    tags = a_batch()
    for _ in TAGS:
        tags.begin("decode", model="7b").end(token=12)


def block() -> None:
    """How a tag is mostly written."""
    tags = a_batch()
    for _ in TAGS:
        with tags.interval("decode", model="7b"):
            pass


LOOPS: Mapping[str, Callable[[], None]] = {
    "begin and end of one tag": plain,
    "the same with a label and a count": counted,
    "one tag as a with-block, with a label": block,
}


def per_tag(loop: Callable[[], None]) -> float:
    """Microseconds of one turn of the loop."""
    begin = time.perf_counter()
    loop()
    return (time.perf_counter() - begin) * 1e6 / len(TAGS)


def measure() -> list[Figure]:
    """Medians over rounds in which all loops take turns."""
    floor: list[float] = []
    costs: dict[str, list[float]] = {what: [] for what in LOOPS}
    for _ in range(ROUNDS):
        floor.append(per_tag(empty))
        for what, loop in LOOPS.items():
            costs[what].append(per_tag(loop))
    return [
        Figure(what, statistics.median(cost) - statistics.median(floor), "us", MICROSECONDS_LIMIT)
        for what, cost in costs.items()
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
