"""Prometheus' node_exporter as an independent reader of a powercap tree."""

import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BINARY = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
PATIENCE_SECONDS = 20.0
SAMPLE = re.compile(r'^node_rapl_\w+_joules_total\{.*path="[^"]*/([^/"]+)"\} (\S+)$', re.MULTILINE)

needs_node_exporter = pytest.mark.skipif(
    BINARY is None, reason="no node_exporter on PATH (Debian: apt-get install prometheus-node-exporter)"
)


@contextmanager
def node_exporter(sysfs: Path) -> Iterator[str]:
    """Run node_exporter's RAPL collector on the tree; yields the address of its metrics."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert BINARY is not None
    arguments = [
        BINARY,
        f"--path.sysfs={sysfs}",
        "--collector.disable-defaults",
        "--collector.rapl",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL)
    try:
        yield f"http://127.0.0.1:{port}/metrics"
    finally:
        process.kill()
        process.wait()


def shown_joules(address: str) -> dict[str, float]:
    """What node_exporter shows now, by zone id ("intel-rapl:0:0"); waits for it to listen."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address) as answer:
                text = answer.read().decode()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return {zone_id: float(joules) for zone_id, joules in SAMPLE.findall(text)}
