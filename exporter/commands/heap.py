"""What a process of two dozen threads, each of which needs little, takes from its machine's memory."""

import ctypes
import gc
from collections.abc import Iterable
from contextlib import suppress
from types import FunctionType, ModuleType

_M_ARENA_MAX = -8  # <malloc.h>


def share_one_heap() -> None:
    """Let threads that start from now on allocate from the same heap.

    glibc gives every thread one of its own, and each keeps what its busiest moment took. Elsewhere nothing is changed.
    """
    with suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def drop_docstrings(objects: Iterable[object]) -> None:
    """Free the docstrings of all that has one among these: of the libraries' it is 2 MB that a daemon shows nobody.

    What `python -OO` would do, and it would compile every library anew where its directory cannot be written.
    """
    for each in objects:
        if isinstance(each, FunctionType) and each.__doc__ is not None:
            code = each.__code__
            if code.co_consts[:1] == (each.__doc__,):
                each.__code__ = code.replace(co_consts=(None, *code.co_consts[1:]))
            each.__doc__ = None
        elif isinstance(each, type | ModuleType) and isinstance(vars(each).get("__doc__"), str):
            with suppress(AttributeError, TypeError):  # of what is written in C
                each.__doc__ = None


def settle_memory() -> None:
    """Call it when everything is loaded, and will be needed as long as the process lives."""
    drop_docstrings(gc.get_objects())
    gc.collect()
    # Looking at all of it for garbage again and again would take the interpreter for 20 ms each time.
    gc.freeze()
