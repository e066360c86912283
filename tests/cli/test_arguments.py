"""Arguments that several commands share."""

import argparse
import time
from datetime import datetime

import pytest

from joulecast.cli.arguments import label, point_in_time, whole_number


@pytest.mark.parametrize(
    ("text", "seconds"), [("90s", 90), ("30m", 1800), ("1h", 3600), ("2d", 172_800), ("1.5h", 5400), ("1w", 604_800)]
)
def test_a_while_ago(text: str, seconds: float) -> None:
    """A number and a unit count back from now."""
    assert point_in_time(text) == pytest.approx(time.time() - seconds, abs=60)


def test_dates_are_local_unless_they_say_otherwise() -> None:
    """ISO dates and times, with or without a zone."""
    assert point_in_time("2026-03-01T12:00+00:00") == 1_772_366_400
    assert point_in_time("2026-03-01") == datetime(2026, 3, 1).astimezone().timestamp()


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (point_in_time, "yesterday"),
        (point_in_time, "1y"),
        (label, "k"),
        (label, "=v"),
        (whole_number, "-1"),
        (whole_number, "x"),
    ],
)
def test_what_cannot_be_read_says_how_it_is_written(read: object, text: str) -> None:
    """Each names the text and the right form."""
    with pytest.raises(argparse.ArgumentTypeError, match="write"):
        read(text)  # type: ignore[operator]


def test_a_labels_value_may_hold_equals_signs() -> None:
    """Only the first one separates."""
    assert label("k=a=b") == ("k", "a=b")
