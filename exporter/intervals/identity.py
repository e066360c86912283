"""The identity of an interval: an id that sorts by the time its interval began."""

import random

_BYTES = 13  # of which the first seven are microseconds since the epoch, enough until the year 4253
_RANDOM_BITS = 48
# Seeded by the system once: ids must not collide, but they are no secrets, and a system call for each is slow.
_chance = random.Random()  # noqa: S311
_LENGTH = 2 * _BYTES
_DIGITS = frozenset("0123456789abcdef")


def new_interval_id(wall: float) -> str:
    """Make an id for an interval that began at `wall` (seconds since the epoch).

    Ids sort as text in the order of their begins; two begins in one microsecond are told apart by chance.
    """
    microseconds = max(0, int(wall * 1e6))  # a clock before 1970 is wrong, yet must not end an interval
    return (microseconds << _RANDOM_BITS | _chance.getrandbits(_RANDOM_BITS)).to_bytes(_BYTES).hex()


def is_interval_id(text: str) -> bool:
    """Whether `text` has the form of an id, so that a mistyped cursor is told from one that matches nothing."""
    return len(text) == _LENGTH and _DIGITS.issuperset(text)
