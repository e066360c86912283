"""Conversions into base units, the only unit arithmetic in the house.

Inside, everything is joules, watts, seconds and bytes. Sensors speak other units; each of these is called
on the very line that reads them, so that no variable ever holds anything else.
"""

BYTES_PER_MEBIBYTE = 1024 * 1024
SECONDS_PER_HOUR = 3600.0


def joules_from_microjoules(microjoules: int) -> float:
    """RAPL and hwmon `energy*_input` count microjoules."""
    return microjoules * 1e-6


def joules_from_millijoules(millijoules: int) -> float:
    """NVML's total energy counts millijoules."""
    return millijoules * 1e-3


def watts_from_microwatts(microwatts: int) -> float:
    """Hwmon `power*_input` is in microwatts."""
    return microwatts * 1e-6


def watts_from_milliwatts(milliwatts: int) -> float:
    """NVML's power readings and limits are in milliwatts."""
    return milliwatts * 1e-3


def volts_from_millivolts(millivolts: int) -> float:
    """Hwmon `in*_input` and SMBIOS voltages are in millivolts."""
    return millivolts * 1e-3


def amperes_from_milliamperes(milliamperes: int) -> float:
    """Hwmon `curr*_input` is in milliamperes."""
    return milliamperes * 1e-3


def celsius_from_millicelsius(millicelsius: int) -> float:
    """Hwmon `temp*_input` is in thousandths of a degree Celsius."""
    return millicelsius * 1e-3


def hertz_from_megahertz(megahertz: int) -> float:
    """NVML clocks are in megahertz."""
    return megahertz * 1e6


def seconds_from_milliseconds(milliseconds: int) -> float:
    """ACPI states its averaging intervals in milliseconds."""
    return milliseconds * 1e-3


def bytes_from_kibibytes(kibibytes: int) -> int:
    """/proc/meminfo counts kibibytes, whatever it prints."""
    return kibibytes * 1024


def kilowatt_hours_from_joules(joules: float) -> float:
    """For people's eyes only: nothing inside is stored in kilowatt-hours."""
    return joules / 3.6e6
