"""Quantities as one would write them: a unit that fits, and no more digits than are known.

Only pages call this: metrics and the JSON beside the page stay in base units.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from joulecast.quantities import kilowatt_hours_from_joules

_JOULES = ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ"), (1.0, "J"))
_WATTS = ((1e6, "MW"), (1e4, "kW"), (1.0, "W"))  # a rack's figure is still read in watts
_GRAMS = ((1e6, "t"), (1e3, "kg"), (1.0, "g"), (1e-3, "mg"))
_MOST_DECIMALS = 4


class Amount(NamedTuple):
    """A quantity in pieces: "812", "9" and "J". Without a half-width its text is empty."""

    number: str
    half_width: str
    unit: str

    def __str__(self) -> str:
        """In one line.

        >>> str(Amount("812", "9", "J")), str(Amount("12.3", "", "kJ"))
        ('812 ± 9 J', '12.3 kJ')
        """
        return f"{self.number} ± {self.half_width} {self.unit}" if self.half_width else f"{self.number} {self.unit}"


def joules(value: float, half_width: float | None = None) -> Amount:
    """Joules of an interval, to the first digit in doubt.

    >>> str(joules(812.34, 9.1)), str(joules(12_345.0)), str(joules(5_012_345.0, 80.0)), str(joules(0.0123))
    ('812 ± 9 J', '12.3 kJ', '5.0123 ± 0.0001 MJ', '0.0123 J')
    """
    return _amount(value, half_width, _JOULES)


def watts(value: float, half_width: float | None = None) -> Amount:
    """Power, to the first digit in doubt.

    >>> str(watts(2792.4, 14.2)), str(watts(31.42)), str(watts(0.0)), str(watts(49.3, 15.1))
    ('2,792 ± 14 W', '31.4 W', '0 W', '49 ± 15 W')
    """
    return _amount(value, half_width, _WATTS)


def grams(value: float, half_width: float | None = None) -> Amount:
    """Mass of CO2-equivalents, to the first digit in doubt.

    >>> str(grams(412.3, 8.0)), str(grams(0.0231)), str(grams(12_500.0))
    ('412 ± 8 g CO₂e', '23.1 mg CO₂e', '12.5 kg CO₂e')
    """
    amount = _amount(value, half_width, _GRAMS)
    return amount._replace(unit=f"{amount.unit} CO\N{SUBSCRIPT TWO}e")


def money(value: float, currency: str) -> Amount:
    """Money to three digits: what is cheap is not free.

    >>> str(money(12.345, "EUR")), str(money(0.000123, "EUR")), str(money(1234.5, "JPY"))
    ('12.3 EUR', '0.000123 EUR', '1,234 JPY')
    """
    return Amount(f"{value:,.{_decimals(value, 3, most=9)}f}", "", currency)


def total_joules_text(joules: float) -> str:
    """What a series has used in all, up to kilowatt-hours from one on.

    >>> [total_joules_text(each) for each in (999.9, 262_143.0, 1.16e6, 7.5e6)]
    ['999.9 J', '262.1 kJ', '1.16 MJ', '2.08 kWh']
    """
    kilowatt_hours = kilowatt_hours_from_joules(joules)
    if kilowatt_hours >= 1:
        return f"{kilowatt_hours:,.2f} kWh"
    if joules >= 1e6:
        return f"{joules / 1e6:.2f} MJ"
    return f"{joules / 1e3:,.1f} kJ" if joules >= 1e3 else f"{joules:.1f} J"


def ratio_text(ratio: float) -> str:
    """A ratio as a percentage."""
    return f"{ratio * 100:.1f} %"


def gibibytes_text(count: float) -> str:
    """Bytes in the unit GPU memories are sold in."""
    return f"{count / 1024**3:.1f} GiB"


def megahertz_text(hertz: float) -> str:
    """Clocks as their vendors print them."""
    return f"{hertz / 1e6:,.0f} MHz"


def celsius_text(celsius: float) -> str:
    """Whole degrees: no probe in a computer is better."""
    return f"{celsius:.0f} °C"


def clock_text(wall: float) -> str:
    """The time of day in UTC, to the second."""
    return datetime.fromtimestamp(wall, UTC).strftime("%H:%M:%S UTC")


def moment_text(wall: float) -> str:
    """A moment in UTC, to the second."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso_text(wall: float) -> str:
    """A moment as machines read it: ISO 8601 in UTC, to the microsecond."""
    return datetime.fromtimestamp(wall, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _amount(value: float, half_width: float | None, scales: Sequence[tuple[float, str]]) -> Amount:
    scale, unit = next((pair for pair in scales if abs(value) >= pair[0]), scales[-1])
    scaled = value / scale
    if not half_width:
        return Amount(f"{scaled:z,.{_decimals(scaled, 3)}f}", "", unit)
    decimals = _decimals(half_width / scale, 1)
    shown = max(half_width / scale, 10.0**-_MOST_DECIMALS)
    return Amount(f"{scaled:z,.{decimals}f}", f"{shown:,.{decimals}f}", unit)


def _decimals(value: float, digits: int, most: int = _MOST_DECIMALS) -> int:
    """How many decimals show `digits` significant digits of `value`."""
    if value == 0:
        return 0
    return min(most, max(0, digits - 1 - math.floor(math.log10(abs(value)))))
