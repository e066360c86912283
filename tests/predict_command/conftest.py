"""What the tests of `joulecast predict` share: artifacts worked out by hand, and the command."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from doubles.planning_artifacts import write_all

from joulecast.cli.main import main


@dataclass(frozen=True)
class Said:
    """What a command printed, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with an artifact for each question."""
    directory = tmp_path_factory.mktemp("artifacts")
    write_all(directory)
    return directory


@pytest.fixture
def predict(artifacts: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Run `joulecast predict`; `artifact` names one of the directory, "" leaves it to the command."""

    def run(question: str, *words: str, artifact: str = "") -> Said:
        chosen = ("--artifact", str(artifacts / f"{artifact}.json")) if artifact else ()
        try:
            status = main(["predict", question, *words, *chosen])
        except SystemExit as ended:  # argparse's way of refusing
            status = int(ended.code or 0)
        said = capsys.readouterr()
        return Said(status, said.out, said.err)

    return run
