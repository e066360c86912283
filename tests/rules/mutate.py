"""Breaks every alert in one place after the other, and says whether its unit tests notice.

    python tests/rules/mutate.py [--recorded | RULE ...]

With --recorded every recorded series instead, which takes minutes. Ends with 1 if anything goes unnoticed.
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

sys.path[:0] = [str(Path(__file__).parents[1])]  # as pytest has it

from doubles.prometheus_rules import (  # noqa: E402 - found by the path above
    ALERTS,
    FILES,
    RECORDED,
    Rule,
    copied,
    groups_of,
    promtool_output,
    unit_tests,
)
from rules.mutations import mutants  # noqa: E402


class Outcome(NamedTuple):
    """One change of one rule."""

    rule: str
    change: str
    caught: bool


def tried(name: str) -> Sequence[Outcome]:
    """Break one rule in every way, each in a copy of its own, and let promtool judge all copies at once."""
    kind = "alerts" if name in ALERTS else "recording"
    rule = ALERTS.get(name) or RECORDED[name]
    with tempfile.TemporaryDirectory() as scratch:
        broken = {copied(Path(scratch) / str(number)): each for number, each in enumerate(mutants(rule))}
        for directory, mutant in broken.items():
            (directory / "rules" / FILES[kind].name).write_text(_with(mutant.rule, name, kind))
            if kind == "alerts":
                (directory / "rules" / FILES["recording"].name).write_text(_recorded_for(rule))
        judged = {directory: unit_tests(name, directory) for directory in broken}
        said = promtool_output("test", "rules", *judged.values())
    passed = set(re.findall(r"^Unit Testing:  (.+)\n  SUCCESS$", said, re.MULTILINE))
    assert said.count("Unit Testing:") == len(judged), said
    return [Outcome(name, mutant.change, str(judged[directory]) not in passed) for directory, mutant in broken.items()]


def _with(rule: Rule, name: str, kind: str) -> str:
    """The text of a file of rules with one of them replaced; alerts stand alone, which is quicker."""
    if kind == "alerts":
        return yaml.safe_dump({"groups": [{"name": name, "rules": [rule]}]})
    replaced = [
        {**group, "rules": [rule if each["record"] == name else each for each in group["rules"]]}
        for group in groups_of(kind)
    ]
    return yaml.safe_dump({"groups": replaced})


def _recorded_for(rule: Rule) -> str:
    """The text of a file with the recorded series that a rule asks for, and those that they ask for in turn."""
    needed, asking = set[str](), [rule["expr"]]
    while asking:
        text = asking.pop()
        found = {name for name in RECORDED if name in text} - needed
        needed |= found
        asking += [RECORDED[name]["expr"] for name in found]
    groups = [
        {**group, "rules": [each for each in group["rules"] if each["record"] in needed]}
        for group in groups_of("recording")
    ]
    return yaml.safe_dump({"groups": groups})


def main(names: Sequence[str]) -> int:
    """Print a table: rule, what was changed, and whether that was caught."""
    chosen = RECORDED if names == ["--recorded"] else names or ALERTS
    outcomes = [outcome for name in chosen for outcome in tried(name)]
    width = max(len(outcome.rule) for outcome in outcomes)
    for outcome in outcomes:
        verdict = "caught" if outcome.caught else "SURVIVED"
        sys.stdout.write(f"{outcome.rule:<{width}}  {verdict:<8}  {outcome.change}\n")
    survived = sum(not outcome.caught for outcome in outcomes)
    sys.stdout.write(f"{len(outcomes)} changes, {survived} survived\n")
    return min(1, survived)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
