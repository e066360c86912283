"""`joulecast run`: the command is as it would be without us, and its energy is known."""

import io
import json
import os
import pty
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doubles.awaiting import until
from doubles.energy_service import WATTS, EnergyServer

from joulecast.cli.progress import ProgressLine

Joulecast = Callable[..., subprocess.CompletedProcess[str]]

NOWHERE = "unix:///nonexistent/joulecast.sock"


def test_the_energy_of_a_command(joulecast: Joulecast, server: EnergyServer) -> None:
    """The table goes to standard error, and names the interval for later."""
    ended = joulecast("run", "--job", "nightly", "--phase", "training", "--label", "a=b=c", "--", "echo", "hello")

    assert ended.stdout == "hello\n"
    assert "joulecast: echo took" in ended.stderr
    assert "(interval iv-000000)" in ended.stderr
    assert "measured" in ended.stderr
    (begin,) = server.service.asked("BeginInterval")
    assert (begin.name, begin.job, begin.phase, dict(begin.labels)) == ("echo", "nightly", "training", {"a": "b=c"})
    assert not begin.HasField("gpus")


def test_json_is_the_last_line(joulecast: Joulecast) -> None:
    """Whatever the command wrote before, with or without a line break, the last line is one JSON object."""
    ended = joulecast("run", "--json", "--name", "mine", "--label", "k=v", "--", "printf", "no line break")

    document = json.loads(ended.stdout.splitlines()[-1])
    assert ended.stdout.startswith("no line break\n")
    assert document["gross_joules"] == pytest.approx(WATTS * document["duration_seconds"])
    assert document["net_joules"] == pytest.approx(0.6 * document["gross_joules"])
    assert document["components"]["cpu"]["gross_joules"] == pytest.approx(0.6 * document["gross_joules"])
    assert document["devices"][0]["device"] == "0"
    assert (document["name"], document["labels"], document["exit_code"]) == ("mine", {"k": "v"}, 0)
    assert (document["provenance"], document["coverage"], document["notes"]) == ("measured", 1.0, [])
    assert document["interval_id"] == "iv-000000"
    assert {"idle_joules", "uncertainty_joules", "calibration_uncertainty_joules", "usage", "job", "phase"} <= {
        *document
    }


