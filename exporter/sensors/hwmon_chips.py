"""What the attributes of each known hwmon chip measure. A chip that is not in `RULES` is never guessed at.

Sources: the kernel's drivers and their documentation (amdgpu, i915, xe, amd_energy, xgene-hwmon).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from exporter.sensors.hwmon_acpi import acpi_power_meters
from exporter.sensors.hwmon_channel import Channel, Found, Part, Rule
from exporter.sensors.hwmon_class import Chip
from exporter.sensors.hwmon_jetson import jetson_rails
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.quantities import watts_from_microwatts

_AMD_STEP_JOULES = 2.0**-16
_INTEL_STEP_JOULES = 2.0**-14
_AMD_UPDATE_SECONDS = 0.001
_INTEL_UPDATE_SECONDS = 0.1  # not documented: assumed to be as slow as other GPUs

_LEAST_BOUND_WATTS = 100.0


def _amd_gpus(chips: Sequence[Chip]) -> Iterator[Found]:
    """amdgpu: one power per card, averaged by its firmware where that is offered."""
    for chip in chips:
        if "vddnb" in chip.labels("in").values():
            # Only APUs have a northbridge voltage, and their power is that of the whole processor.
            yield JoulecastError(
                f"{chip.number} (amdgpu) is inside a CPU and shows the power of both", "not used: RAPL has it"
            )
            continue
        file = chip.attributes.get("power1_average") or chip.attributes.get("power1_input")
        if file is not None:
            yield Channel(SeriesKey(Component.GPU, chip.device), (Part((file,)),), max_watts=_twice_the_limit(chip))


def _intel_gpus(chips: Sequence[Chip]) -> Iterator[Found]:
    """i915 and xe: an energy counter of the card, or where there is none of the package on it."""
    for chip in chips:
        counters = {index: file for index in (1, 2) if (file := chip.attributes.get(f"energy{index}_input"))}
        labels = {1: "card", 2: "pkg", **chip.labels("energy")}
        has_card = any(labels[index] == "card" for index in counters)
        for index, file in counters.items():
            is_card = labels[index] == "card"
            yield Channel(
                SeriesKey(Component.GPU, chip.device, "" if is_card or not has_card else "package"),
                (Part((file,)),),
                is_counter=True,
                max_watts=_twice_the_limit(chip),
                resolution_joules=_INTEL_STEP_JOULES,
                update_seconds=_INTEL_UPDATE_SECONDS,
                note="" if is_card or has_card else "the package only: memory and board are not in it",
            )


def _amd_sockets(chips: Sequence[Chip]) -> Iterator[Found]:
    """amd_energy and its successors: a counter per socket ("Esocket0"); those of its cores are inside it."""
    for chip in chips:
        for index, label in chip.labels("energy").items():
            socket = re.fullmatch(r"Esocket(\d+)", label)
            file = chip.attributes.get(f"energy{index}_input")
            if socket and file:
                yield Channel(
                    SeriesKey(Component.CPU, socket[1], "package"),
                    (Part((file,)),),
                    is_counter=True,
                    relative_error=0.10,  # computed in the processor, as AMD's RAPL
                    resolution_joules=_AMD_STEP_JOULES,
                    update_seconds=_AMD_UPDATE_SECONDS,
                )


def _ampere_sockets(chips: Sequence[Chip]) -> Iterator[Found]:
    """apm_xgene (X-Gene, Ampere Altra): a chip per socket, its cores and its uncore on two meters."""
    for socket, chip in enumerate(chips):
        files = [chip.attributes.get(f"power{index}_input") for index in (1, 2)]
        parts = tuple(Part((file,)) for file in files if file)
        if parts:
            yield Channel(SeriesKey(Component.CPU, str(socket), "package"), parts, note="CPU and IO power")


def _not_counted_twice(chips: Sequence[Chip]) -> Iterator[Found]:
    """NVIDIA GPUs, whose energy NVML has."""
    for chip in chips:
        if chip.meters():
            yield JoulecastError(f"{chip.number} ({chip.name}) shows an NVIDIA GPU", "not used: NVML has it")


def _twice_the_limit(chip: Chip) -> float | None:
    limits = [chip.whole(f"power1_{limit}") or 0 for limit in ("cap_max", "cap", "rated_max", "max")]
    return max(2 * watts_from_microwatts(max(limits)), _LEAST_BOUND_WATTS) if any(limits) else None


RULES: Mapping[str, Rule] = {
    "power_meter": acpi_power_meters,
    "amdgpu": _amd_gpus,
    "i915": _intel_gpus,
    "xe": _intel_gpus,
    "amd_energy": _amd_sockets,
    "zenergy": _amd_sockets,
    "apm_xgene": _ampere_sockets,
    "ina3221": jetson_rails,
    "nouveau": _not_counted_twice,
    "nvidia": _not_counted_twice,
}
# Parts of what another chip of the same device shows whole.
_INSIDE_ANOTHER = re.compile(r"i915_gt\d+")


def channels(chips: Iterable[Chip]) -> Iterator[Found]:
    """What all chips measure, and why some are not used."""
    by_name: dict[str, list[Chip]] = {}
    for chip in chips:
        by_name.setdefault(chip.name, []).append(chip)
    for name, alike in by_name.items():
        if name in RULES:
            yield from RULES[name](alike)
        elif not _INSIDE_ANOTHER.fullmatch(name):
            for chip in alike:
                if meters := chip.meters():
                    what = ", ".join(meters)
                    yield JoulecastError(
                        f"{chip.number} ({name or 'no name'}) has {what} of unknown meaning", "not used"
                    )
