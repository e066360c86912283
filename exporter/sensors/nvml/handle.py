"""One handle of the driver's, asked by the names of NVML's own functions, its errors turned into reasons."""

from collections.abc import Callable
from typing import Any, TypeVar

from exporter.sensors.nvml.refusal import RefusedError, refusal

_Answer = TypeVar("_Answer")


class NvmlHandle:
    """A GPU, or an instance that MIG made of one, valid until the library is opened anew."""

    def __init__(self, nvml: Any, handle: Any) -> None:
        self._nvml = nvml
        self._handle = handle

    def ask(self, function: str, *arguments: object) -> Any:
        """What the driver answers; raises RefusedError."""
        call = getattr(self._nvml, function, None)
        if call is None:
            raise RefusedError("not_supported", f"this pynvml has no {function}")
        try:
            return call(self._handle, *arguments)
        except self._nvml.NVMLError as error:
            raise refusal(error) from None

    def instance(self, place: int) -> "NvmlHandle":
        """The handle of the MIG instance at one place of this GPU; raises RefusedError."""
        return NvmlHandle(self._nvml, self.ask("nvmlDeviceGetMigDeviceHandleByIndex", place))


def first_known(ways: list[Callable[[], _Answer]]) -> _Answer:
    """The answer by the first way this driver knows; the ways it does not know are forgotten."""
    while True:
        try:
            return ways[0]()
        except RefusedError as error:
            if error.reason != "not_supported" or len(ways) == 1:
                raise
            del ways[0]
