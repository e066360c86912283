"""The remedy for a name that is not known: what it may have been meant to be."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from itertools import takewhile

_MOST = 12


def nearest(name: str, known: Iterable[str]) -> str:
    """`did you mean X?`, or what there is.

    >>> nearest("bf61", ["bf16", "fp32"])
    'did you mean bf16?'
    """
    names = list(known)
    lowered = {each.lower(): each for each in names}
    close = get_close_matches(name.lower(), lowered, n=1, cutoff=0.5)
    if close:
        return f"did you mean {lowered[close[0]]}?"
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return f"there are {', '.join(names[:_MOST])}{more}"


def is_slip(name: str, known: str) -> bool:
    """Whether one is the other mistyped: a letter too many, too few, wrong or misplaced; case and dashes do not count.

    >>> is_slip("Parameters-totl", "parameters_total"), is_slip("gpu_maximum_power", "gpu_minimum_power")
    (True, False)
    """
    one, other = (re.sub(r"[\W_]", "", each.lower()) for each in (name, known))
    if sorted(one) == sorted(other):
        return True
    start = _alike(one, other)
    end = _alike(one[start:][::-1], other[start:][::-1])
    return max(len(one), len(other)) - start - end <= 1


def _alike(one: str, other: str) -> int:
    """With how many letters both begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
