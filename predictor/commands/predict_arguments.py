"""The options of `joulecast predict`: each stands for one feature of the models, and any number may be a range."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from joulecast.cli.arguments import address
from joulecast.errors import JoulecastError
from predictor.commands.predict_footprint import add_rates
from predictor.estimate import InvalidFeature
from predictor.planning.ranges import Range, read_range


class Number(NamedTuple):
    """An option that takes a number or a range, and the feature it is."""

    flag: str
    feature: str
    metavar: str
    meaning: str


class Name(NamedTuple):
    """An option that takes a name, and the feature it is."""

    flag: str
    feature: str
    metavar: str
    meaning: str


DEVICE = Name("--device", "device", "NAME", "the device, as its vendor, driver or anybody calls it")
DEVICES = Number("--devices", "device_count", "N", "how many of it one model runs on (default: 1)")
DEVICE_FIGURES = (
    Number("--tdp-watts", "device_tdp_watts", "W", "power limit of one device"),
    Number("--memory-bytes", "device_memory_bytes", "BYTES", "memory of one device: 80 GB is 80e9"),
    Number(
        "--memory-bandwidth", "device_memory_bandwidth_bytes_per_second", "B/S", "of that memory: 3.35 TB/s is 3.35e12"
    ),
    Number("--peak-flops", "device_peak_flops_per_second", "1/S", "dense 16-bit operations: 989 teraflops is 989e12"),
)

Option = Number | Name

_NOT_ENOUGH = "does not follow from what is given"  # in what a model says where features are missing


def add_options(
    parser: argparse.ArgumentParser, title: str, options: Iterable[Option], note: str = ""
) -> argparse._ArgumentGroup:
    """Declare options under a title of the help; what has no feature is added to the group by the caller."""
    group = parser.add_argument_group(title, note or None)
    for each in options:
        read = _range if isinstance(each, Number) else _name
        group.add_argument(each.flag, dest=each.feature, type=read, metavar=each.metavar, help=each.meaning)
    return group


def add_source_and_output(parser: argparse.ArgumentParser) -> None:
    """Who answers, what a kilowatt-hour comes to, and how it is shown."""
    source = parser.add_argument_group("who answers")
    source.add_argument("--artifact", default="", metavar="FILE|NAME", help="this artifact (default: the packaged one)")
    source.add_argument(
        "--address", type=address, metavar="HOST:PORT", help="a prediction service, instead of this process"
    )
    source.add_argument(
        "--set",
        dest="further",
        type=_assignment,
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other feature the model takes; repeat it for more",
    )
    add_rates(parser)
    output = parser.add_argument_group("what is shown")
    output.add_argument("--json", action="store_true", help="print a JSON object")
    output.add_argument(
        "--plot", metavar="FILE", help="draw a range, with its band and where training ends (.png, .svg)"
    )


def given_numbers(args: argparse.Namespace, options: Sequence[Option]) -> dict[str, Range]:
    """The ranges that were given, by feature; those of --set win."""
    found = {
        each.feature: value
        for each in options
        if isinstance(each, Number) and (value := getattr(args, each.feature)) is not None
    }
    return found | {name: value for name, value in args.further if not isinstance(value, str)}


def given_names(args: argparse.Namespace, options: Sequence[Option]) -> dict[str, str]:
    """The names that were given, by feature; those of --set win."""
    found = {
        each.feature: value
        for each in options
        if isinstance(each, Name) and (value := getattr(args, each.feature)) is not None
    }
    return found | {name: value for name, value in args.further if isinstance(value, str)}


def in_words_of_options(problem: InvalidFeature, options: Sequence[Option]) -> JoulecastError:
    """The same problem, with the option that the feature was given by, or those that would tell what is missing."""
    if _NOT_ENOUGH in problem.problem:
        missing = set(re.findall(r"\w+", problem.problem))
        # A device's name tells its figures.
        named = {"device" if name.startswith("device_") or name == "rated_watts" else name for name in missing}
        flags = [each.flag for each in options if each.feature in named]
        return JoulecastError("that is not enough to answer", f"give {' and '.join(flags)}") if flags else problem
    flag = next((each.flag for each in options if each.feature == problem.feature), "")
    if not flag or flag.removeprefix("--") == problem.feature:
        return problem
    return JoulecastError(f"{flag}: {problem.problem}", problem.remedy)


def positive(text: str) -> float:
    """A single number above zero."""
    value = _range(text)
    if len(value) > 1 or not value[0] > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not one number above 0")
    return value[0]


def _range(text: str) -> Range:
    try:
        return read_range(text)
    except JoulecastError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None


def _name(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty: give a name, or leave it out")
    return text.strip()


def _assignment(text: str) -> tuple[str, Range | str]:
    name, equals, value = text.partition("=")
    if not name.strip() or not equals or not value.strip():
        raise argparse.ArgumentTypeError(f"{text!r} sets nothing: write NAME=VALUE, as resolution=224")
    try:
        return name.strip(), read_range(value)
    except JoulecastError:
        return name.strip(), value.strip()
