"""What is wrong with a file of records: gathered, so that a person mends it once and not value by value."""

from collections.abc import Callable
from typing import NamedTuple, Never

from joulecast.errors import JoulecastError

Say = Callable[[str], None]
"""Where a reader says what a person should know though nothing is wrong, a line at a time."""

MOST = 20
"""After so many problems nobody reads on."""


class Problem(NamedTuple):
    """One thing that is wrong, where it stands, and what to write instead."""

    place: str  # "records.csv, line 7"
    column: str
    what: str
    remedy: str

    def __str__(self) -> str:
        column = f", column {self.column}" if self.column else ""
        return f"{self.place}{column}: {self.what}"


class RecordsRefused(JoulecastError):
    """Records that cannot be read; `problems` holds each thing that is wrong."""

    def __init__(self, problems: tuple[Problem, ...], *, there_may_be_more: bool) -> None:
        first = problems[0]
        if len(problems) == 1:
            super().__init__(str(first), first.remedy)
        else:
            lines = "".join(f"\n  {problem}: {problem.remedy}" for problem in problems)
            number = f"{len(problems)} or more" if there_may_be_more else str(len(problems))
            super().__init__(f"{number} values cannot be read{lines}")
        self.problems = problems


class Problems:
    """Gathers problems; raises when there are too many, or when asked at the end."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def add(self, place: str, column: str, what: str, remedy: str) -> None:
        """Note one. Raises RecordsRefused if that is enough."""
        self._found.append(Problem(place, column, what, remedy))
        if len(self._found) >= MOST:
            self._refuse(there_may_be_more=True)

    def raise_if_any(self) -> None:
        """Raises RecordsRefused if anything was wrong."""
        if self._found:
            self._refuse(there_may_be_more=False)

    def _refuse(self, *, there_may_be_more: bool) -> Never:
        raise RecordsRefused(tuple(self._found), there_may_be_more=there_may_be_more)
