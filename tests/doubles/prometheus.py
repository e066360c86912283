"""A real Prometheus server beside a test, scraping one target every second, or with a history of its own."""

import json
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

needs_prometheus = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="no `prometheus` on PATH (Debian: apt-get install prometheus)"
)
needs_promtool = pytest.mark.skipif(
    shutil.which("promtool") is None, reason="no `promtool` on PATH (Debian: apt-get install prometheus)"
)

_PATIENCE_SECONDS = 30.0  # a loaded machine takes its time; a healthy one needs a fraction of a second

_CONFIG = """\
global:
  scrape_interval: {every}
  scrape_timeout: {every}
scrape_configs:
  - job_name: joulecast
    honor_labels: {honor_labels}
    static_configs:
      - targets: ["{target}"]
"""


class Point(NamedTuple):
    """One element of an instant vector."""

    labels: Mapping[str, str]
    value: float


class Prometheus:
    """A server of its own data directory and port. As a context manager it is ready, and has scraped, on entry.

    Extra configuration (rules, remote write) is appended to its file as it is. Without a target it has what it was told
    to remember.
    """

    def __init__(
        self,
        directory: Path,
        target: str = "",
        *,
        every: str = "1s",
        honor_labels: bool = False,
        configuration: str = "",
    ) -> None:
        self._directory = directory
        self.data = directory / "tsdb"
        scraping = _CONFIG.format(every=every, target=target, honor_labels=str(honor_labels).lower())
        self._config = (scraping if target else "") + configuration
        self._ready = ("up == 1", "a first successful scrape") if target else ("vector(1)", "a first answer")
        self._process: subprocess.Popen[bytes] | None = None
        self.url = ""

    def start(self) -> None:
        """Start and wait until the target was scraped once."""
        self.launch()
        self.await_ready()

    def launch(self) -> None:
        """Start it. It looks for targets after five seconds only, so whoever starts several does so before waiting."""
        self._directory.mkdir(parents=True, exist_ok=True)
        config = self._directory / "prometheus.yml"
        config.write_text(self._config)
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        with (self._directory / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self.data}",
                    f"--web.listen-address=127.0.0.1:{port}",
                    "--web.enable-remote-write-receiver",
                    "--log.level=warn",
                ],
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def await_ready(self) -> None:
        """Wait until it has scraped its target once, or answers where it has none."""
        query, what = self._ready
        self.wait_until(lambda: self.query(query), what)

    def remember(self, history: Iterable[str]) -> None:
        """Give it lines of OpenMetrics as its past before it starts. Needs promtool."""
        self.data.mkdir(parents=True, exist_ok=True)
        text = self._directory / "history.om"
        with text.open("w") as file:
            file.writelines(f"{line}\n" for line in history)
        done = subprocess.run(
            ["promtool", "tsdb", "create-blocks-from", "openmetrics", text, self.data], capture_output=True, check=False
        )
        text.unlink()
        assert done.returncode == 0, done.stderr.decode()

    def close(self) -> None:
        """Stop it; its data stay in the directory."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def query(self, expression: str, *, at: str = "") -> list[Point]:
        """Evaluate an instant query, now or `at` a Unix time. Raises ValueError in Prometheus's words."""
        data = self.get("/api/v1/query", query=expression, **({"time": at} if at else {}))
        if data["resultType"] == "scalar":
            return [Point({}, float(data["result"][1]))]
        return [Point(element["metric"], float(element["value"][1])) for element in data["result"]]

    def value(self, expression: str) -> float:
        """Evaluate a query that gives exactly one number."""
        (point,) = self.query(expression)
        return point.value

    def get(self, path: str, **parameters: str) -> Any:
        """Call the HTTP API and return its `data`."""
        try:
            with urlopen(f"{self.url}{path}?{urlencode(parameters)}", timeout=10) as response:
                return json.load(response)["data"]
        except HTTPError as error:
            raise ValueError(error.read().decode()) from error

    def wait_until(self, condition: Callable[[], Any], what: str) -> Any:
        """Poll until `condition` is truthy and return it; fail with the server's log when it never is."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            try:
                outcome = condition()
            except (URLError, ConnectionError, TimeoutError, ValueError):
                outcome = None  # not listening, or not ready, yet
            if outcome:
                return outcome
            if self._process is not None and self._process.poll() is not None:
                break
            time.sleep(0.05)
        log = (self._directory / "prometheus.log").read_text(errors="replace")
        raise AssertionError(f"Prometheus: waited in vain for {what}\n{log}")

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def promtool_check(exposition: bytes) -> str:
    """Run `promtool check metrics` over a scrape; return its complaints, empty when it is clean."""
    done = subprocess.run(["promtool", "check", "metrics"], input=exposition, capture_output=True, check=False)
    complaints = (done.stdout + done.stderr).decode()
    return complaints or ("" if done.returncode == 0 else f"promtool ended with {done.returncode}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
