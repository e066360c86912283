"""Sources that may hang in a driver, kept from stopping the tick that reads them."""

import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

from exporter.usage.evidence import GpuUse, GpuUseSource
from exporter.usage.source import UsageReading, UsageSource

PATIENCE_SECONDS = 0.5

_Answer = TypeVar("_Answer")


class PatientSource:
    """Reads a usage source in a thread of its own and, when that takes too long, goes without it until it returns."""

    def __init__(self, source: UsageSource, patience: float = PATIENCE_SECONDS) -> None:
        self.name = source.name
        self._patience: _Patience[list[UsageReading]] = _Patience(
            f"usage-{source.name}", lambda: list(source.read()), patience
        )

    def read(self) -> Iterator[UsageReading]:
        """What the source gives within the time it has; nothing while an earlier read is stuck."""
        yield from self._patience.read() or ()


class PatientGpuUse:
    """The same for who uses the GPUs: implements `GpuUseSource`, and while a driver hangs nobody is known to."""

    def __init__(self, source: GpuUseSource, patience: float = PATIENCE_SECONDS) -> None:
        self._patience: _Patience[Sequence[GpuUse]] = _Patience("usage-gpu-processes", source.read, patience)

    def read(self) -> Sequence[GpuUse]:
        """What the source gives within the time it has; nothing while an earlier read is stuck."""
        return self._patience.read() or ()


class _Patience(Generic[_Answer]):
    """Lets one question at a time wait in a thread."""

    def __init__(self, name: str, ask: Callable[[], _Answer], seconds: float) -> None:
        self._name = name
        self._ask = ask
        self._seconds = seconds
        self._attempt: _Attempt[_Answer] | None = None

    def read(self) -> _Answer | None:
        """The answer, if it comes in time; what comes late is thrown away: nobody would know when it was true."""
        if self._attempt is not None and self._attempt.is_alive():
            return None
        self._attempt = _Attempt(self._name, self._ask)
        self._attempt.start()
        self._attempt.join(self._seconds)
        return None if self._attempt.is_alive() else self._attempt.answer()


class _Attempt(threading.Thread, Generic[_Answer]):
    """One read of a source."""

    def __init__(self, name: str, ask: Callable[[], _Answer]) -> None:
        super().__init__(name=name, daemon=True)
        self._ask = ask
        self._answer: _Answer | None = None
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._answer = self._ask()
        except Exception as error:  # a bug in the source: raised again where its caller can log it
            self._error = error

    def answer(self) -> _Answer | None:
        """What was read, or the error that ended it."""
        if self._error is not None:
            raise self._error
        return self._answer