@pytest.mark.parametrize(
    ("script", "status"), [("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137), ("kill -TERM $$", 143)]
)
def test_the_exit_status_is_the_commands(joulecast: Joulecast, script: str, status: int) -> None:
    """A command's status is kept, and a signal's is 128 and its number, as in a shell."""
    ended = joulecast("run", "--json", "--", "sh", "-c", script)

    assert ended.returncode == status
    assert json.loads(ended.stdout)["exit_code"] == status


def test_a_command_that_cannot_start(joulecast: Joulecast, server: EnergyServer, tmp_path: Path) -> None:
    """127 for none of that name, 126 for what cannot be executed; nothing is recorded for either."""
    plain = tmp_path / "plain.txt"
    plain.write_text("words")
    missing = joulecast("run", "--", "no-such-command-anywhere")
    denied = joulecast("run", "--", str(plain))

    assert (missing.returncode, denied.returncode) == (127, 126)
    assert missing.stderr == "joulecast: no-such-command-anywhere: no such command: check its spelling and PATH\n"
    assert "chmod +x" in denied.stderr
    assert not server.service.calls


def test_a_script_without_an_interpreter(joulecast: Joulecast, tmp_path: Path) -> None:
    """A file the kernel cannot execute is 126, in one line."""
    script = tmp_path / "script"
    script.write_text("echo hello\n")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    ended = joulecast("run", "--", str(script))

    assert ended.returncode == 126
    assert "#!" in ended.stderr


def test_the_commands_own_options_are_its_own(joulecast: Joulecast) -> None:
    """Everything from the command on belongs to it, with or without the two dashes."""
    dashed = joulecast("run", "--", "echo", "--json", "--", "-x")
    plain = joulecast("run", "--name", "n", "echo", "--json", "--", "-x")

    assert dashed.stdout == plain.stdout == "--json -- -x\n"


def test_no_command_is_wrong_usage(joulecast: Joulecast) -> None:
    """The usage is shown."""
    ended = joulecast("run", "--job", "x", "--")

    assert ended.returncode == 2
    assert "joulecast run [OPTIONS] -- COMMAND" in ended.stderr


def test_without_an_exporter_the_command_runs_all_the_same(joulecast: Joulecast) -> None:
    """One warning, its exit status, and null for what is not known; the duration is known."""
    ended = joulecast("run", "--json", "--", "sh", "-c", "exit 5", JOULECAST_ADDRESS=NOWHERE)

    document = json.loads(ended.stdout)
    assert ended.returncode == document["exit_code"] == 5
    assert document["duration_seconds"] > 0
    assert {document[key] for key in ("interval_id", "gross_joules", "net_joules", "coverage", "provenance")} == {None}
    assert (document["components"], document["devices"]) == ({}, [])
    assert ended.stderr.count("\n") == 1
    assert "no exporter answers" in ended.stderr


def test_strict_does_not_run_unmeasured(joulecast: Joulecast, tmp_path: Path) -> None:
    """With --strict and no exporter the command is not started."""
    ended = joulecast("run", "--strict", "--", "touch", str(tmp_path / "ran"), JOULECAST_ADDRESS=NOWHERE)

    assert ended.returncode == 1
    assert "no exporter answers" in ended.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(("gpus", "expected"), [("0,1", ["0", "1"]), ("none", []), ("all", None)])
def test_gpus(joulecast: Joulecast, server: EnergyServer, gpus: str, expected: list[str] | None) -> None:
    """The command pays for the GPUs that are named."""
    joulecast("run", "--gpus", gpus, "--", "true", CUDA_VISIBLE_DEVICES="3")

    (begin,) = server.service.asked("BeginInterval")
    assert (list(begin.gpus.gpus) if begin.HasField("gpus") else None) == expected


def test_the_commands_container_is_asked_for(joulecast: Joulecast, server: EnergyServer) -> None:
    """Only with `--scope container`; another word is wrong usage."""
    joulecast("run", "--", "true")
    joulecast("run", "--scope", "container", "--", "true")
    wrong = joulecast("run", "--scope", "pod", "--", "true")

    assert [begun.HasField("caller") for begun in server.service.asked("BeginInterval")] == [False, True]
    assert wrong.returncode == 2
    assert "container" in wrong.stderr


def test_the_child_knows_the_exporter_it_is_measured_by(joulecast: Joulecast, server: EnergyServer) -> None:
    """With --address, intervals the command itself opens go to the same exporter."""
    ended = joulecast(
        "run", "--address", server.address, "--", "sh", "-c", "echo $JOULECAST_ADDRESS", JOULECAST_ADDRESS=NOWHERE
    )

    assert ended.stdout.strip() == server.address


def test_the_child_has_the_signals_of_an_ordinary_process(joulecast: Joulecast) -> None:
    """Nothing we block or ignore for ourselves is inherited by the command."""
    shown = joulecast("run", "--", "grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status").stdout

    # 32 and 33 are glibc's own, which its posix_spawn leaves ignored until the program's threads start.
    blocked, ignored = (int(line.split()[1], 16) & 0x7FFFFFFF for line in shown.splitlines())
    assert (blocked, ignored) == (0, 0)


SIGNALLED = textwrap.dedent("""
    import signal, sys
    seen = []
    def note(number, frame):
        seen.append(signal.Signals(number).name)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, note)
    print("ready", flush=True)
    while "SIGUSR2" not in seen:
        signal.pause()
    print(*seen, flush=True)
    sys.exit(3)
    """)


def test_signals_reach_the_command(command: str, environ: dict[str, str]) -> None:
    """What is sent to us is passed on, once, and we stay until the command is done."""
    running = subprocess.Popen(
        [command, "run", "--json", "--", sys.executable, "-c", SIGNALLED],
        env=environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout.readline() == "ready\n"
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):
        running.send_signal(number)
    running.send_signal(signal.SIGUSR2)
    out, _ = running.communicate(timeout=30)

    assert running.returncode == 3
    assert sorted(out.split("\n")[0].split()) == ["SIGHUP", "SIGINT", "SIGTERM", "SIGUSR1", "SIGUSR2"]
    assert json.loads(out.splitlines()[-1])["gross_joules"] > 0


def test_a_command_that_ends_by_our_signal(command: str, environ: dict[str, str], server: EnergyServer) -> None:
    """A job that a scheduler ends with SIGTERM still gets its record, and its status says what ended it."""
    running = subprocess.Popen(
        [command, "run", "--", "sh", "-c", "echo ready; exec sleep 60"], env=environ, stdout=subprocess.PIPE, text=True
    )
    assert running.stdout.readline() == "ready\n"
    running.terminate()

    assert running.wait(30) == 143
    assert len(server.service.asked("EndInterval")) == 1


@contextmanager
def on_a_terminal(command: list[str], environ: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Start a command as the foreground job of a terminal of its own; gives its pid and our end of the terminal."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(  # noqa: S606 - the command under test is no shell's business
            command[0], command, {**environ, "TERM": "xterm", "COLUMNS": "100"}
        )
    try:
        yield pid, terminal
    finally:
        os.close(terminal)


def read_until(terminal: int, words: str) -> str:
    """What the terminal shows up to and including `words`."""
    shown = ""
    while words not in shown:
        shown += os.read(terminal, 4096).decode()
    return shown


def test_ctrl_c_reaches_the_command_once(command: str, environ: dict[str, str]) -> None:
    """The terminal sends it to the whole foreground group, so it is not passed on a second time."""
    with on_a_terminal([command, "run", "--", sys.executable, "-c", SIGNALLED], environ) as (pid, terminal):
        read_until(terminal, "ready")
        os.write(terminal, b"\x03")
        read_until(terminal, "^C")
        # Signals are passed on in the order of their numbers: an interrupt passed on would come before this one.
        os.kill(pid, signal.SIGUSR2)
        shown = read_until(terminal, "took")
        _, status = os.waitpid(pid, 0)

    assert shown.count("SIGINT") == 1
    assert os.waitstatus_to_exitcode(status) == 3


def test_progress_is_shown_on_a_terminal(command: str, environ: dict[str, str]) -> None:
    """While the command works one line shows time, power and energy so far, and is gone at the end."""
    with on_a_terminal([command, "run", "--", "sh", "-c", "read line"], environ) as (pid, terminal):
        shown = read_until(terminal, "so far")
        os.write(terminal, b"\n")
        last = read_until(terminal, "took")
        os.waitpid(pid, 0)

    assert " W, " in shown
    assert "\r\x1b[2K" in last


def test_there_is_no_progress_elsewhere() -> None:
    """A log file gets the result only."""
    log = io.StringIO()
    progress = ProgressLine(log)
    progress.show("so far")
    progress.clear()

    assert not progress.active
    assert log.getvalue() == ""


def test_what_quiets_our_own_log_is_not_handed_on(command: str, environ: dict[str, str]) -> None:
    """The command sees gRPC's verbosity as it was given to us, set or not."""
    told = ["sh", "-c", "echo ${GRPC_VERBOSITY-unset}"]
    for given, seen in (({}, "unset"), ({"GRPC_VERBOSITY": "INFO"}, "INFO")):
        plain = {name: value for name, value in environ.items() if name != "GRPC_VERBOSITY"}
        ended = subprocess.run(
            [command, "run", "--", *told], env={**plain, **given}, capture_output=True, text=True, check=True
        )
        assert ended.stdout == f"{seen}\n"


def test_an_exporter_restarted_while_the_command_runs(
    command: str, environ: dict[str, str], server: EnergyServer
) -> None:
    """Nobody notices, and the energy is complete."""
    running = subprocess.Popen(
        [command, "run", "--json", "--", "sh", "-c", "echo ready; read line"],
        env=environ,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stdout.readline() == "ready\n"
    server.stop()
    running.stdin.write("\n")
    running.stdin.close()
    server.start()
    until(lambda: server.service.asked("EndInterval"))
    document = json.loads(running.stdout.read())

    assert (running.wait(30), running.stderr.read()) == (0, "")
    assert document["gross_joules"] == pytest.approx(WATTS * document["duration_seconds"])
