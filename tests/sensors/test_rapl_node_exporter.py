"""An independent reader of the same tree: Prometheus' node_exporter must see the joules that RaplSensor sees."""

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
from doubles.sysfs import PowercapTree

from exporter.sensors.rapl import RaplSensor
from exporter.sensors.sensor import Reading

BINARY = shutil.which("prometheus-node-exporter") or shutil.which("node_exporter")
PATIENCE_SECONDS = 20.0
SAMPLE = re.compile(r"^node_rapl_(\w+)_joules_total\{(.*)\} (\S+)$", re.MULTILINE)

pytestmark = pytest.mark.skipif(BINARY is None, reason="node_exporter is not installed")


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


def their_joules(address: str) -> dict[tuple[str, str], float]:
    """What node_exporter shows, by zone and index."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            with urllib.request.urlopen(address) as answer:
                text = answer.read().decode()
                break
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
    shown = {}
    for zone, labels, joules in SAMPLE.findall(text):
        index = re.search(r'index="(\d+)"', labels)
        assert index is not None, labels
        shown[zone, index[1]] = float(joules)
    return shown


def our_joules(sensor: RaplSensor, now: float) -> dict[tuple[str, str], float]:
    """What we show, by node_exporter's words for it."""
    return {
        (one.series.key.zone, one.series.key.device): one.joules
        for one in sensor.read(now)
        if isinstance(one, Reading) and one.joules is not None
    }


def test_node_exporter_reads_the_same_joules(tmp_path: Path) -> None:
    """Two sockets with DRAM, before and after burning: the same zones, the same joules to the microjoule."""
    tree = PowercapTree.server(tmp_path)
    sensor = RaplSensor(tree.sysfs)
    sensor.discover()
    with node_exporter(tree.sysfs) as address:
        assert our_joules(sensor, 0.0) == pytest.approx(their_joules(address), abs=1e-6)

        tree.burn({"package-0": 1234.567891, "package-1": 0.25, "package-0/dram": 77.7})
        ours, theirs = our_joules(sensor, 1.0), their_joules(address)

    assert set(ours) == {("package", "0"), ("package", "1"), ("dram", "0"), ("dram", "1")}
    assert ours == pytest.approx(theirs, abs=1e-6)
