"""A number or many: `8`, `1,8,64`, `1:40`, `1:40:5`."""

from __future__ import annotations

import math
from itertools import pairwise

from joulecast.errors import JoulecastError

MOST_VALUES = 1000
_EASY_TO_READ = 40  # values of a range that names no step

Range = tuple[float, ...]


def read_range(text: str) -> Range:
    """The values a text stands for, increasing where it is a range. Raises JoulecastError.

    `FROM:TO` goes by a step of 1, 2 or 5 times a power of ten, at most forty values, both ends among them, and whole
    numbers between whole ends; `FROM:TO:STEP` goes by that step.

    >>> read_range("8e9"), read_range("1,8,64"), read_range("1:4"), read_range("10:30:10")
    ((8000000000.0,), (1.0, 8.0, 64.0), (1.0, 2.0, 3.0, 4.0), (10.0, 20.0, 30.0))
    >>> read_range("1:1000")[:4]
    (1.0, 50.0, 100.0, 150.0)
    """
    if ":" not in text:
        values = tuple(_number(part, text) for part in text.split(","))
        if len(set(values)) < len(values):
            raise JoulecastError(f"{text!r} holds a value twice", "keep one of them")
        return values
    parts = [_number(part, text) for part in text.split(":")]
    if len(parts) > 3:
        raise _unreadable(text)
    first, last = parts[:2]
    if not first < last:
        raise JoulecastError(f"the range {text!r} does not go up", "write FROM:TO or FROM:TO:STEP, as 1:40 or 1:40:5")
    if len(parts) == 3:
        return _by_step(first, last, parts[2], text)
    return _easy(first, last)


def _by_step(first: float, last: float, step: float, text: str) -> Range:
    if not step > 0:
        raise JoulecastError(f"the range {text!r} has no step forward", "write a step above 0, as 1:40:5")
    count = math.floor((last - first) / step * (1 + 1e-12)) + 1
    if count > MOST_VALUES:
        raise JoulecastError(f"the range {text!r} holds {count} values", f"take a larger step: {MOST_VALUES} are most")
    return tuple(_plain(first + place * step) for place in range(count))


def _easy(first: float, last: float) -> Range:
    """Both ends, and between them the multiples of a round step."""
    step = _round_step((last - first) / (_EASY_TO_READ - 1))
    if first.is_integer() and last.is_integer():
        step = max(step, 1.0)
    between = range(math.floor(first / step) + 1, math.ceil(last / step))
    values = [first, *(_plain(place * step) for place in between), last]
    return tuple(one for one, following in pairwise([*values, math.inf]) if following - one > step * 1e-6)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(_plain(each * power) for each in (1, 2, 5, 10) if each * power >= least * (1 - 1e-12))


def _plain(value: float) -> float:
    """Without the noise of sums of decimal fractions."""
    return float(f"{value:.12g}")


def _number(part: str, text: str) -> float:
    try:
        value = float(part)
    except ValueError:
        raise _unreadable(text) from None
    if not math.isfinite(value):
        raise JoulecastError(f"{text!r} is not finite", "write a finite number, or leave it out")
    return value


def _unreadable(text: str) -> JoulecastError:
    return JoulecastError(f"{text!r} is no number", "write a number, as 8e9, a list, as 1,8,64, or a range, as 1:40")
