"""Which lines make room when there are too many: what has ended before what runs, the least before the most."""

from collections.abc import Iterable, Sequence

from exporter.attribution.line import Line

# More are retired than must be, so that the next new workload need not push out another at once.
ROOM = 0.1


def lines_to_retire(lines: Iterable[Line], most: int, now: float) -> Sequence[Line]:
    """The lines to retire so that at most `most` stay, with room for some new ones."""
    ranked = sorted(lines, key=lambda line: (line.seen >= now, line.quanta))
    return ranked[: max(0, len(ranked) - max(1, int(most * (1 - ROOM))))]
