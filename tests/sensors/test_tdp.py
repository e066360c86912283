"""CPU power from the data sheet and how busy it is: known parts, unknown ones, and shares of virtual machines."""

from pathlib import Path

import pytest
from doubles.procfs import ProcTree
from hypothesis import given
from hypothesis import strategies as st

from exporter.sensors.cpu_catalogue import Part, part_of, watts_per_thread
from exporter.sensors.sensor import SensorAbsent, SensorFailed
from exporter.sensors.tdp import IDLE_SHARE, TdpSensor
from joulecast.component import Component, SeriesKey
from joulecast.provenance import Provenance


def watts(sensor: TdpSensor) -> dict[str, float | None]:
    """One read, by device."""
    return {reading.series.key.device: reading.watts for reading in sensor.read(0.0)}


def test_power_is_a_line_from_idle_to_tdp(tmp_path: Path) -> None:
    """A Xeon of 270 W draws 54 W idle, 162 W half busy and 270 W busy."""
    tree = ProcTree(tmp_path / "proc")
    sensor = TdpSensor(tree.procfs, tmp_path)
    sensor.discover()
    seen = []
    for share in (0.0, 0.5, 1.0):
        tree.run(share)
        seen.append(watts(sensor)["0"])

    assert seen == pytest.approx([54, 162, 270])


def test_the_series_is_modelled_and_crude(tmp_path: Path) -> None:
    """A package like any other, part of node power, modelled, with its error and how it was found."""
    tree = ProcTree(tmp_path / "proc")
    (series,) = TdpSensor(tree.procfs, tmp_path).discover()

    assert series.key == SeriesKey(Component.CPU, "0", "package")
    assert (series.provenance, series.relative_error) == (Provenance.MODELLED, 0.5)
    assert "270 W a socket" in series.note


def test_no_time_no_reading(tmp_path: Path) -> None:
    """Before the first tick after discovery there is nothing to say: no reading, and not the idle power."""
    tree = ProcTree(tmp_path / "proc")
    sensor = TdpSensor(tree.procfs, tmp_path)
    sensor.discover()

    assert watts(sensor) == {}


def test_each_socket_by_its_own_cpus(tmp_path: Path) -> None:
    """A socket at work beside an idle one: only the first one's power rises."""
    tree = ProcTree(tmp_path / "proc", cpus=4, sockets=2)
    sensor = TdpSensor(tree.procfs, tmp_path)
    sensor.discover()
    for cpu, busy in enumerate((100, 100, 0, 0)):
        tree.spend(cpu, user=busy, idle=100 - busy)

    assert watts(sensor) == pytest.approx({"0": 270.0, "1": 54.0})


def test_a_virtual_machine_gets_its_share_of_the_part(tmp_path: Path) -> None:
    """Four of the 80 threads of a 270 W part are 13.5 W, in one series, whatever sockets the hypervisor invents."""
    tree = ProcTree(tmp_path / "proc", cpus=4, sockets=4, virtual=True)
    (series,) = TdpSensor(tree.procfs, tmp_path).discover()

    assert series.max_watts == pytest.approx(270 * 4 / 80)
    assert "4 of its 80 threads" in series.note


@pytest.mark.parametrize(
    "model", ["AMD EPYC", "Intel(R) Xeon(R) Processor", "Intel Xeon Processor (Skylake)", "", "QEMU TCG"]
)
def test_unknown_models_are_modelled_by_their_family(tmp_path: Path, model: str) -> None:
    """Clouds hide the part: power comes from a typical one, never zero, with a wider error that says so."""
    tree = ProcTree(tmp_path / "proc", model=model, virtual=True)
    sensor = TdpSensor(tree.procfs, tmp_path)
    (series,) = sensor.discover()
    tree.run(0.1)
    power = watts(sensor)["0"]

    assert power is not None
    assert 0.5 < power < 10
    assert series.relative_error == 0.75
    assert "unknown part" in series.note


