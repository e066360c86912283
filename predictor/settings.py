"""A model's config.json, read key by key: what is missing or cannot be is an error that names the key."""

from collections.abc import Mapping
from typing import Any

from joulecast.errors import JoulecastError


class Settings:
    """The keys of one configuration. `where` is what an error calls it."""

    def __init__(self, values: Mapping[str, Any], where: str) -> None:
        self._values = values
        self.where = where

    def count(self, *names: str, default: int | None = None) -> int:
        """A whole number above zero under the first of these names that is there and not null."""
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int) or value <= 0:
                raise self.wrong(name, value, "a whole number above 0")
            return value
        if default is None:
            raise JoulecastError(f"{self.where}: no key {names[0]!r}", "give the model's whole config.json")
        return default

    def optional(self, *names: str) -> int | None:
        """As `count`, or None where the key is absent, null, or zero."""
        present = [name for name in names if self._values.get(name)]
        return self.count(present[0]) if present else None

    def flag(self, name: str, *, default: bool) -> bool:
        """A true or false."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.wrong(name, value, "true or false")
        return value

    def text(self, *names: str) -> str | None:
        """A word, or None."""
        for name in names:
            value = self._values.get(name)
            if value is not None:
                if not isinstance(value, str):
                    raise self.wrong(name, value, "text")
                return value
        return None

    def items(self, name: str) -> list[Any] | None:
        """A list, or None."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, list):
            raise self.wrong(name, value, "a list")
        return value

    def inner(self, name: str) -> "Settings | None":
        """A configuration inside this one, or None."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise self.wrong(name, value, "an object")
        return Settings(value, f"{self.where}, {name}")

    def wrong(self, name: str, value: object, expected: str) -> JoulecastError:
        """The error for a key whose value cannot be."""
        return JoulecastError(f"{self.where}: {name!r} is {value!r}", f"{expected} belongs there")

    def raw(self, name: str) -> Any:
        """Whatever stands there, or None."""
        return self._values.get(name)
