"""The real command, `joulecast exporter`, in a process of its own, as a person or a service manager starts it."""

import http.client
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from doubles.awaiting import until
from doubles.http_client import request

from exporter.address import TcpAddress

COMMAND = Path(sys.executable).with_name("joulecast")


class ExporterProcess:
    """Serves on a free port and a Unix socket, with its state in `directory`; on entry it is ready.

    It can be started again after `stop` or `kill`, with the same addresses and the state it left.
    """

    def __init__(self, directory: Path, *flags: str, environment: Mapping[str, str] | None = None) -> None:
        self.directory = directory
        self.log = directory / "exporter.log"
        self.listen = TcpAddress("127.0.0.1", _free_port())
        # A socket's path may be 107 bytes long, and a test's directory is often longer.
        self._sockets = tempfile.TemporaryDirectory(prefix="joulecast-")
        self.grpc = f"unix://{self._sockets.name}/grpc.sock"
        self._flags = flags
        self._environment = environment
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> Self:
        """Start it and wait until it is ready. Fails with its log when it ends instead."""
        state = self.directory / "state"
        command = [COMMAND, "exporter", "--listen", str(self.listen), "--grpc", self.grpc, "--state-dir", state]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *self._flags], stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )
        until(self._is_ready, 60.0)
        return self

    def stop(self) -> int:
        """Ask it to end, as a service manager does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._end(signal.SIGKILL)

    def scrape(self) -> str:
        """What /metrics says now."""
        return request(self.listen, "/metrics").text

    @property
    def output(self) -> str:
        """Everything it printed and logged so far."""
        return self.log.read_text(errors="replace")

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None, "not started"
        self._process.send_signal(number)
        code = self._process.wait(30)
        self._process = None
        return code

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"it ended instead of serving\n{self.output}"
        try:
            return request(self.listen, "/-/ready").status == 200
        except (OSError, http.client.HTTPException):
            return False  # not listening yet

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self.kill()
        self._sockets.cleanup()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
