"""The rules that are shipped for Prometheus, and promtool's word on them or on a changed copy."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
FILES = {each.stem: each for each in sorted((PROMETHEUS / "rules").glob("*.yml"))}
TESTS = sorted((PROMETHEUS / "tests").glob("*/*.yml"))

Rule = Mapping[str, Any]


def groups_of(name: str) -> list[Mapping[str, Any]]:
    """The groups of one file of rules."""
    groups: list[Mapping[str, Any]] = yaml.safe_load(FILES[name].read_text())["groups"]
    return groups


def _by_name(groups: list[Mapping[str, Any]]) -> Mapping[str, Rule]:
    listed = [rule for group in groups for rule in group["rules"]]
    rules = {rule.get("alert") or rule["record"]: rule for rule in listed}
    assert len(rules) == len(listed), "a name twice"
    return rules


ALERTS = _by_name(groups_of("alerts"))
RECORDED = _by_name(groups_of("recording"))


def unit_tests(name: str, directory: Path = PROMETHEUS) -> Path:
    """The unit tests of a rule: an alert has a file of its name, recorded series share that of their group."""
    if name in ALERTS:
        return directory / "tests" / "alerts" / f"{name}.yml"
    (group,) = (
        group["name"] for group in groups_of("recording") if name in {rule["record"] for rule in group["rules"]}
    )
    return directory / "tests" / "recording" / f"{group.removeprefix('joulecast-')}.yml"


def copied(directory: Path) -> Path:
    """A copy of rules and unit tests that can be broken."""
    for part in ("rules", "tests"):
        shutil.copytree(PROMETHEUS / part, directory / part)
    return directory


def promtool_output(*arguments: str | Path) -> str:
    """Everything promtool says."""
    done = subprocess.run(
        ["promtool", *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    return done.stdout


def promtool_complaint(*arguments: str | Path) -> str:
    """What promtool complains about; empty when it is content."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}" or f"promtool ended with {done.returncode}"
