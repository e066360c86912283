"""The real command, `joulecast demo`, in a process of its own, with its temporary files where a test can see them."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self
from urllib.error import URLError
from urllib.request import urlopen

from doubles.awaiting import until

COMMAND = Path(sys.executable).with_name("joulecast")
MOVING = "Everything moves after"
CURTAIN = "Ctrl-C ends it all."


class DemoProcess:
    """On entry it has said where to look, or what else a test waits for."""

    def __init__(
        self,
        directory: Path,
        *flags: str,
        moment: str = CURTAIN,
        path: str | None = None,
        scratch: Path | None = None,
    ) -> None:
        """Entered when it says `moment`. Ports are free ones unless flags say otherwise.

        Programs are on `path`, its files in `scratch`.
        """
        # A socket's path may be 107 bytes long, and a test's directory is often longer.
        self._place = tempfile.TemporaryDirectory(prefix="jc-")
        self.scratch = scratch or Path(self._place.name)
        self._moment = moment
        self._log = directory / "demo.log"
        environ = {**os.environ, "TMPDIR": str(self.scratch)}
        if path is not None:
            environ["PATH"] = path
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [COMMAND, "demo", *(flags or ("--first-port", "0"))], stdout=log, stderr=subprocess.STDOUT, env=environ
            )

    @property
    def output(self) -> str:
        """Everything it said so far."""
        return self._log.read_text(errors="replace")

    def says(self, text: str, seconds: float = 90.0) -> None:
        """Wait until it has said that; fails when it ends instead."""

        def said() -> bool:
            ended = self._process.poll() is not None
            if text in self.output:
                return True
            assert not ended, f"it ended instead\n{self.output}"
            return False

        until(said, seconds)

    def address(self, row: str) -> str:
        """What stands in a row of its table."""
        found = re.search(rf"^{re.escape(row)} {{2,}}(\S+)$", self.output, re.MULTILINE)
        assert found, self.output
        return found[1]

    def get(self, row: str) -> str:
        """The page behind a row of its table."""
        with urlopen(self.address(row), timeout=10) as response:
            return str(response.read().decode())

    def query(self, expression: str) -> Sequence[Any]:
        """What its Prometheus answers; nothing while it does not."""
        base = self.address("alerts").removesuffix("/api/v1/alerts")
        try:
            with urlopen(f"{base}/api/v1/query?query={expression}", timeout=10) as response:
                result: Sequence[Any] = json.load(response)["data"]["result"]
        except URLError:
            return ()
        return result

    def children(self) -> dict[str, int]:
        """Its processes, by the words that tell them apart."""
        found = {}
        for name in ("exporter", "predictor", "prometheus", "workload"):
            for pid in _children_of(self._process.pid):
                words = _command_line(pid)
                if any(word in {name, f"joulecast.demo.{name}"} or word.endswith(f"/{name}") for word in words):
                    found[name] = pid
        return found

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Its exit status."""
        return self._process.wait(60)

    def __enter__(self) -> Self:
        try:
            self.says(self._moment)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._end()
        finally:
            self._place.cleanup()

    def _end(self) -> None:
        if self._process.poll() is None:
            self.signal(signal.SIGTERM)
            try:
                self.wait()
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
                raise


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is not merely waiting to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _children_of(parent: int) -> list[int]:
    children = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if int(fields[1]) == parent:
            children.append(int(stat.parent.name))
    return children


def _command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    except OSError:
        return []
