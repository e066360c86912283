"""Quantities as people read them."""

import pytest

from joulecast.client.readable import joules_text, seconds_text, watts_text
from joulecast.client.result import Joules, Result
from joulecast.provenance import Provenance


@pytest.mark.parametrize(
    ("joules", "uncertainty", "expected"),
    [
        (None, None, "unknown"),
        (0.0, None, "0 J"),
        (812.34, None, "812 J"),
        (812.34, 9.1, "812 J ± 9 J"),
        (812.34, 0.25, "812.3 J ± 0.2 J"),
        (12_345.0, 40.0, "12.35 kJ ± 0.04 kJ"),
        (3.6e6, None, "3.60 MJ"),
        (-4.2, 0.5, "-4.2 J ± 0.5 J"),
        (-0.04, 0.5, "0.0 J ± 0.5 J"),
        (1e-9, 1e-9, "0.0000 J ± 0.0001 J"),
        (5.0, 120.0, "5 J ± 120 J"),
    ],
)
def test_joules_end_at_the_digit_in_doubt(joules: float | None, uncertainty: float | None, expected: str) -> None:
    """The unit fits the value, and the bar decides the decimals."""
    assert joules_text(joules, uncertainty) == expected


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "unknown"),
        (0.0, "0 ms"),
        (0.25, "250 ms"),
        (12.34, "12.3 s"),
        (3599.6, "1 h 00 min"),
        (86_400.0, "1 d 0 h 00 min"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    """From milliseconds to days."""
    assert seconds_text(seconds) == expected


def test_watts() -> None:
    """Three digits down to hundredths, or unknown."""
    assert [watts_text(watts) for watts in (None, 7.1234, 412.6, 1e-6)] == ["unknown", "7.12 W", "413 W", "0.00 W"]


def test_a_result_is_one_line() -> None:
    """Gross with its bar and provenance, net where idle is known, and the duration."""
    known = Joules(gross_joules=812.3, net_joules=430.1, uncertainty_joules=9.0, provenance=Provenance.MEASURED)

    assert str(Result(energy=known, duration_seconds=12.3)) == "812 J ± 9 J gross (measured), 430 J net, 12.3 s"
    assert str(Joules(gross_joules=1.0, provenance=Provenance.PREDICTED)) == "1.00 J gross (predicted)"
    assert str(Result()) == "energy unknown, unknown"
