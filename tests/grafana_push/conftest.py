"""What these tests share: a Grafana's double, and the command in this process against it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from doubles.grafana_server import TOKEN, GrafanaServer

from joulecast.cli.main import main


class Ended(NamedTuple):
    """Exit status and what was printed."""

    code: int
    out: str
    err: str

    @property
    def outcomes(self) -> dict[str, str]:
        """What became of each thing, by its name, as `push` printed it."""
        lines = [line.split("  ") for line in self.out.splitlines()]
        return {parts[1].strip(): parts[-1].strip() for parts in ([*filter(str.strip, line)] for line in lines)}


@pytest.fixture
def grafana() -> Iterator[GrafanaServer]:
    """A Grafana with nothing in it."""
    with GrafanaServer() as grafana:
        yield grafana


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """Holds the token that the double takes."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.fixture
def joulecast(token_file: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run `joulecast grafana ACTION --url URL ...` to its end."""

    def run(action: str, url: str, *arguments: str) -> Ended:
        capsys.readouterr()
        code = main(["grafana", action, "--url", url, "--token-file", str(token_file), *arguments])
        return Ended(code, *capsys.readouterr())

    return run


@pytest.fixture
def push(grafana: GrafanaServer, joulecast: Callable[..., Ended]) -> Callable[..., Ended]:
    """Push into the double."""
    return lambda *arguments: joulecast("push", grafana.url, *arguments)
