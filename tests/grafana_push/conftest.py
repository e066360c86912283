"""What these tests share: a Grafana's double, a real exporter, and the command in this process between them."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest
from doubles.exporter_process import ExporterProcess
from doubles.grafana_server import TOKEN, GrafanaServer
from doubles.quick_machine import quick_machine

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


@pytest.fixture(scope="session")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """The real exporter; every test has a job of its own on it."""
    directory = tmp_path_factory.mktemp("exporter")
    capture = quick_machine(directory / "quick.jsonl")
    with ExporterProcess(directory, "--replay", str(capture), "--period", "0.1") as exporter:
        exporter.until(lambda: exporter.metrics().value("joulecast_node_power_watts", provenance="measured"))
        yield exporter


@pytest.fixture
def job() -> str:
    """A job that no other test has."""
    return f"job-{uuid4().hex}"


@pytest.fixture
def annotate(
    grafana: GrafanaServer, joulecast: Callable[..., Ended], exporter: ExporterProcess, job: str
) -> Callable[..., Any]:
    """Annotate this test's job in the double."""
    return lambda *more: joulecast("annotate", grafana.url, "--address", exporter.grpc, "--job", job, *more)
