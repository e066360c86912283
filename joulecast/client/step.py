"""One tag of a batch, as cheap as two readings of a clock."""

import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import NamedTuple, Self


class Step:
    """One tag of a batch: a with-block, or ended by `end`. Beginning and ending it costs two clock readings."""

    __slots__ = ("_keep", "begin_ns", "counts", "end_ns", "labels", "name", "number")

    def __init__(self, keep: Callable[["Step"], None], name: str, labels: Mapping[str, object]) -> None:
        self._keep = keep
        self.name = name
        self.labels = labels
        self.number = -1
        self.counts: Mapping[str, float] = {}
        self.end_ns = 0
        self.begin_ns = time.monotonic_ns()

    def end(self, **counts: float) -> None:
        """End it now; a second end does nothing."""
        if not self.end_ns:
            self.end_ns = time.monotonic_ns()
            if counts:
                self.counts = {**self.counts, **counts}
            self._keep(self)

    def count(self, **counts: float) -> None:
        """Say what it produced, before it ends."""
        self.counts = {**self.counts, **counts}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()


class FailedStep(NamedTuple):
    """A tag the exporter refused, and why."""

    name: str
    labels: Mapping[str, str]
    message: str
