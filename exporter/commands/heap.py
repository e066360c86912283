"""How the C library hands out memory in a process of two dozen threads that each need little of it."""

import ctypes
from contextlib import suppress

_M_ARENA_MAX = -8  # <malloc.h>


def share_one_heap() -> None:
    """Let threads that start from now on allocate from the same heap.

    glibc gives every thread one of its own, and each keeps what its busiest moment took. Elsewhere nothing is changed.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)
