"""The processes of the demonstration: started, watched, and ended together; none outlives the demo."""

import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from joulecast.errors import JoulecastError

END_SECONDS = 10.0
_TAIL_LINES = 8
# Where the kernel can be told so, a demo that is killed takes its processes along.
_TIED = ("--pdeathsig", "TERM")


class Ended(JoulecastError):
    """A process that should have gone on."""


class Process:
    """One of them, with its log; in a group of its own, so that Ctrl-C reaches the demo alone and ends are in order."""

    def __init__(self, name: str, command: Sequence[str], log: Path, environ: Mapping[str, str]) -> None:
        """Start it. Raises JoulecastError if it cannot be."""
        self.name = name
        self._log = log
        setpriv = shutil.which("setpriv")
        tied = [setpriv, *_TIED, *command] if setpriv else list(command)
        try:
            with log.open("wb") as out:
                self._child = subprocess.Popen(
                    tied,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    env=environ,
                    process_group=0,
                )
        except OSError as failure:
            raise JoulecastError(f"{name} cannot be started ({failure.strerror})") from failure

    @property
    def status(self) -> int | None:
        """Its exit status, minus N if signal N ended it; None while it runs."""
        return self._child.poll()

    def check(self) -> None:
        """Raise Ended, with its last words, unless it runs."""
        if self.status is not None:
            raise Ended(f"the {self.name} ended {_manner(self.status)}", f"it said last:\n{self._last_words()}")

    def ask_to_end(self) -> None:
        """Send SIGTERM, if it runs."""
        if self.status is None:
            self._child.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Wait for its end."""
        self._child.wait()

    def end(self, patience: float) -> None:
        """Wait so many seconds for its end, then see to it."""
        try:
            self._child.wait(patience)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines()[-_TAIL_LINES:]
        return "\n".join(f"  {line}" for line in lines) or "  nothing"


class Company:
    """All of them, in the order they were started. On exit they are ended, the last ones first."""

    def __init__(self, directory: Path, patience: float = END_SECONDS) -> None:
        """Logs go to that directory. Nobody is told this shell's own JOULECAST_ variables."""
        self._directory = directory
        self._patience = patience
        self._environ = {name: value for name, value in os.environ.items() if not name.startswith("JOULECAST_")}
        self._lasting: list[Process] = []
        self._passing: list[Process] = []

    def start(self, name: str, command: Sequence[str], *, lasting: bool = True) -> Process:
        """Start one; one that is not `lasting` ends by itself. Raises JoulecastError."""
        process = Process(name, command, self._directory / f"{name.replace(' ', '-')}.log", self._environ)
        (self._lasting if lasting else self._passing).append(process)
        return process

    def runs(self, name: str) -> bool:
        """Whether there is one of that name, and it runs."""
        return any(process.name == name and process.status is None for process in self._lasting)

    def check(self) -> None:
        """Raise Ended for the first that should run and does not."""
        for process in self._lasting:
            process.check()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in [*self._passing, *reversed(self._lasting)]:
            # One after the other: who serves outlives who asks.
            process.ask_to_end()
            process.end(self._patience)


def _manner(status: int) -> str:
    if status >= 0:
        return f"with status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"
