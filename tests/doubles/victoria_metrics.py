"""A real VictoriaMetrics beside a test, with a history of its own."""

import shutil
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from doubles.awaiting import until

needs_victoria_metrics = pytest.mark.skipif(
    shutil.which("victoria-metrics") is None,
    reason="no `victoria-metrics` on PATH (Debian: apt-get install victoria-metrics)",
)


@contextmanager
def victoria_metrics(directory: Path, history: Iterable[str]) -> Iterator[str]:
    """Serve lines of OpenMetrics, whose time stamps are in seconds; gives the URL."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    address = url.removeprefix("http://")
    with (directory / "victoria-metrics.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *("victoria-metrics", f"-httpListenAddr={address}", f"-storageDataPath={directory / 'data'}"),
                *("-search.latencyOffset=1s", "-search.disableCache", "-loggerLevel=WARN"),
            ],
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        until(lambda: _answers(url), 30)
        body = "\n".join(map(_in_milliseconds, filter(lambda line: not line.startswith("#"), history)))
        urllib.request.urlopen(f"{url}/api/v1/import/prometheus", data=body.encode(), timeout=30).close()
        urllib.request.urlopen(f"{url}/internal/force_flush", timeout=30).close()
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/health", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False  # not listening yet


def _in_milliseconds(line: str) -> str:
    sample, seconds = line.rsplit(" ", 1)
    return f"{sample} {round(float(seconds) * 1000)}"
