"""The rules that are shipped for Prometheus, and promtool's word on them or on a changed copy."""

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

PROMETHEUS = Path(__file__).parents[2] / "deploy" / "prometheus"
FILES = {each.stem: each for each in sorted((PROMETHEUS / "rules").glob("*.yml"))}


def rules_of(name: str) -> dict[str, dict[str, Any]]:
    """The rules of one file by what they record, or by the alert's name; fails when two have the same."""
    listed = [rule for group in yaml.safe_load(FILES[name].read_text())["groups"] for rule in group["rules"]]
    rules = {rule.get("alert") or rule["record"]: rule for rule in listed}
    assert len(rules) == len(listed), "a name twice"
    return rules


ALERTS: Mapping[str, Mapping[str, Any]] = rules_of("alerts")
RECORDED: Mapping[str, Mapping[str, Any]] = rules_of("recording")


def tests_of(kind: str, directory: Path = PROMETHEUS) -> dict[str, Path]:
    """The files of promtool's unit tests of one kind, `alerts` or `recording`, by their names."""
    return {each.stem: each for each in sorted((directory / "tests" / kind).glob("*.yml"))}


def copied(directory: Path) -> Path:
    """A copy of rules and unit tests that can be broken."""
    for part in ("rules", "tests"):
        shutil.copytree(PROMETHEUS / part, directory / part)
    return directory


def promtool(*arguments: str | Path) -> str:
    """What promtool complains about; empty when it is content."""
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else f"{done.stdout}{done.stderr}" or f"promtool ended with {done.returncode}"
