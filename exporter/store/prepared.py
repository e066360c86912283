"""A statement compiled once, to be run on the driver itself: what a begin waits for costs half of the usual way."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Dialect, Executable

Row = Mapping[str, Any]


class Prepared:
    """SQL text in the dialect's own style, and the order of its parameters."""

    def __init__(self, statement: Executable, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)  # type: ignore[attr-defined]
        self.sql: str = compiled.string
        self._order: list[str] | None = compiled.positiontup

    def parameters(self, row: Row) -> Any:
        """The values of one row as the driver takes them."""
        return row if self._order is None else [row[name] for name in self._order]
