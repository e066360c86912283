"""ACPI power meters: whole machines, and the rails of NVIDIA Grace sockets.

Rails are told by the OEM label, as NVIDIA's Grace tuning guide and firmware name them: "CPU Power Socket 0" is the
rail of the cores, "SysIO Power Socket 0" that of the rest of the chip, "Grace Power Socket 0" all of the socket with
its LPDDR5X and regulators, "Module Power Socket 0" Grace and Hopper together.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

from exporter.sensors.hwmon_channel import USUAL_RELATIVE_ERROR, Channel, Found, Part
from exporter.sensors.hwmon_class import Chip
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.quantities import seconds_from_milliseconds

_DIFFERENCE_RELATIVE_ERROR = 0.20  # assumed: the errors of three rails, in what they leave over


def acpi_power_meters(chips: Sequence[Chip]) -> Iterator[Found]:
    """Sockets by the labels of their rails; any other meter is a platform."""
    sockets: dict[str, dict[str, Chip]] = {}
    for chip in chips:
        if "power1_average" not in chip.attributes:
            continue
        if chip.whole("power1_is_battery"):
            yield JoulecastError(f"{chip.number} ({chip.name}) meters a battery", "not used")
            continue
        rail = _SOCKET_RAIL.fullmatch(chip.text("power1_oem_info") or "")
        if rail is None:
            key = SeriesKey(Component.PLATFORM, chip.device)
            yield _acpi_channel(key, [chip], note=chip.text("power1_oem_info") or "")
        else:
            kind = _RAIL_KINDS[rail[1].lower()]
            sockets.setdefault(rail[2], {})[kind] = chip
    for socket, rails in sorted(sockets.items()):
        yield from _socket_channels(socket, rails)


_SOCKET_RAIL = re.compile(
    r"(grace|total|cpu rail|cpu|soc rail|sysio|dram|module)(?: input)? power(?: in uw)? socket (\d+)", re.IGNORECASE
)
_RAIL_KINDS = {
    "grace": "socket",  # everything: CPU and SoC rails, LPDDR5X, regulators
    "total": "socket",
    "cpu rail": "cpu",
    "cpu": "cpu",
    "soc rail": "soc",
    "sysio": "soc",
    "dram": "dram",
    "module": "module",  # Grace and Hopper together
}


def _socket_channels(socket: str, rails: Mapping[str, Chip]) -> Iterator[Channel]:
    """The rails of one socket as CPU and DRAM that add up to the socket, each joule in one of them.

    The CPU rail alone would miss about half of the socket, and the socket alone would count its memory as CPU.
    """
    cpu = SeriesKey(Component.CPU, socket, "package")
    dram = SeriesKey(Component.DRAM, socket, "dram")
    whole, soc, memory = rails.get("socket"), rails.get("soc"), rails.get("dram")
    chip_rails = [rails[kind] for kind in ("cpu", "soc") if kind in rails]
    if whole and memory:
        yield _acpi_channel(cpu, [whole], minus=[memory], note="the socket without its DRAM")
        yield _acpi_channel(dram, [memory])
    elif whole and soc and "cpu" in rails:
        yield _acpi_channel(cpu, chip_rails, note="CPU and SoC rails")
        note = "the socket without its CPU and SoC rails: memory and regulator losses"
        yield _acpi_channel(dram, [whole], minus=chip_rails, note=note)
    elif whole:
        yield _acpi_channel(cpu, [whole], note="the whole socket, its memory included")
    elif chip_rails:
        note = "CPU and SoC rails" if soc and "cpu" in rails else "this rail only, not the whole socket"
        yield _acpi_channel(cpu, chip_rails, note=note)
        if memory:
            yield _acpi_channel(dram, [memory])
    if "module" in rails:
        yield _acpi_channel(SeriesKey(Component.PLATFORM, f"module {socket}"), [rails["module"]])


def _acpi_channel(key: SeriesKey, plus: Sequence[Chip], minus: Sequence[Chip] = (), note: str = "") -> Channel:
    chips = [*plus, *minus]
    parts = [_power_part(chip) for chip in plus] + [_power_part(chip).negated() for chip in minus]
    return Channel(
        key,
        tuple(parts),
        averaging_seconds=seconds_from_milliseconds(max(chip.whole("power1_average_interval") or 0 for chip in chips)),
        relative_error=_DIFFERENCE_RELATIVE_ERROR if minus else max(_stated_error(chip) for chip in chips),
        note=note,
    )


def _power_part(chip: Chip) -> Part:
    return Part((chip.attributes["power1_average"],))


def _stated_error(chip: Chip) -> float:
    """What the meter says of its accuracy ("97.5%"), but never better than usual: many state 100 %."""
    stated = re.fullmatch(r"(\d+)\.(\d+)%", chip.text("power1_accuracy") or "")
    if stated is None:
        return USUAL_RELATIVE_ERROR
    # The kernel prints the thousandths of a percent without leading zeros.
    accuracy = (int(stated[1]) + int(stated[2]) / 1000) / 100
    return max(1.0 - accuracy, USUAL_RELATIVE_ERROR) if 0.0 < accuracy <= 1.0 else USUAL_RELATIVE_ERROR
