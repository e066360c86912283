"""What a column of the records is: its type, unit, meaning and bounds. Parsing, validation and the docs follow it."""

from collections.abc import Mapping
from dataclasses import field
from typing import Any, Literal, NamedTuple

Type = Literal["text", "number", "whole"]

KEY = "column"  # of a field's metadata


class Column(NamedTuple):
    """One column of the records. Numbers are finite and lie in `least..most`; `least` itself only if `closed`."""

    name: str
    type: Type
    unit: str
    meaning: str
    required: bool = False
    least: float = 0.0
    closed: bool = False
    most: float | None = None
    values: tuple[str, ...] = ()  # a text is one of these
    hint: str = ""  # what to write instead of a number that cannot be
    promoted: bool = False  # may also come as a key of `notes`; a column of its own wins

    def refusal(self, value: float) -> str | None:
        """Why this number cannot stand in this column, or None."""
        if value < self.least or (value == self.least and not self.closed):
            return self.hint or (
                f"a number from {self.least:g} on belongs there" if self.closed else "a positive number belongs there"
            )
        if self.most is not None and value > self.most:
            return self.hint or f"at most {self.most:g} belongs there"
        if self.type == "whole" and value != int(value):
            return "a whole number belongs there"
        return None


def text(meaning: str, *, required: bool = False, values: tuple[str, ...] = (), promoted: bool = False) -> Any:
    """A field of names; "" is unknown."""
    column = Column("", "text", "", meaning, required, values=values, promoted=promoted)
    return field(metadata={KEY: column}) if required else field(default="", metadata={KEY: column})


def number(
    unit: str,
    meaning: str,
    *,
    least: float = 0.0,
    closed: bool = False,
    most: float | None = None,
    hint: str = "",
    promoted: bool = False,
    whole: bool = False,
) -> Any:
    """A field of numbers; None is unknown."""
    kind: Type = "whole" if whole else "number"
    column = Column("", kind, unit, meaning, least=least, closed=closed, most=most, hint=hint, promoted=promoted)
    return field(default=None, metadata={KEY: column})


def ratio(meaning: str, *, promoted: bool = False) -> Any:
    """A field of shares."""
    return number("0..1", meaning, closed=True, most=1.0, hint="a ratio in 0..1: 85 % is 0.85", promoted=promoted)


def count(meaning: str) -> Any:
    """A promoted field of whole numbers above zero."""
    return number("", meaning, least=1, closed=True, whole=True, promoted=True)


def column_of(name: str, metadata: Mapping[Any, Any]) -> Column | None:
    """The column that a field of this name and metadata is, or None."""
    column: Column | None = metadata.get(KEY)
    return None if column is None else column._replace(name=name)