def test_a_given_tdp_replaces_the_catalogue(tmp_path: Path) -> None:
    """Who knows the data sheet can say so."""
    tree = ProcTree(tmp_path / "proc", model="AMD EPYC")
    (series,) = TdpSensor(tree.procfs, tmp_path, tdp_watts=180).discover()

    assert (series.max_watts, series.relative_error) == (180, 0.5)
    assert "as configured" in series.note


def test_idle_and_busy_differ_on_one_machine(tmp_path: Path) -> None:
    """Peers give a constant whatever the load; here idle is the idle share of busy."""
    tree = ProcTree(tmp_path / "proc", model="AMD EPYC", virtual=True)
    sensor = TdpSensor(tree.procfs, tmp_path)
    sensor.discover()
    tree.run(0.0)
    idle = watts(sensor)["0"]
    tree.run(1.0)
    busy = watts(sensor)["0"]

    assert idle is not None
    assert busy is not None
    assert idle == pytest.approx(IDLE_SHARE * busy)


@given(ticks=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), min_size=2, max_size=2))
def test_power_never_exceeds_the_tdp(tmp_path_factory: pytest.TempPathFactory, ticks: list[tuple[int, int]]) -> None:
    """Whatever the ticks, a modelled part stays between its idle share and its TDP, so no reading is refused."""
    tree = ProcTree(tmp_path_factory.mktemp("machine") / "proc")
    sensor = TdpSensor(tree.procfs, tree.procfs)
    (series,) = sensor.discover()
    for cpu, (busy, idle) in enumerate(ticks):
        tree.spend(cpu, user=busy, idle=idle)

    for power in watts(sensor).values():
        assert power is not None
        assert IDLE_SHARE * series.max_watts <= power <= series.max_watts


def test_without_proc_stat_it_is_absent(tmp_path: Path) -> None:
    """A machine without /proc/stat has no utilisation to model from."""
    with pytest.raises(SensorAbsent):
        TdpSensor(tmp_path, tmp_path).discover()


def test_a_vanished_proc_stat_is_a_failure(tmp_path: Path) -> None:
    """What was there and is gone is counted as a failure and tried again."""
    tree = ProcTree(tmp_path / "proc")
    sensor = TdpSensor(tree.procfs, tmp_path)
    sensor.discover()
    (tree.procfs / "stat").unlink()

    with pytest.raises(SensorFailed):
        watts(sensor)


@pytest.mark.parametrize(
    ("model", "part"),
    [
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", Part(120, 28)),
        ("Intel(R) Xeon(R) Platinum 8480+", Part(350, 112)),
        ("INTEL(R) XEON(R) PLATINUM 8568Y+", Part(350, 96)),
        ("Intel(R) Xeon(R) Gold 6248R CPU @ 3.00GHz", Part(205, 48)),
        ("Intel(R) Xeon(R) Gold 6248 CPU @ 2.50GHz", Part(150, 40)),
        ("13th Gen Intel(R) Core(TM) i7-13700K", Part(125, 24)),
        ("AMD EPYC 7763 64-Core Processor", Part(280, 128)),
        ("AMD EPYC 7702P 64-Core Processor", Part(200, 128)),
        ("AMD Ryzen 9 5950X 16-Core Processor", Part(105, 32)),
        ("AMD Ryzen Threadripper PRO 3995WX 64-Cores", Part(280, 128)),
        ("AMD EPYC 7B13", None),
        ("Intel(R) Xeon(R) Processor @ 2.60GHz", None),
        ("", None),
    ],
)
def test_parts_are_found_by_the_names_kernels_print(model: str, part: Part | None) -> None:
    """Trademarks, clocks and core counts around a part's name do not hide it, and no part is guessed."""
    assert part_of(model) == part


@pytest.mark.parametrize("model", ["AMD EPYC", "Arm Neoverse-N1", "Ampere-1", "Intel(R) Core(TM) i3-1", "who knows"])
def test_every_family_has_watts_and_a_source(model: str) -> None:
    """What a thread is taken for is always told."""
    per_thread, stands_for = watts_per_thread(model)

    assert 1 <= per_thread <= 8
    assert stands_for.startswith("as ")
