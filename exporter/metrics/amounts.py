"""Quantities as people read them. Only pages call this: metrics stay in base units."""

from datetime import UTC, datetime

from joulecast.quantities import kilowatt_hours_from_joules


def watts_text(watts: float) -> str:
    """Watts with as many decimals as matter."""
    return f"{watts:,.1f} W" if abs(watts) >= 10 else f"{watts:.2f} W"


def joules_text(joules: float) -> str:
    """Joules, kilojoules, or kilowatt-hours from one on."""
    kilowatt_hours = kilowatt_hours_from_joules(joules)
    if kilowatt_hours >= 1:
        return f"{kilowatt_hours:,.2f} kWh"
    return f"{joules / 1e3:,.1f} kJ" if joules >= 1e3 else f"{joules:.1f} J"


def ratio_text(ratio: float) -> str:
    """A ratio as a percentage."""
    return f"{ratio:.1%}"


def gibibytes_text(count: float) -> str:
    """Bytes in the unit GPU memories are sold in."""
    return f"{count / 1024**3:.1f} GiB"


def megahertz_text(hertz: float) -> str:
    """Clocks as their vendors print them."""
    return f"{hertz / 1e6:.0f} MHz"


def celsius_text(celsius: float) -> str:
    """Whole degrees: no probe in a computer is better."""
    return f"{celsius:.0f} °C"


def time_text(wall: float) -> str:
    """A moment in UTC, to the second."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
