"""The remedy for a name that is not known: what it may have been meant to be."""

from collections.abc import Iterable
from difflib import get_close_matches

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
