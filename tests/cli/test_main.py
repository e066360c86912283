"""The command itself: what it offers, and what it loads for it."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from importlib import import_module

import pytest
from doubles.awaiting import until
from doubles.energy_service import EnergyServer

from joulecast.cli.main import COMMANDS, main
from joulecast.version import __version__

Joulecast = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_without_a_command_there_is_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Every command is listed with what it does, and an example shows the way."""
    assert main(words) == 0

    out = capsys.readouterr().out
    assert all(f"{name} " in out and entry.summary in out for name, entry in COMMANDS.items())
    assert "examples:" in out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    """The release, and nothing else."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"joulecast {__version__}\n"


@pytest.mark.parametrize(
    ("word", "hint"), [("rum", "did you mean run?"), ("zebra", "there are run, "), ("--json", "options come after")]
)
def test_an_unknown_command_is_wrong_usage(word: str, hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The nearest command is suggested."""
    assert main([word]) == 2
    assert hint in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each command's module is where the table says, and explains itself."""
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    assert ended.value.code == 0
    assert f"usage: joulecast {name}" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["run", "intervals", "idle"])
def test_help_of_the_workload_side_has_examples(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A newcomer can copy a line from the help."""
    with pytest.raises(SystemExit):
        main([name, "--help"])

    assert f"\n  joulecast {name}" in capsys.readouterr().out


def run_python(code: str) -> subprocess.CompletedProcess[str]:
    """Run a program of its own, to its end."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=60, check=False
    )


def test_only_the_asked_command_is_loaded() -> None:
    """`joulecast run` pays for no server library and for no other command."""
    ended = run_python(
        """
        import sys
        from joulecast.cli.main import main
        foreign = {"grpc", "exporter", "prometheus_client", "pyarrow"}
        try:
            main(["run", "--help"])
        finally:
            loaded = {name for name in sys.modules if name.split(".")[0] in foreign}
            loaded |= {"joulecast.cli.intervals", "joulecast.cli.idle"} & sys.modules.keys()
            print(sorted(loaded), file=sys.stderr)
        """
    )

    assert ended.stderr.strip() == "[]"


def test_a_missing_extra_is_named() -> None:
    """Without the exporter's libraries its commands say what to install, in one line."""
    ended = run_python(
        """
        import sys
        sys.modules["prometheus_client"] = None
        from joulecast.cli.main import main
        sys.exit(main(["exporter"]))
        """
    )

    assert ended.returncode == 1
    assert ended.stderr == "joulecast: joulecast exporter needs the exporter extra: pip install 'joulecast[exporter]'\n"


def test_a_problem_is_one_line(joulecast: Joulecast) -> None:
    """What a person can act on comes without a traceback."""
    ended = joulecast("intervals", "list", "--address", "unix:///nonexistent/s")

    assert ended.returncode == 1
    assert ended.stderr.startswith("joulecast: no exporter answers at unix:///nonexistent/s: start one")
    assert ended.stderr.count("\n") == 1


def test_wrong_usage_is_status_2(joulecast: Joulecast) -> None:
    """A wrong argument is refused with the one that would be right."""
    ended = joulecast("intervals", "list", "--address", "nonsense")

    assert ended.returncode == 2
    assert "write it as unix:///path/to/socket or HOST:PORT" in ended.stderr


def test_a_reader_that_left_is_no_error(server: EnergyServer, command: str, environ: dict[str, str]) -> None:
    """`joulecast intervals list | head -n 1` ends quietly."""
    server.service.delay = 0.2
    listing = subprocess.Popen(
        [command, "intervals", "list", "--json"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    listing.stdout.close()

    assert listing.wait(30) == 141
    assert listing.stderr.read() == b""


def test_an_interruption_is_status_130(server: EnergyServer, command: str, environ: dict[str, str]) -> None:
    """Ctrl-C ends a command without a traceback."""
    server.service.delay = 3.0
    listing = subprocess.Popen(
        [command, "intervals", "list"], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    until(lambda: server.service.asked("ListIntervals"))
    listing.send_signal(signal.SIGINT)

    assert listing.wait(30) == 130
    assert listing.stderr.read() == b""


def test_modules_offer_what_the_table_promises() -> None:
    """Every module of the table declares arguments and runs."""
    for entry in COMMANDS.values():
        module = import_module(entry.module)
        assert callable(module.add_arguments)
        assert callable(module.run)
