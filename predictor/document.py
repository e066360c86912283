"""A JSON document read key by key: what is missing or cannot be is an error that says where."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from joulecast.errors import JoulecastError

_REQUIRED: Any = object()


class Reader:
    """One object of a document; `where` is how an error calls it."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = values
        self.where = where

    def text(self, name: str, default: Any = _REQUIRED) -> str:
        """A string."""
        value = self._value(name, default)
        if not isinstance(value, str):
            raise self.wrong(name, value, "text")
        return value

    def choice(self, name: str, known: Sequence[str]) -> str:
        """One of these strings."""
        value = self.text(name)
        if value not in known:
            raise self.wrong(name, value, f"one of {', '.join(known)}")
        return value

    def number(self, name: str, default: Any = _REQUIRED) -> float:
        """A finite number; only the default may be infinite."""
        value = self._value(name, default)
        if name not in self._values:
            return float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(name, value, "a finite number")
        return float(value)

    def optional(self, name: str) -> float | None:
        """A finite number, or None where there is none."""
        return None if self._values.get(name) is None else self.number(name)

    def flag(self, name: str) -> bool:
        """True or false; false where it is missing."""
        value = self._values.get(name, False)
        if not isinstance(value, bool):
            raise self.wrong(name, value, "true or false")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of strings; empty where it is missing."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.wrong(name, value, "a list of texts")
        return value

    def places(self, name: str, count: int) -> tuple[int, ...]:
        """A list of whole numbers below `count`."""
        value = self._value(name, _REQUIRED)
        if not isinstance(value, list) or not all(type(each) is int and 0 <= each < count for each in value):
            raise self.wrong(name, value, f"places from 0 to {count - 1}")
        return tuple(value)

    def mapping(self, name: str) -> dict[str, Any]:
        """An object as it is; empty where it is missing."""
        value = self._values.get(name, {})
        if not isinstance(value, dict):
            raise self.wrong(name, value, "an object")
        return value

    def inner(self, name: str) -> Reader:
        """An object to read on in."""
        value = self._value(name, _REQUIRED)
        if not isinstance(value, dict):
            raise self.wrong(name, value, "an object")
        return Reader(value, f"{self.where}: {name}")

    def objects(self, name: str, at_least: int = 0) -> list[Reader]:
        """A list of objects."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value) or len(value) < at_least:
            raise self.wrong(name, value, "a list of objects")
        return [Reader(each, f"{self.where}: {name}[{place}]") for place, each in enumerate(value)]

    def wrong(self, name: str, value: object, expected: str) -> JoulecastError:
        """The error for a key whose value cannot be."""
        return JoulecastError(f"{self.where}: {name!r} is {str(value)[:80]!r}", f"{expected} belongs there")

    def _value(self, name: str, default: Any) -> Any:
        value = self._values.get(name, default)
        if value is _REQUIRED:
            raise JoulecastError(f"{self.where}: no key {name!r}", "copy the artifact again, or train anew")
        return value
