"""Where the bill is kept: a slate of its own beside the meters', or the store where there is no room for one."""

import base64
import logging
from pathlib import Path

from exporter.intervals.ledger import Ledger, LedgerUnavailable
from exporter.store.slate import Slate
from joulecast.errors import JoulecastError

log = logging.getLogger(__name__)

BILL = "bill"
# Totals of a line take 64 bytes, its names as text rarely 200; what does not fit goes to the store.
_BYTES_PER_LINE = 320
_BYTES_BESIDE = 16 * 1024


class KeptBill:
    """Keeps one document of bytes through restarts, and through `kill -9`."""

    def __init__(self, file: Path, ledger: Ledger, max_lines: int) -> None:
        """Map the file; without room for it every write is one to the store."""
        self._ledger = ledger
        self._slate: Slate | None = None
        try:
            self._slate = Slate(file, 2 * (_BYTES_BESIDE + max_lines * _BYTES_PER_LINE))
        except JoulecastError as problem:
            log.warning("the bill of the workloads goes straight to the store: %s", problem)

    def write(self, document: bytes) -> None:
        """Replace the document; a store that is away costs it no more than being a moment older."""
        if self._slate is not None and self._slate.write(document):
            return
        try:
            self._ledger.save_state(BILL, {"bill": base64.b64encode(document).decode("ascii")})
        except LedgerUnavailable as unavailable:
            log.debug("the bill is not written: %s", unavailable)
            return
        if self._slate is not None:
            self._slate.hand_over()

    def read(self) -> bytes | None:
        """The document written last; None if there is none that can be read."""
        slated = None if self._slate is None else self._slate.read()
        if slated is not None:
            return slated
        try:
            state = self._ledger.load_state(BILL)
            return None if state is None else base64.b64decode(state["bill"], validate=True)
        except (LedgerUnavailable, KeyError, TypeError, ValueError) as problem:
            log.warning("starting without what an earlier run had billed: %s", problem)
            return None

    def close(self) -> None:
        """Unmap the file; harmless twice."""
        if self._slate is not None:
            self._slate.close()
