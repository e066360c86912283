"""What consumes power: components, and the identity of one measured series."""

from enum import StrEnum
from typing import NamedTuple


class Component(StrEnum):
    """A kind of consumer. `PLATFORM` is the whole machine by its own meter: shown, never added."""

    CPU = "cpu"
    DRAM = "dram"
    GPU = "gpu"
    PLATFORM = "platform"


class SeriesKey(NamedTuple):
    """The identity of one energy curve on this node.

    `device` is a socket number, GPU UUID, DIMM set or chip name; `zone` is RAPL's, or "package" for whatever
    stands for a whole CPU socket, or empty.
    """

    component: Component
    device: str
    zone: str = ""


# Zones that enter Eq. 3 of the paper. Core and uncore are inside the package; psys contains everything.
_NODE_ZONES = {
    Component.CPU: frozenset({"package"}),
    Component.DRAM: frozenset({"dram", ""}),
    Component.GPU: frozenset({""}),
    Component.PLATFORM: frozenset[str](),
}


def is_node_part(key: SeriesKey) -> bool:
    """Whether a series of this identity may be summed into node power (Eq. 3: packages + DRAM + GPUs)."""
    return key.zone in _NODE_ZONES[key.component]
