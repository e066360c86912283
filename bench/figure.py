"""What a benchmark finds: figures of one run, each held to a limit or only shown, as a table or as JSON."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass

WIDTH = 100
_ROW = "{bench:<18}{what:<52}{value:>11}{limit:>13}  {verdict:<4}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. `limit` is the most it may be, or the least if `at_least`; None if it is only shown."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False

    @property
    def holds(self) -> bool:
        """Whether the number keeps to its limit."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit


def table(found: Iterable[tuple[str, Figure]]) -> str:
    """Figures with the names of their benchmarks, a line each, at most 100 columns wide."""
    lines = [_ROW.format(bench="benchmark", what="figure", value="found", limit="limit", verdict="").rstrip()]
    named = ""
    for bench, figure in found:
        line = _ROW.format(
            bench="" if bench == named else bench,
            what=figure.what,
            value=_text(figure.value, figure.unit),
            limit=_limit(figure),
            verdict="" if figure.limit is None else "ok" if figure.holds else "MISS",
        ).rstrip()
        if len(line) > WIDTH:
            raise ValueError(f"{len(line)} columns: {line}")
        lines.append(line)
        named = bench
    return "\n".join(lines)


def run(measure: Callable[[], Sequence[Figure]], *, preface: Callable[[], str] | None = None) -> int:
    """The command of one benchmark: print what it measured; 1 if a limit is missed.

    `preface` is called after measuring and is printed before the table, for what a table of figures cannot hold.
    """
    parser = ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    as_json = parser.parse_args().json
    figures = measure()
    if as_json:
        print(json.dumps([asdict(figure) for figure in figures]))
    else:
        if preface is not None:
            print(preface(), end="\n\n")
        spec = sys.modules["__main__"].__spec__
        print(table(("" if spec is None else spec.name.removeprefix("bench."), figure) for figure in figures))
    return 0 if all(figure.holds for figure in figures) else 1


def _text(value: float, unit: str) -> str:
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f} {unit}"


def _limit(figure: Figure) -> str:
    if figure.limit is None:
        return ""
    return f"{'>=' if figure.at_least else '<='} {figure.limit:g} {figure.unit}"
