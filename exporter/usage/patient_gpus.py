"""Who uses the GPUs, asked with patience: a driver that hangs costs one thread, and never the tick."""

import threading
from collections.abc import Sequence

from exporter.usage.evidence import GpuUse, GpuUseSource
from exporter.usage.patience import PATIENCE_SECONDS


class PatientGpuUse:
    """Implements `GpuUseSource`: reads another in one thread of its own, and goes without it while it is stuck."""

    def __init__(self, source: GpuUseSource, patience: float = PATIENCE_SECONDS) -> None:
        self._source = source
        self._patience = patience
        self._attempt: _Attempt | None = None

    def read(self) -> Sequence[GpuUse]:
        """What the source gives within the time it has; what comes late is thrown away."""
        if self._attempt is not None and self._attempt.is_alive():
            return ()
        self._attempt = _Attempt(self._source)
        self._attempt.start()
        self._attempt.join(self._patience)
        return () if self._attempt.is_alive() else self._attempt.answer()


class _Attempt(threading.Thread):
    """One read."""

    def __init__(self, source: GpuUseSource) -> None:
        super().__init__(name="gpu-processes", daemon=True)
        self._source = source
        self._uses: Sequence[GpuUse] = ()
        self._error: Exception | None = None

    def run(self) -> None:
        try:
            self._uses = self._source.read()
        except Exception as error:  # a bug in the source: raised again where its caller can log it
            self._error = error

    def answer(self) -> Sequence[GpuUse]:
        """What was read, or the error that ended it."""
        if self._error is not None:
            raise self._error
        return self._uses
