"""NVML's error codes, reduced to what an exporter does about them."""

from typing import Any

LIBRARY_NOT_FOUND = 12
DRIVER_NOT_LOADED = 9
NO_PERMISSION = 4
LIBRARY_OLDER_THAN_DRIVER = 18

# The codes are nvml.h's, a stable interface; what is not named here is "unknown".
_REASONS = {
    1: "driver",  # UNINITIALIZED: the driver was reloaded under us
    DRIVER_NOT_LOADED: "driver",
    LIBRARY_OLDER_THAN_DRIVER: "driver",
    3: "not_supported",
    13: "not_supported",  # FUNCTION_NOT_FOUND: an older driver
    6: "not_found",
    25: "not_supported",  # ARGUMENT_VERSION_MISMATCH: an older driver
    26: "not_supported",  # DEPRECATED: a newer driver
    NO_PERMISSION: "denied",
    10: "timeout",
    27: "timeout",  # NOT_READY
    15: "lost",
    16: "lost",  # RESET_REQUIRED
    28: "lost",  # GPU_NOT_FOUND
}


class RefusedError(Exception):
    """A call about one GPU gave nothing; `reason` is a short metric label."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def refused(code: int, message: object = "") -> RefusedError:
    """What an NVML return code means."""
    return RefusedError(_REASONS.get(code, "unknown"), str(message) or f"NVML answered with code {code}")


def refusal(error: Any) -> RefusedError:
    """What a `pynvml.NVMLError` means."""
    return refused(error.value, error)
