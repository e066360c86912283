"""Where the Grafana is that a command is for, and how it lets us in."""

import argparse
import math
import os
from pathlib import Path

from joulecast.errors import JoulecastError
from joulecast.grafana.calls import TIMEOUT, Grafana
from joulecast.grafana.place import TOKEN_VARIABLE, URL_VARIABLE, place_of, token_from

_SOONEST, _LATEST = 0.1, 3600.0


def add_access(parser: argparse.ArgumentParser) -> None:
    """Address, token, certificates. The token itself is no argument: every user of a machine reads those."""
    parser.add_argument("--url", metavar="URL", help=f"Grafana's address, with its path (default: {URL_VARIABLE})")
    parser.add_argument(
        "--token-file", type=Path, metavar="FILE", help=f"holds a service account's token (default: {TOKEN_VARIABLE})"
    )
    parser.add_argument("--ca", type=Path, metavar="FILE", help="PEM of the authority that signed its certificate")
    parser.add_argument("--allow-http", action="store_true", help="send the token unencrypted to another machine")
    parser.add_argument(
        "--timeout", type=seconds, default=TIMEOUT, metavar="SECONDS", help=f"for one answer (default: {TIMEOUT:g})"
    )


def grafana_of(args: argparse.Namespace) -> Grafana:
    """The Grafana that was named, not asked for anything yet. Raises JoulecastError."""
    url = args.url or os.environ.get(URL_VARIABLE, "")
    if not url:
        raise JoulecastError("no Grafana is named", f"give --url, or set {URL_VARIABLE}")
    return Grafana(
        place_of(url),
        token_from(args.token_file, os.environ),
        authority=args.ca,
        timeout=args.timeout,
        in_the_clear=args.allow_http,
    )


def seconds(text: str, latest: float = _LATEST) -> float:
    """A time that one may wait."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not _SOONEST <= value <= latest:
        raise argparse.ArgumentTypeError(f"{text!r} is none: give seconds, {_SOONEST:g} to {latest:g}")
    return value
