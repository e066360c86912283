"""Which containers hold which GPUs, however the device plugin or the claim names them."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from exporter.usage.evidence import GpuHolder

# As NVML writes them: GPU-..., MIG-..., and before driver 470 MIG-GPU-.../1/0.
_HEX = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = re.compile(rf"MIG-GPU-{_HEX}/\d+/\d+|(?:GPU|MIG)-{_HEX}", re.ASCII)


class Device(NamedTuple):
    """A device under all the names its kubelet has for it, and the container it was given to."""

    holder: GpuHolder
    names: tuple[str, ...]


class Holdings(NamedTuple):
    """Who holds what, by UUID; `unmapped` names the GPUs that are told without one, as by number: "0", "nvidia0"."""

    holders: Mapping[str, Sequence[GpuHolder]]
    unmapped: Sequence[str]


def gpus_by_uuid(devices: Iterable[Device]) -> Holdings:
    """Gather by UUID: a replica of a shared GPU (GPU-...::3) is that GPU, and who has two of them holds it once."""
    held: dict[str, set[GpuHolder]] = {}
    unmapped = set()
    for holder, names in devices:
        uuids = {match[0] for match in map(_UUID.search, names) if match}
        for uuid in uuids:
            held.setdefault(uuid, set()).add(holder)
        if not uuids:
            unmapped.add(names[0])
    by_name = {uuid: tuple(sorted(holders, key=_names)) for uuid, holders in sorted(held.items())}
    return Holdings(by_name, tuple(sorted(unmapped)))


def _names(holder: GpuHolder) -> tuple[str, str, str]:
    return holder.namespace, holder.pod, holder.container
