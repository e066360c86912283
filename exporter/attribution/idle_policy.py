"""Who bears idle power: nobody, those who asked for the machine, or those who used it."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from exporter.attribution.line import Consumer
from joulecast.component import Component


class IdlePolicy(StrEnum):
    """The values of the option `attribution_idle`."""

    UNATTRIBUTED = "unattributed"  # idle stays a part of its own
    BY_REQUEST = "by-request"
    BY_USE = "by-use"


NOBODY: Mapping[Consumer, float] = {}


class Requests:
    """The part of CPUs and memory that each running consumer asked for; together they are never more than all."""

    def __init__(self, cpus: int, memory_bytes: int | None, consumers: Iterable[Consumer]) -> None:
        asking = list(consumers)
        self._cpu = _parts(((one, one.cpu_request) for one in asking), cpus)
        self._memory = _parts(((one, one.memory_request_bytes) for one in asking), memory_bytes or 0)

    def of(self, component: Component) -> Mapping[Consumer, float]:
        """Parts of that component: DRAM goes by the memory asked for."""
        return self._memory if component is Component.DRAM else self._cpu


def _parts(requests: Iterable[tuple[Consumer, float | None]], whole: float) -> Mapping[Consumer, float]:
    if whole <= 0:
        return NOBODY
    asked = {consumer: amount for consumer, amount in requests if amount is not None and amount > 0}
    divisor = max(whole, sum(asked.values()))
    return {consumer: amount / divisor for consumer, amount in asked.items()}
