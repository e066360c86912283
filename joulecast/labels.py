"""Limits on what a workload may attach to an interval, checked at both ends of the wire by the same code."""

import math
from collections.abc import Mapping

MAX_LABELS = 32
MAX_KEY_LENGTH = 64
MAX_VALUE_LENGTH = 256
MAX_NAME_LENGTH = 128
MAX_COUNTS = 16


class LabelError(ValueError):
    """A label, name or count that cannot be taken; the message names it and the limit."""


def check_name(field: str, value: str) -> str:
    """Return `value` if it may be a name, job or phase."""
    if len(value) > MAX_NAME_LENGTH:
        raise LabelError(f"{field} is {len(value)} characters long; at most {MAX_NAME_LENGTH} are kept, shorten it")
    if not value.isprintable():
        raise LabelError(f"{field} {value!r} holds unprintable characters; use plain text")
    return value


def check_names(*, request_id: str = "", name: str, job: str, phase: str) -> None:
    """Raise LabelError for the first of them that may not be what it is."""
    together = f"{request_id}{name}{job}{phase}"
    if len(together) > MAX_NAME_LENGTH or not together.isprintable():
        for field, value in (("request_id", request_id), ("name", name), ("job", job), ("phase", phase)):
            check_name(field, value)


def check_labels(labels: Mapping[str, str]) -> None:
    """Raise LabelError unless all of them may be stored."""
    if len(labels) > MAX_LABELS:
        raise LabelError(
            f"{len(labels)} labels; at most {MAX_LABELS} are kept, put what varies into one label or the name"
        )
    for key, value in labels.items():
        if not key or len(key) > MAX_KEY_LENGTH or not key.isprintable():
            raise LabelError(f"label key {key[:80]!r}: use 1 to {MAX_KEY_LENGTH} printable characters")
        if len(value) > MAX_VALUE_LENGTH:
            raise LabelError(f"label {key!r} is {len(value)} characters long; at most {MAX_VALUE_LENGTH}, shorten it")


def check_counts(counts: Mapping[str, float]) -> dict[str, float]:
    """Return a copy of `counts` if all are finite and not negative."""
    if len(counts) > MAX_COUNTS:
        raise LabelError(f"{len(counts)} counts; at most {MAX_COUNTS} are kept")
    for key, value in counts.items():
        if not key or len(key) > MAX_KEY_LENGTH:
            raise LabelError(f"count name {key[:80]!r}: use 1 to {MAX_KEY_LENGTH} characters")
        if not math.isfinite(value) or value < 0:
            raise LabelError(f"count {key!r} is {value}; a count is a finite number, 0 or more")
    return dict(counts)
