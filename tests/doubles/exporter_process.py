"""The real command, `joulecast exporter`, in a process of its own, as a person or a service manager starts it."""

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

from doubles.awaiting import until
from doubles.http_client import Response, request
from doubles.scrape import Scrape
from doubles.workload import Workload

from joulecast.serving.address import TcpAddress

COMMAND = Path(sys.executable).with_name("joulecast")
# Root without root's right to read everything: file modes mean what they say.
_WITHOUT_PRIVILEGE = ("setpriv", "--bounding-set", "-dac_override,-dac_read_search") if os.geteuid() == 0 else ()


class ExporterProcess:
    """Serves on a free port and a Unix socket, with its state in `directory`; on entry it is ready.

    It can be started again after `stop` or `kill`, with the same addresses and the state it left. A traceback in its
    log fails whichever test ends it.
    """

    def __init__(
        self,
        directory: Path,
        *flags: str,
        environment: Mapping[str, str] | None = None,
        state: Path | None = None,
        privileged: bool = True,
    ) -> None:
        """Its `environment`, if not ours; without `privileged` even root reads only what a file's mode allows."""
        self.directory = directory
        self.log = directory / "exporter.log"
        self.state = state or directory / "state"
        self.listen = TcpAddress("127.0.0.1", _free_port())
        # A socket's path may be 107 bytes long, and a test's directory is often longer.
        self._sockets = tempfile.TemporaryDirectory(prefix="joulecast-")
        self.grpc = f"unix://{self._sockets.name}/grpc.sock"
        self._flags = flags
        self._environment = environment
        self._prefix = () if privileged else _WITHOUT_PRIVILEGE
        self._process: subprocess.Popen[bytes] | None = None
        self._workload: Workload | None = None

    def start(self, *, ready: bool = True) -> Self:
        """Start it and wait until it is ready, unless told not to. Fails with its log when it ends instead."""
        command = [*self._prefix, COMMAND, "exporter"]
        places = ["--listen", str(self.listen), "--grpc", self.grpc, "--state-dir", self.state]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, *places, *self._flags], stdout=log, stderr=subprocess.STDOUT, env=self._environment
            )
        if ready:
            self.until(self._is_ready, 60.0)
        return self

    def stop(self) -> int:
        """Ask it to end, as a service manager does, and return its exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it without a chance to tidy up."""
        self._end(signal.SIGKILL)

    def refusal(self) -> str:
        """Start it although it cannot: everything it says before it ends with an error of its own accord."""
        self.start(ready=False)
        assert self._process is not None
        code = self._process.wait(30)
        self._process = None
        assert code == 1, f"ended with {code}\n{self.output}"
        self._check_log()
        return self.output

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "not started"
        return self._process.pid

    @property
    def workload(self) -> Workload:
        """A workload that is connected to it, over all its restarts."""
        if self._workload is None:
            self._workload = Workload(self.grpc)
        return self._workload

    def get(self, path: str) -> Response:
        """What its HTTP door answers."""
        return request(self.listen, path)

    def scrape(self) -> str:
        """What /metrics says now."""
        return self.get("/metrics").text

    def metrics(self) -> Scrape:
        """The same, parsed."""
        return Scrape(self.scrape())

    def until(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        """Wait for a condition; fails with the log when the process ends meanwhile, or when it never holds."""

        def holds() -> object:
            assert self._process is not None, "not started"
            assert self._process.poll() is None, f"it ended instead\n{self.output}"
            return condition()

        try:
            until(holds, seconds)
        except AssertionError as vain:
            raise AssertionError(f"{vain}\n{self.output}") from None

    def until_read(self, sensor: str, *, since: float) -> None:
        """Wait until /metrics shows a sensor's reading made after this wall time."""
        success = "joulecast_sensor_last_success_timestamp_seconds"
        self.until(lambda: (self.metrics().value(success, sensor=sensor) or 0.0) > since)

    @property
    def output(self) -> str:
        """Everything it printed and logged so far."""
        return self.log.read_text(errors="replace")

    def _end(self, number: signal.Signals) -> int:
        assert self._process is not None, "not started"
        self._process.send_signal(number)
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise AssertionError(f"{number.name} did not end it\n{self.output}") from None
        finally:
            self._process = None
        self._check_log()
        return code

    def _check_log(self) -> None:
        assert "Traceback" not in self.output, f"a traceback in the log\n{self.output}"

    def _is_ready(self) -> bool:
        try:
            return self.get("/-/ready").status == 200
        except (OSError, http.client.HTTPException):
            return False  # not listening yet

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it if it runs, and remove its socket."""
        try:
            if self._process is not None:
                self.kill()
        finally:
            if self._workload is not None:
                self._workload.__exit__()
            self._sockets.cleanup()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])
