"""The whole prediction service in a process of its own, over artifacts simple enough to check by hand.

As a script it takes the flags of `joulecast predictor`, and serves what the files of --artifacts hold.
"""

import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from doubles.awaiting import until


class SharePredictor:
    """A running service. It can be started again, on the same port, after `stop` or `kill`."""

    def __init__(self, directory: Path, *flags: str, environment: Mapping[str, str] | None = None) -> None:
        self._log = directory / "predictor.log"
        self._flags = flags
        self._environment = {**os.environ, **(environment or {})}
        self._process: subprocess.Popen[bytes] | None = None
        self._starts = 0
        self.address = "127.0.0.1:0"

    def start(self) -> Self:
        """Start it, and wait until it says where it listens."""
        places = ("--grpc", self.address, "--listen", "127.0.0.1:0")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, __file__, *places, *self._flags],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**self._environment, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            )
        self._starts += 1
        until(lambda: self.ended or len(self.told("Metrics ")) == self._starts, 30)
        assert not self.ended, self.output
        self.address = self.told("Predictions ")[-1]
        return self

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

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self._process is not None
        self._process.send_signal(number)

    def stop(self) -> int:
        """Ask it to end, as a service manager does, and return its exit code."""
        self.signal(signal.SIGTERM)
        return self._wait()

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self.signal(signal.SIGKILL)
        self._wait()

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


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - the command's part


def main() -> int:
    """Serve share models."""
    from doubles.share_model import load_share_model

    from predictor.service.config import add_arguments, load_config
    from predictor.service.running import serve

    parser = ArgumentParser()
    add_arguments(parser)
    return serve(load_config(parser.parse_args(), os.environ), (), load_share_model, lambda _, __: (), _print)


if __name__ == "__main__":
    sys.exit(main())
