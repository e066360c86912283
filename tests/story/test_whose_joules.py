"""Whose joules: from burning counters and busy cgroups through the real command to what Prometheus servers see."""

import math
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from doubles.burning import BurningTree, Wave
from doubles.crowd import NAMESPACE, Crowd
from doubles.exporter_process import ExporterProcess
from doubles.prometheus import Prometheus, needs_prometheus
from doubles.scrape import Scrape
from doubles.sysfs import PowercapTree

from exporter.sensors.capture import Capture, CaptureWriter
from exporter.sensors.sensor import Reading

WAVES = {"package-0": Wave(95.0), "package-1": Wave(40.0, 160.0, 0.37), "package-0/dram": Wave(12.0)}
PODS = {"large": 3.0, "small": 1.0, "asleep": 0.0, "job": 1.0}
CONTAINER = "joulecast_container_energy_joules_total"
PARTS = (
    CONTAINER,
    "joulecast_unit_energy_joules_total",
    "joulecast_idle_energy_joules_total",
    "joulecast_unattributed_energy_joules_total",
    "joulecast_retired_energy_joules_total",
)


class Machine:
    """Two burning sockets, four pods on them, and the exporter."""

    def __init__(self, directory: Path, *flags: str) -> None:
        self.crowd = Crowd(directory, PODS, kernel=1.0)
        tree = PowercapTree.server(self.crowd.sysfs, sockets=2)
        self.burning = BurningTree(tree, WAVES)
        self.exporter = ExporterProcess(directory, *self.crowd.flags, "--period", "0.2", *flags)

    def charged(self, pod: str, component: str = "cpu") -> float | None:
        """What a pod has been charged by now."""
        return self.exporter.metrics().value(CONTAINER, pod=pod, namespace=NAMESPACE, component=component)


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Machine]:
    """Ready, with every pod on the bill by its name; what has finished stays for six seconds."""
    machine = Machine(tmp_path, "--attribution-ttl", "6")
    with machine.crowd, machine.burning, machine.exporter:
        machine.exporter.until(lambda: all((machine.charged(pod) or 0.0) > 0 for pod in PODS if PODS[pod]))
        yield machine


def assert_balanced(scrape: Scrape) -> None:
    """In this one scrape, for every component, parts and whole are the same joules."""
    for component in ("cpu", "dram"):
        whole = math.fsum(
            line.value
            for line in scrape.samples("joulecast_energy_joules_total", component=component)
            if line.labels["zone"] in {"package", "dram"}
        )
        parts = math.fsum(line.value for name in PARTS for line in scrape.samples(name, component=component))
        assert parts == pytest.approx(whole, rel=1e-9)


def test_every_scrape_balances_also_after_a_kill(machine: Machine) -> None:
    """Scraped over and over, killed without warning and started again: each scrape balances and no total went down."""
    shown: dict[tuple[str, ...], float] = {}
    for life in range(3):
        until = time.monotonic() + 2.0
        while time.monotonic() < until:
            scrape = machine.exporter.metrics()
            assert_balanced(scrape)
            for line in scrape.lines:
                if line.name in PARTS:
                    series = (line.name, *sorted(line.labels.values()))
                    assert line.value >= shown.get(series, 0.0), f"{series} in life {life}"
                    shown[series] = line.value
        machine.exporter.kill()
        time.sleep(0.5)
        machine.exporter.start()
    assert (machine.charged("large") or 0.0) > 0


def test_three_to_one_through_the_whole_house(machine: Machine) -> None:
    """Pods that keep three CPUs and one CPU busy are charged 3 : 1 over a while, one that sleeps nothing."""
    before = {pod: machine.charged(pod) or 0.0 for pod in PODS}
    time.sleep(4.0)
    gained = {pod: (machine.charged(pod) or 0.0) - before[pod] for pod in PODS}

    assert gained["large"] == pytest.approx(3 * gained["small"], rel=0.02)
    assert gained["asleep"] == 0.0
    assert machine.charged("asleep") == 0.0


@needs_prometheus
def test_two_prometheus_servers_both_see_what_has_finished(machine: Machine, tmp_path: Path) -> None:
    """A pod that ended is shown to both servers with the same joules for its while, and then to neither."""
    query = f'{CONTAINER}{{pod="job",component="cpu"}}'
    target = str(machine.exporter.listen)
    with Prometheus(tmp_path / "one", target) as one, Prometheus(tmp_path / "two", target) as two:
        one.wait_until(lambda: one.query(query), "the job")
        two.wait_until(lambda: two.query(query), "the job")
        machine.crowd.end("job")
        workloads = 'joulecast_workloads{state="finished"}'
        for server in (one, two):
            server.wait_until(lambda server=server: server.value(workloads) == 1.0, "its end")  # type: ignore[misc]
        ended = {server.value(query) for server in (one, two)}
        assert len(ended) == 1
        for server in (one, two):
            server.wait_until(lambda server=server: not server.query(query), "its leaving")  # type: ignore[misc]
        # Each scraped it more than once after its end, and always the same joules.
        (last,) = ended
        for server in (one, two):
            assert server.value(f"count_over_time(({query} == {last!r})[10s:500ms])") >= 2
            assert server.value('joulecast_retired_energy_joules_total{component="cpu"}') >= last


def test_a_machine_that_tells_no_names_is_unattributed(tmp_path: Path) -> None:
    """Counters and no cgroups: every scrape balances, nobody has a line, and there is no count of anybody."""
    tree = PowercapTree.server(tmp_path / "sys", sockets=1)
    with (
        BurningTree(tree, {"package-0": Wave(95.0)}),
        ExporterProcess(tmp_path, "--sysfs", str(tree.sysfs), "--period", "0.2") as exporter,
    ):
        unattributed = "joulecast_unattributed_energy_joules_total"
        exporter.until(lambda: (exporter.metrics().value(unattributed, component="cpu") or 0.0) > 50)
        scrape = exporter.metrics()

    assert_balanced(scrape)
    assert not scrape.samples(CONTAINER)
    assert not scrape.samples("joulecast_workloads")


def test_a_played_machine_is_unattributed(tmp_path: Path) -> None:
    """A capture that tells nobody's names: every scrape balances, nobody has a line, nobody is counted."""
    capture = Capture.load(Path("demo"))
    parts = capture.header.series
    writer = CaptureWriter(tmp_path / "nameless.jsonl.gz", replace(capture.header, workloads=()))
    for seconds, readings, usage, _ in capture.moments[:300]:
        writer.write(seconds, [Reading(parts[one.series], one.joules, one.watts) for one in readings], usage)
    writer.close()
    with ExporterProcess(tmp_path, "--replay", str(tmp_path / "nameless.jsonl.gz"), "--period", "0.2") as exporter:
        unattributed = "joulecast_unattributed_energy_joules_total"
        exporter.until(lambda: (exporter.metrics().value(unattributed, component="cpu") or 0.0) > 0)
        scrape = exporter.metrics()

    assert_balanced(scrape)
    assert not scrape.samples(CONTAINER)
    assert not scrape.samples("joulecast_workloads")
