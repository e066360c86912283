"""The burning tree keeps its promises: others' tests take it for the truth."""

import time
from pathlib import Path

import pytest
from doubles.burning import BurningTree, Wave
from doubles.sysfs import PowercapTree


@pytest.mark.parametrize(
    ("wave", "seconds", "joules"),
    [
        (Wave(100.0), 2.5, 250.0),
        (Wave(100.0, 300.0, 1.0), 0.25, 25.0),
        (Wave(100.0, 300.0, 1.0), 0.75, 125.0),
        (Wave(100.0, 300.0, 1.0), 3.0, 600.0),
    ],
)
def test_a_wave_knows_its_integral(wave: Wave, seconds: float, joules: float) -> None:
    """Low half first, then high."""
    assert wave.joules(seconds) == pytest.approx(joules)


def test_the_counters_stay_behind_the_truth_by_one_pause_at_most(tmp_path: Path) -> None:
    """What can be read is the truth of now, or of at most one writing pause ago; twins count the same."""
    tree = PowercapTree.server(tmp_path, sockets=1, mmio=True)
    start = tree.shown_joules("package-0")
    watched = []
    with BurningTree(tree, {"package-0": Wave(100.0)}) as burning:
        assert burning.started is not None
        for _ in range(20):
            before = time.monotonic()
            shown = int(tree.zones["package-0"].energy_file.read_bytes()) * 1e-6 - start
            watched.append((before, shown, time.monotonic()))
            time.sleep(0.005)

    for before, shown, after in watched:
        assert shown >= burning.true_joules("package-0", 0.0, before - burning.longest_pause) - 1e-3
        assert shown <= burning.true_joules("package-0", 0.0, after) + 1e-3
    assert tree.true_joules("package-0") == pytest.approx(burning.true_joules("package-0", 0.0, after + 60), abs=1e-5)
    assert tree.true_joules("mmio:package-0") == tree.true_joules("package-0")


def test_a_reset_leaves_the_truth(tmp_path: Path) -> None:
    """A counter that starts again at zero has still burnt what it burnt before."""
    tree = PowercapTree.server(tmp_path, sockets=1)
    before = tree.shown_joules("package-0")
    with BurningTree(tree, {"package-0": Wave(1000.0)}) as burning:
        burning.reset("package-0")
        while int(tree.zones["package-0"].energy_file.read_bytes()) * 1e-6 >= before:
            time.sleep(0.001)

    assert tree.shown_joules("package-0") < before
    assert tree.true_joules("package-0") == pytest.approx(burning.true_joules("package-0", 0.0, 1e12), abs=1e-5)
