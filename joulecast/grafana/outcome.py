"""What became of each thing that was to be in Grafana."""

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """In a dry run, what would have become of it."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    KEPT = "kept"  # edited by people, and left to them
    FAILED = "failed"
    NOT_TRIED = "not tried"


CHANGES = frozenset({Outcome.CREATED, Outcome.UPDATED})
SHORTFALLS = frozenset({Outcome.KEPT, Outcome.FAILED, Outcome.NOT_TRIED})


@dataclass(frozen=True, slots=True)
class Thing:
    """One data source, folder or dashboard, and what became of it. `remark` is for a person."""

    kind: str
    name: str
    outcome: Outcome
    uid: str = ""
    remark: str = ""
    remedy: str = ""
