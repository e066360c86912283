"""Quantities as people read them: a unit that fits, and no more digits than are known."""

import math

NOT_KNOWN = "unknown"
_SCALES = ((1e9, "GJ"), (1e6, "MJ"), (1e3, "kJ"), (1.0, "J"))
_GRAM_SCALES = ((1e6, "t"), (1e3, "kg"), (1.0, "g"), (1e-3, "mg"))
_MOST_DECIMALS = 4
_FINEST_MONEY = 9


def joules_text(joules: float | None, uncertainty: float | None = None, *, bar: bool = True) -> str:
    """Joules, to the first digit in doubt, with their half-width if that is known and `bar` asks for it.

    >>> joules_text(812.34, 9.1), joules_text(12_345.0), joules_text(0.0123), joules_text(None)
    ('812 J ± 9 J', '12.3 kJ', '0.0123 J', 'unknown')
    >>> joules_text(5_012_345.0, 80.0), joules_text(430.27, 9.1, bar=False)
    ('5.0123 MJ ± 0.0001 MJ', '430 J')
    """
    if joules is None:
        return NOT_KNOWN
    scale, unit = next((pair for pair in _SCALES if abs(joules) >= pair[0]), _SCALES[-1])
    if not uncertainty:
        return f"{joules / scale:z.{_decimals(joules / scale, 3)}f} {unit}"
    half_width = uncertainty / scale
    decimals = _decimals(half_width, 1)
    text = f"{joules / scale:z.{decimals}f} {unit}"
    return f"{text} ± {max(half_width, 10.0**-_MOST_DECIMALS):.{decimals}f} {unit}" if bar else text


def band_text(joules: float, low: float, high: float) -> str:
    """Estimated joules and their band, in one unit and to as many decimals.

    >>> band_text(12.34, 10.1, 15.02), band_text(12_345.0, 9_800.0, 15_000.0)
    ('12.3 J (10.1 to 15.0)', '12.3 kJ (9.8 to 15.0)')
    """
    scale, unit = next((pair for pair in _SCALES if joules >= pair[0]), _SCALES[-1])
    decimals = _decimals(joules / scale, 3)
    value, *ends = (f"{each / scale:.{decimals}f}" for each in (joules, low, high))
    return f"{value} {unit} ({' to '.join(ends)})"


def grams_text(grams: float | None, uncertainty: float | None = None) -> str:
    """Grams of CO2-equivalents as joules are written, in milligrams to tonnes.

    >>> grams_text(0.01234, 0.0002), grams_text(812.34), grams_text(1_234_567.0), grams_text(None)
    ('12.3 mg ± 0.2 mg', '812 g', '1.23 t', 'unknown')
    """
    if grams is None:
        return NOT_KNOWN
    scale, unit = next((pair for pair in _GRAM_SCALES if abs(grams) >= pair[0]), _GRAM_SCALES[-1])
    return _with_half_width(grams / scale, (uncertainty or 0.0) / scale, unit)


def cost_text(cost: float | None, currency: str, uncertainty: float | None = None) -> str:
    """Money to the first digit in doubt: an interval may cost far less than the smallest coin.

    >>> cost_text(0.000347, "EUR", 0.00001), cost_text(12.5, "USD"), cost_text(0.0, "EUR"), cost_text(None, "")
    ('0.00035 EUR ± 0.00001 EUR', '12.5 USD', '0 EUR', 'unknown')
    """
    return NOT_KNOWN if cost is None else _with_half_width(cost, uncertainty or 0.0, currency, most=_FINEST_MONEY)


def _with_half_width(value: float, half_width: float, unit: str, most: int = _MOST_DECIMALS) -> str:
    if not half_width:
        return f"{value:z.{_decimals(value, 3, most)}f} {unit}"
    decimals = _decimals(half_width, 1, most)
    return f"{value:z.{decimals}f} {unit} ± {max(half_width, 10.0**-most):.{decimals}f} {unit}"


def seconds_text(seconds: float | None) -> str:
    """A duration.

    >>> seconds_text(0.01234), seconds_text(12.345), seconds_text(754), seconds_text(93784)
    ('12.3 ms', '12.3 s', '12 min 34 s', '1 d 2 h 03 min')
    """
    if seconds is None:
        return NOT_KNOWN
    if seconds < 1:
        return f"{seconds * 1e3:.{_decimals(seconds * 1e3, 3)}f} ms"
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes} min {rest:02d} s"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h {minutes:02d} min" if days else f"{hours} h {minutes:02d} min"


def watts_text(watts: float | None) -> str:
    """Power in watts, three significant digits, and no more than hundredths."""
    return NOT_KNOWN if watts is None else f"{watts:.{min(2, _decimals(watts, 3))}f} W"


def _decimals(value: float, digits: int, most: int = _MOST_DECIMALS) -> int:
    """How many decimals, but no more than `most`, show `digits` significant digits of `value`."""
    if value == 0:
        return 0
    return min(most, max(0, digits - 1 - math.floor(math.log10(abs(value)))))
