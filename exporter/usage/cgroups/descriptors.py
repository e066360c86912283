"""How many counter files may be kept open: reading an open one takes a fifth of the time."""

import resource
from contextlib import suppress

_RESERVED = 512  # for connections, the store and sensors
_MOST = 65_536


class DescriptorBudget:
    """Counts descriptors. The one place that raises this process's soft limit of open files.

    systemd starts services with a soft limit of 1024, for programs that use select(2), which neither gRPC nor the
    HTTP server does; the hard limit is there to be taken. Processes started from this one inherit it.
    """

    def __init__(self, most: int = _MOST) -> None:
        """`most` descriptors are kept, where the limits allow it."""
        self._most = most
        self._taken = 0
        self._allowed = min(most, _soft_limit() - _RESERVED)

    def take(self, leaving: int = 0) -> bool:
        """Whether one more file may be kept open, and after it `leaving` more; it counts until it is given back."""
        if self._taken + leaving >= self._allowed and not self._raise_limit(leaving):
            return False
        self._taken += 1
        return True

    def give_back(self) -> None:
        """A kept file was closed."""
        self._taken -= 1

    def _raise_limit(self, leaving: int) -> bool:
        if self._allowed >= self._most:
            return False
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = self._most + _RESERVED
        limit = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        if soft != resource.RLIM_INFINITY and limit > soft:
            with suppress(OSError, ValueError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
        self._allowed = min(self._most, _soft_limit() - _RESERVED)
        return self._taken + leaving < self._allowed


def _soft_limit() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST + _RESERVED if soft == resource.RLIM_INFINITY else soft
