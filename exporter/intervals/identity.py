"""The identity of an interval: an id that sorts by the time its interval began."""

import random

_TIME_DIGITS = 14  # microseconds since the epoch in hexadecimal, enough until the year 4253
_RANDOM_BYTES = 6
# Seeded by the system once: ids must not collide, but they are no secrets, and a system call for each is slow.
_chance = random.Random()  # noqa: S311
_LENGTH = _TIME_DIGITS + 2 * _RANDOM_BYTES
_DIGITS = frozenset("0123456789abcdef")


def new_interval_id(wall: float) -> str:
    """Make an id for an interval that began at `wall` (seconds since the epoch).

    Ids sort as text in the order of their begins; two begins in one microsecond are told apart by chance.
    """
    microseconds = max(0, int(wall * 1e6))  # a clock before 1970 is wrong, yet must not end an interval
    return f"{microseconds:0{_TIME_DIGITS}x}{_chance.getrandbits(8 * _RANDOM_BYTES):0{2 * _RANDOM_BYTES}x}"


def is_interval_id(text: str) -> bool:
    """Whether `text` has the form of an id, so that a mistyped cursor is told from one that matches nothing."""
    return len(text) == _LENGTH and _DIGITS.issuperset(text)
