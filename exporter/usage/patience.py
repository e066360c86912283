"""A usage source that may hang in a driver, kept from stopping the tick that reads it."""

import threading
from collections.abc import Iterator

from exporter.usage.source import UsageReading, UsageSource

PATIENCE_SECONDS = 0.5


class PatientSource:
    """Reads another source in a thread of its own and, when that takes too long, goes without it until it returns."""

    def __init__(self, source: UsageSource, patience: float = PATIENCE_SECONDS) -> None:
        self.name = source.name
        self._source = source
        self._patience = patience
        self._attempt: _Attempt | None = None

    def read(self) -> Iterator[UsageReading]:
        """What the source gives within the time it has; nothing while an earlier read is stuck.

        What comes late is thrown away: nobody would know when it was true.
        """
        if self._attempt is not None and self._attempt.is_alive():
            return
        self._attempt = _Attempt(self._source)
        self._attempt.start()
        self._attempt.join(self._patience)
        if not self._attempt.is_alive():
            yield from self._attempt.answer()


class _Attempt(threading.Thread):
    """One read of a source."""

    def __init__(self, source: UsageSource) -> None:
        super().__init__(name=f"usage-{source.name}", daemon=True)
        self._source = source
        self._readings: list[UsageReading] = []
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._readings = list(self._source.read())
        except Exception as error:  # a bug in the source: raised again where its caller can log it
            self._error = error

    def answer(self) -> list[UsageReading]:
        """What was read, or the error that ended it."""
        if self._error is not None:
            raise self._error
        return self._readings
