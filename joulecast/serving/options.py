"""What an option is, and how its value is read from a flag, the environment or a file."""

import math
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar, Protocol

from joulecast.errors import JoulecastError

PREFIX = "JOULECAST_"


@dataclass(frozen=True, slots=True)
class Kind:
    """One type of value: how text becomes it (ValueError if it does not), and what a TOML file may write."""

    expected: str  # ends the sentence "give ..."
    parse: Callable[[str], Any]
    toml: tuple[type, ...] = (str,)
    repeatable: bool = False


@dataclass(frozen=True, slots=True)
class Option:
    """The one declaration of an option. `default` may depend on the machine; then `default_text` tells people."""

    kind: Kind
    default: Any
    meaning: str
    metavar: str
    default_text: str
    in_file: bool


def option(
    kind: Kind, meaning: str, *, metavar: str = "", default: Any = None, default_text: str = "", in_file: bool = True
) -> Any:
    """Declare a field of a configuration dataclass; its name is the flag, the key and the variable."""
    return field(default=default, metadata={"option": Option(kind, default, meaning, metavar, default_text, in_file)})


class _Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


def declared(configuration: type[_Dataclass]) -> dict[str, Option]:
    """Every option of a configuration dataclass, by name."""
    return {each.name: each.metadata["option"] for each in fields(configuration) if "option" in each.metadata}


def flag_of(name: str) -> str:
    """How the option is written on the command line."""
    return "--" + name.replace("_", "-")


def variable_of(name: str, prefix: str = PREFIX) -> str:
    """How the option is written in the environment."""
    return prefix + name.upper()


def add_flags(parser: ArgumentParser, options: Mapping[str, Option], prefix: str = PREFIX) -> None:
    """One flag per option, kept as text: all sources are read, and refused, by the same code."""
    for name, each in options.items():
        default = each.default_text or ("" if each.default is None else str(each.default))
        text = f"{each.meaning} [{f'default: {default}; ' if default else ''}{variable_of(name, prefix)}]".replace(
            "%", "%%"
        )
        if bool in each.kind.toml:
            parser.add_argument(flag_of(name), action="store_const", const="true", default=None, help=text)
        elif each.kind.repeatable:
            parser.add_argument(flag_of(name), action="append", default=None, metavar=each.metavar, help=text)
        else:
            parser.add_argument(flag_of(name), default=None, metavar=each.metavar, help=text)


def parsed(each: Option, source: str, raw: Any, *, typed: bool) -> Any:
    """The value of an option as `source` gives it: as text or, if `typed`, in TOML's own types.

    Raises JoulecastError naming the source, the value and what is expected.
    """
    accepted = each.kind.toml if typed else (str,)
    # To TOML true is no number, though to Python it is an int.
    fits = isinstance(raw, accepted) and (not isinstance(raw, bool) or bool in accepted)
    listed = each.kind.repeatable and isinstance(raw, list) and all(isinstance(part, str) for part in raw)
    if fits or listed:
        try:
            return each.kind.parse(",".join(raw) if listed else str(raw))
        except ValueError:
            pass
    raise JoulecastError(f"{source} is {raw!r}", f"give {each.kind.expected}")


def number(low: float, high: float, what: str = "a number") -> Kind:
    """A finite number within bounds."""

    def parse(text: str) -> float:
        value = float(text)
        if not math.isfinite(value) or not low <= value <= high:
            raise ValueError(text)
        return value

    return Kind(f"{what} from {low:g} to {high:g}", parse, (int, float))


def whole_number(low: int, high: int) -> Kind:
    """An integer within bounds."""

    def parse(text: str) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return Kind(f"a whole number from {low} to {high}", parse, (int,))


def one_of(*choices: str) -> Kind:
    """One of a few words."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError(text)
        return text.lower()

    return Kind(f"one of {', '.join(choices)}", parse)


def several(parse: Callable[[str], Any], expected: str) -> Kind:
    """A tuple: a flag given several times, a list in the file, or commas anywhere."""

    def parse_all(text: str) -> tuple[Any, ...]:
        parts: Sequence[str] = [part for part in (part.strip() for part in text.split(",")) if part]
        if not parts:
            raise ValueError(text)
        return tuple(parse(part) for part in parts)

    return Kind(expected, parse_all, repeatable=True)


def _parse_switch(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise ValueError(text)
    return words[text.lower()]


def _parse_path(text: str) -> Path:
    if not text or "\0" in text:
        raise ValueError(text)
    return Path(text).expanduser()


def _parse_text(text: str) -> str:
    if not text or not text.isprintable():
        raise ValueError(text)
    return text


SWITCH = Kind("true or false", _parse_switch, (bool,))
PATH = Kind("a path", _parse_path)
TEXT = Kind("printable text", _parse_text)
