"""The real command, `joulecast predictor`, in a process of its own; or the same service over simpler models."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

from doubles import share_predictor
from doubles.awaiting import until

COMMAND = (str(Path(sys.executable).with_name("joulecast")), "predictor")
OVER_SHARE_MODELS = (sys.executable, share_predictor.__file__)


class PredictorProcess:
    """Serves on free ports, with its log in `directory`; on entry it says where it listens.

    It can be started again, on the same port, after `stop` or `kill`. A traceback in its log fails whichever test
    ends it.
    """

    def __init__(
        self,
        directory: Path,
        *flags: str,
        command: Sequence[str] = COMMAND,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self._log = directory / "predictor.log"
        self._command = [*command, *flags]
        self._environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path)), **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.address = "127.0.0.1:0"

    def start(self) -> Self:
        """Start it, and wait until it says where it listens."""
        self._launch()
        self._starts += 1
        until(lambda: self.ended or len(self.told("Metrics ")) == self._starts, 60)
        assert not self.ended, self.output
        self.address = self.told("Predictions ")[-1]
        return self

    def refusal(self) -> str:
        """Start it although it cannot: all it says before it ends with an error of its own accord."""
        self._launch()
        assert self._wait() == 1
        return self.output

    def told(self, word: str) -> list[str]:
        """What follows this word, on each line that begins with it."""
        return [line.removeprefix(word).strip() for line in self.output.splitlines() if line.startswith(word)]

    @property
    def output(self) -> str:
        """Everything it printed and logged so far."""
        return self._log.read_text(errors="replace")

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self._process is None or self._process.poll() is not None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None, "not started"
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, as a service manager does, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.signal(signal.SIGKILL)
        self._wait()

    def _launch(self) -> None:
        places = ("--grpc", self.address, "--listen", "127.0.0.1:0")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*self._command, *places], stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )

    def _wait(self) -> int:
        assert self._process is not None
        code = self._process.wait(30)
        self._process = None
        assert "Traceback" not in self.output, self.output
        return code

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        if not self.ended:
            self.kill()
