"""Quantities are read as Kubernetes writes them, and what is none is nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.kubernetes.quantity import amount


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("250m", 0.25),
        ("2", 2.0),
        ("0.1", 0.1),
        (".5", 0.5),
        ("5.", 5.0),
        ("+1", 1.0),
        ("0", 0.0),
        ("1500000n", 0.0015),
        ("100u", 0.0001),
        ("128Mi", 128 * 1024 * 1024),
        ("1.5Gi", 1.5 * 1024**3),
        ("64Ki", 65536),
        ("1Ei", 2.0**60),
        ("1G", 1e9),
        ("4k", 4e3),
        ("1e3", 1e3),
        ("1E3", 1e3),
        ("1E", 1e18),
        ("12e-1", 1.2),
    ],
)
def test_every_way_of_writing_is_read(written: str, expected: float) -> None:
    """Decimal and binary suffixes, exponents and plain numbers give the amount in base units."""
    assert amount(written) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    "written",
    ["", "m", "-1", "1K", "1ki", "1 Gi", "1Gi ", "0x10", "1e", "1e3Mi", "1e999", "lots", "nan", "²", None, 2, True, []],
)
def test_what_is_no_quantity_is_nothing(written: object) -> None:
    """A request that cannot be read is unknown, never zero; a negative one is none."""
    assert amount(written) is None


@given(st.text())
def test_any_text_is_a_finite_amount_or_nothing(written: str) -> None:
    """No text raises, and no amount is negative or endless."""
    value = amount(written)

    assert value is None or 0 <= value < float("inf")
