"""Breaks every rule in one place after the other, and says whether its unit tests notice.

    python tests/rules/mutate.py [RULE ...]

Ends with 1 if anything goes unnoticed.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import yaml

sys.path[:0] = [str(Path(__file__).parents[1])]  # as pytest has it

from doubles.prometheus_rules import ALERTS, FILES, RECORDED, copied, promtool, tests_of
from rules.mutations import Mutant, mutants


class Outcome(NamedTuple):
    """One change of one rule."""

    rule: str
    change: str
    caught: bool


def tried(name: str) -> Iterator[Outcome]:
    """Break one rule in every way, each in a copy of its own."""
    with ThreadPoolExecutor(2) as pool:
        rule = ALERTS.get(name) or RECORDED[name]
        yield from pool.map(lambda mutant: _outcome(name, mutant), mutants(rule))


def _outcome(name: str, mutant: Mutant) -> Outcome:
    with tempfile.TemporaryDirectory() as scratch:
        directory = copied(Path(scratch))
        kind = "alerts" if name in ALERTS else "recording"
        text = yaml.safe_load(FILES[kind].read_text())
        _replace(text, name, mutant.rule)
        (directory / "rules" / FILES[kind].name).write_text(yaml.safe_dump(text))
        complaint = promtool("test", "rules", *_tests(name, directory))
    return Outcome(name, mutant.change, bool(complaint))


def _tests(name: str, directory: Path) -> Sequence[Path]:
    """An alert has a file of its own name; what is recorded has one of the name of its group."""
    alerts = tests_of("alerts", directory)
    return [alerts[name]] if name in alerts else [*tests_of("recording", directory).values()]


def _replace(text: dict[str, Any], name: str, rule: Any) -> None:
    for group in text["groups"]:
        group["rules"] = [rule if name in (each.get("alert"), each.get("record")) else each for each in group["rules"]]


def main(names: Sequence[str]) -> int:
    """Print a table, what went unnoticed marked in it."""
    survived = 0
    for name in names or [*ALERTS, *RECORDED]:
        for outcome in tried(name):
            survived += not outcome.caught
            verdict = "caught" if outcome.caught else "SURVIVED"
            sys.stdout.write(f"{outcome.rule:<30} {verdict:<9} {outcome.change}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{survived} survived\n")
    return min(1, survived)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
