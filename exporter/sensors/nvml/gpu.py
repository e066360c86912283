"""What a GPU is, and which GPU a person means."""

from collections.abc import Sequence
from dataclasses import dataclass

from joulecast.errors import JoulecastError


class UnknownGpuError(JoulecastError, ValueError):
    """A selection names no GPU of this node, or more than one; the message lists what there is."""


@dataclass(frozen=True, slots=True)
class Gpu:
    """One board; its energy is always told under `uuid`, whatever it is split into."""

    uuid: str
    index: int  # NVML's, in PCI order
    model: str
    driver: str
    pci_bus_id: str = ""
    memory_bytes: int | None = None
    power_limit_watts: float | None = None
    mig_uuids: tuple[str, ...] = ()  # the MIG instances it was split into when it was found


def resolve_gpus(selection: Sequence[str], gpus: Sequence[Gpu]) -> tuple[str, ...]:
    """Return the UUIDs of what a selection names, in its order, each once.

    A name is an index (NVML's order, which is CUDA's under CUDA_DEVICE_ORDER=PCI_BUS_ID), a UUID, a prefix of one
    UUID, or a MIG instance, which stands for its whole board. Raises UnknownGpuError.
    """
    return tuple(dict.fromkeys(_resolve(name.strip(), gpus).uuid for name in selection))


def _resolve(name: str, gpus: Sequence[Gpu]) -> Gpu:
    found = [gpu for gpu in gpus if _matches(name, gpu)]
    if len(found) == 1:
        return found[0]
    exact = [gpu for gpu in found if gpu.uuid == name]
    if exact:
        return exact[0]
    problem = f"{name!r} is {'more than one GPU' if found else 'no GPU'} of this node"
    raise UnknownGpuError(problem, f"it has {_listing(found or gpus)}")


def _matches(name: str, gpu: Gpu) -> bool:
    if name.isdecimal():
        return gpu.index == int(name)
    if name.startswith("MIG-GPU-"):  # before driver 470: MIG-<UUID of the board>/<instance>/<instance>
        return name.removeprefix("MIG-").split("/")[0] == gpu.uuid
    if name.startswith("MIG-"):
        return name in gpu.mig_uuids
    return bool(name) and gpu.uuid.startswith(name)


def _listing(gpus: Sequence[Gpu]) -> str:
    lines = [
        ", ".join([f"{gpu.index} {gpu.uuid} ({gpu.model})", *gpu.mig_uuids])
        for gpu in sorted(gpus, key=lambda gpu: gpu.index)
    ]
    return "; ".join(lines) or "none"
