"""What the interval book asks of whatever keeps intervals: the port that `exporter.store` implements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from exporter.intervals.interval import Interval, Status
from joulecast.errors import JoulecastError


class LedgerUnavailable(JoulecastError):
    """Nothing can be written now (disk full, read-only, locked); the remedy says what to do."""


class DuplicateRequest(JoulecastError):
    """An interval with this request id is stored already: the begin is a retry."""


@dataclass(frozen=True, slots=True)
class Query:
    """Filters of a listing; an empty value matches everything."""

    job: str = ""
    phase: str = ""
    name: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    status: Status | None = None
    since: float | None = None  # wall seconds, begun at or after
    until: float | None = None  # wall seconds, begun before
    cursor: str = ""  # an interval id: only what comes after it
    limit: int = 0
    newest_first: bool = False


class Ledger(Protocol):
    """Durable memory for intervals and for the state of the meters. All calls may come from any thread."""

    def open(self, interval: Interval) -> None:
        """Make a new interval durable before it is acknowledged. Raises LedgerUnavailable or DuplicateRequest."""
        ...

    def end(self, interval: Interval) -> None:
        """Make an interval's end durable, as cheaply as its begin. Raises LedgerUnavailable."""
        ...

    def flush(self, *, recent: bool = True) -> None:
        """Bring to its final place what is durable but kept elsewhere; without the `recent`, what has been for a while.

        Raises LedgerUnavailable.
        """
        ...

    def save(self, intervals: Sequence[Interval]) -> None:
        """Write the present state of these intervals, in one transaction; inserts those not yet stored."""
        ...

    def find(self, *, interval_id: str = "", request_id: str = "") -> Interval | None:
        """The stored interval of that id, or None."""
        ...

    def unsettled(self) -> Sequence[Interval]:
        """Every interval that is open or settling: what a restart must pick up."""
        ...

    def list(self, query: Query) -> Iterator[Interval]:
        """Stored intervals in begin order (or newest first), read in pages so that memory stays bounded."""
        ...

    def save_edges(self, interval_id: str, edges: Mapping[str, Any]) -> None:
        """Keep the settled begin edge of an open interval (JSON-able), so that a restart need not know its past."""
        ...

    def edges(self, interval_id: str) -> Mapping[str, Any] | None:
        """The begin edge kept by `save_edges`, if any."""
        ...

    def save_state(self, name: str, state: Mapping[str, Any]) -> None:
        """Replace one named document (meter checkpoint, idle baseline)."""
        ...

    def load_state(self, name: str) -> Mapping[str, Any] | None:
        """The document saved under that name, or None."""
        ...

    def prune(self, older_than_wall: float) -> int:
        """Delete finished intervals that ended before that moment; returns how many."""
        ...

    def close(self) -> None:
        """Flush and release."""
        ...
