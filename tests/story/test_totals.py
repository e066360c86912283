"""One machine, every joule once: the totals of the running exporter beside the truth and beside node_exporter."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from doubles.burning import BurningTree, Wave
from doubles.exporter_process import ExporterProcess
from doubles.node_exporter import BINARY, needs_node_exporter, node_exporter, shown_joules
from doubles.scrape import Scrape
from doubles.sysfs import NARROW_RANGE_UJ, WIDE_RANGE_UJ, PowercapTree

WAVES = {
    "package-0": Wave(95.0),  # is reset half-way
    "package-1": Wave(40.0, 260.0, 0.37),  # wraps half-way
    "package-0/dram": Wave(12.0),
    "package-1/dram": Wave(4.0, 9.0, 0.23),
    "package-1/core": Wave(30.0, 200.0, 0.37),
}
SERIES = {
    "package-0": "cpu/0/package",
    "package-1": "cpu/1/package",
    "package-0/dram": "dram/0/dram",
    "package-1/dram": "dram/1/dram",
    "package-1/core": "cpu/1/core",
}
COUNTED = ("package-0", "package-1", "package-0/dram", "package-1/dram")
UNBROKEN = ("package-0/dram", "package-1/dram", "package-1/core")  # neither wrap nor reset


@dataclass
class Outcome:
    """A machine that burnt for a while and is at rest again."""

    tree: PowercapTree
    began: dict[str, float]  # joules that the counters showed
    before: Scrape
    after: Scrape
    theirs: dict[str, float]  # joules that node_exporter saw, by zone id

    def joules(self, series: str) -> float:
        """What the exporter's total gained."""
        return self.after.joules()[series] - self.before.joules()[series]


# The default period, and a quick one that reads twenty times a second.
@pytest.fixture(scope="module", params=[("1", 11.0), ("0.2", 4.0)], ids=["period 1 s", "period 0.2 s"])
def outcome(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    """Burn two sockets while the exporter runs; one package wraps and the other is reset meanwhile.

    The machine rests at both ends, so that what the exporter last read is all there is to read.
    """
    period, seconds = request.param
    directory = tmp_path_factory.mktemp("machine")
    tree = _machine(directory / "sys", joules_to_wrap=WAVES["package-1"].joules(seconds) / 2)
    began = {zone: tree.shown_joules(zone) for zone in WAVES}
    with ExporterProcess(directory, "--sysfs", str(tree.sysfs), "--period", period) as exporter:
        before, theirs = _at_rest(exporter), _their_joules(tree)
        with BurningTree(tree, WAVES) as burning:
            time.sleep(seconds / 2)
            burning.reset("package-0")
            time.sleep(seconds / 2)
        after = _at_rest(exporter)
        theirs = {zone: shown - theirs[zone] for zone, shown in _their_joules(tree).items()}
        yield Outcome(tree, began, before, after, theirs)


def _machine(sysfs: Path, *, joules_to_wrap: float) -> PowercapTree:
    """Two sockets with DRAM and mmio twins; one is so close to its range that it wraps after so many joules."""
    tree = PowercapTree(sysfs)
    tree.add_zone("package-0")
    tree.add_zone("package-1", start_uj=WIDE_RANGE_UJ - round(joules_to_wrap * 1e6))
    tree.add_zone("package-1/core")
    for package in ("package-0", "package-1"):
        tree.add_zone(f"{package}/dram", range_uj=NARROW_RANGE_UJ)
        tree.add_zone(f"mmio:{package}")
    return tree


def _at_rest(exporter: ExporterProcess) -> Scrape:
    """What the exporter shows once it has read counters that no longer move, twice so that a suspect is resolved."""
    for _ in range(2):
        exporter.until_read("rapl", since=time.time())
    return exporter.metrics()


def _their_joules(tree: PowercapTree) -> dict[str, float]:
    if BINARY is None:
        return {}
    with node_exporter(tree.sysfs) as address:
        return shown_joules(address)


@pytest.mark.parametrize("zone", SERIES)
def test_every_total_is_the_truth(outcome: Outcome, zone: str) -> None:
    """Through a wrap, through a reset under steady power, and under power that swings: true to a thousandth."""
    assert outcome.joules(SERIES[zone]) == pytest.approx(outcome.tree.true_joules(zone), rel=1e-3)


def test_the_wrap_and_the_reset_happened(outcome: Outcome) -> None:
    """The story was not a harmless one: both counters show less than they did at its beginning."""
    for zone in ("package-0", "package-1"):
        assert outcome.tree.shown_joules(zone) < outcome.began[zone]


def test_nothing_is_counted_twice(outcome: Outcome) -> None:
    """Five zones make five series although two more show the same joules, and the node is its four parts."""
    assert set(outcome.after.joules()) == {*SERIES.values(), "node"}
    truth = math.fsum(outcome.tree.true_joules(zone) for zone in COUNTED)
    assert outcome.joules("node") == pytest.approx(truth, rel=1e-3)
    parts = math.fsum(outcome.after.joules()[SERIES[zone]] for zone in COUNTED)
    assert outcome.after.joules()["node"] == pytest.approx(parts, rel=1e-9)


def test_a_reset_is_told(outcome: Outcome) -> None:
    """The one reading that went back is counted as such, and nothing else was refused."""
    refused = outcome.after.samples("joulecast_sensor_rejected_readings_total")
    assert [(line.labels["reason"], line.value) for line in refused] == [("backwards", 1.0)]


@needs_node_exporter
@pytest.mark.parametrize("zone", UNBROKEN)
def test_node_exporter_saw_the_same(outcome: Outcome, zone: str) -> None:
    """Where a counter neither wraps nor resets, an independent reader gained the same joules."""
    theirs = outcome.theirs[outcome.tree.zones[zone].zone_id]
    assert outcome.joules(SERIES[zone]) == pytest.approx(theirs, abs=1e-3)
