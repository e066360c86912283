"""Sources that may hang in a driver, kept from stopping the tick that reads them."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

from exporter.usage.evidence import GpuUse, GpuUseSource
from exporter.usage.source import UsageReading, UsageSource

PATIENCE_SECONDS = 0.5
Told = TypeVar("Told")


class PatientSource:
    """Reads another source of usage with patience."""

    def __init__(self, source: UsageSource, patience: float = PATIENCE_SECONDS) -> None:
        self.name = source.name
        self._reading = _PatientReading(source.read, f"usage-{source.name}", patience)

    def read(self) -> Iterator[UsageReading]:
        """What the source gives within the time it has; nothing while an earlier read is stuck."""
        yield from self._reading.read()


class PatientGpuUse:
    """Reads another source of who uses the GPUs with patience."""

    def __init__(self, source: GpuUseSource, patience: float = PATIENCE_SECONDS) -> None:
        self._reading = _PatientReading(source.read, "gpu-processes", patience)

    def read(self) -> Sequence[GpuUse]:
        """What the source gives within the time it has; nothing while an earlier read is stuck."""
        return self._reading.read()


class _PatientReading(Generic[Told]):
    """Reads in a thread of its own and, when that takes too long, goes without it until it returns.

    What comes late is thrown away: nobody would know when it was true.
    """

    def __init__(self, read: Callable[[], Iterable[Told]], name: str, patience: float) -> None:
        self._read = read
        self._name = name
        self._patience = patience
        self._attempt: _Attempt[Told] | None = None

    def read(self) -> Sequence[Told]:
        if self._attempt is not None and self._attempt.is_alive():
            return ()
        self._attempt = _Attempt(self._read, self._name)
        self._attempt.start()
        self._attempt.join(self._patience)
        return () if self._attempt.is_alive() else self._attempt.answer()


class _Attempt(threading.Thread, Generic[Told]):
    """One read of a source."""

    def __init__(self, read: Callable[[], Iterable[Told]], name: str) -> None:
        super().__init__(name=name, daemon=True)
        self._read = read
        self._told: list[Told] = []
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._told = list(self._read())
        except Exception as error:  # a bug in the source: raised again where its caller can log it
            self._error = error

    def answer(self) -> list[Told]:
        """What was read, or the error that ended it."""
        if self._error is not None:
            raise self._error
        return self._told
