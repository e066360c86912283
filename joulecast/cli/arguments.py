"""Arguments that several commands share, read so that a wrong one is refused before anything happens."""

import argparse
import re
import time
from datetime import datetime

from joulecast.client.address import parse_address
from joulecast.errors import JoulecastError

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0, "w": 7 * 86_400.0}


def add_address(parser: argparse.ArgumentParser) -> None:
    """Where the exporter listens."""
    parser.add_argument(
        "--address",
        type=address,
        metavar="ADDRESS",
        help="the exporter: unix:///path or HOST:PORT (default: JOULECAST_ADDRESS, else this machine's)",
    )


def address(text: str) -> str:
    """An address that can be one."""
    try:
        parse_address(text)
    except JoulecastError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
    return text


def label(text: str) -> tuple[str, str]:
    """`key=value`; the value may hold further equals signs."""
    key, equals, value = text.partition("=")
    if not key or not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is no label: write it as key=value")
    return key, value


def point_in_time(text: str) -> float:
    """Seconds since the epoch: `90s`, `30m`, `1h`, `2d`, `1w` ago, or an ISO date or time, local if it says no zone."""
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text)
    if ago:
        return time.time() - float(ago[1]) * _UNITS[ago[2]]
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no time: write 30m, 1h or 2d for that long ago, or 2026-03-01T12:00"
        ) from None


def whole_number(text: str) -> int:
    """A number of things, 0 or more."""
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no number: write 0 or more")
    return int(text)
