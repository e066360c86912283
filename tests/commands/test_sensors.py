"""The doctor: what it finds on machines with and without sensors, how it tells it, and the captures it records."""

import io
import json
import re
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.clock import FakeClock
from doubles.procfs import ProcTree
from doubles.sysfs import PowercapTree, public_directory, unprivileged

from exporter.commands.diagnosis import LOOK_SECONDS, Diagnosis, Glance, diagnose, present_watts
from exporter.commands.diagnosis_text import WIDTH, render
from exporter.commands.recording import record
from exporter.commands.sensors import add_arguments, as_json, run, wants_colour
from exporter.sensors.capture import Capture
from exporter.sensors.inventory import Inventory, take_inventory
from exporter.sensors.nvml.library import NvmlLibrary
from exporter.sensors.sensor import Missed, Quantity, Reading, Series
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance

COLOUR = re.compile(r"\033\[\d*m")


class Terminal(io.StringIO):
    """A stream that a person looks at."""

    def isatty(self) -> bool:
        """Yes."""
        return True


def no_driver() -> Any:
    """Stands for a Python without NVML bindings, so that a GPU under the tests' own desk does not show up."""
    raise ImportError


def machine(root: Path) -> Inventory:
    """What would be asked on the machine whose trees are below `root`."""
    return take_inventory(root / "sys", root / "proc", library=NvmlLibrary(no_driver))


def look(inventory: Inventory, meanwhile: Callable[[], None] = lambda: None) -> Diagnosis:
    """Diagnose, with `meanwhile` happening between the two looks."""
    clock = FakeClock()

    def pause(seconds: float) -> None:
        clock.advance(seconds)
        meanwhile()

    return diagnose(inventory, clock, pause)


def by_component(diagnosis: Diagnosis) -> dict[str, float | None]:
    """Watts of the parts of node power."""
    return {row.series.key.component.value: row.watts for row in diagnosis.counted}


def status(diagnosis: Diagnosis) -> dict[str, str]:
    """What became of each sensor."""
    return {finding.sensor: finding.status for finding in diagnosis.findings}


@pytest.fixture
def vm(tmp_path: Path) -> ProcTree:
    """A cloud machine: no sensor, no SMBIOS, and a CPU that does not tell what it is."""
    return ProcTree(tmp_path / "proc", model="AMD EPYC", memory_kib=16 * 2**20, virtual=True)


def test_a_machine_without_sensors_has_predicted_power(vm: ProcTree) -> None:
    """No counter, no meter, an unknown CPU: CPU and DRAM are predicted, more than zero, and it is no error."""
    diagnosis = look(machine(vm.procfs.parent), lambda: vm.run(0.5))
    seen = by_component(diagnosis)

    assert status(diagnosis) == {
        "rapl": "absent", "nvml": "absent", "hwmon": "absent", "predicted": "found", "dimm": "found", "tdp": "found"
    }  # fmt: skip
    assert {row.series.provenance for row in diagnosis.counted} == {Provenance.PREDICTED}
    assert seen["cpu"] is not None
    assert seen["dram"] is not None
    assert 4.375 * 0.4 < seen["cpu"] < 4.375  # of a part of 280 W, 2 of 128 threads, half busy
    assert 16 * 0.05 < seen["dram"] < 16 * 0.12  # 16 GiB between idle and busy
    assert diagnosis.node_watts == pytest.approx(seen["cpu"] + seen["dram"])


def test_an_unreadable_machine_is_a_finding_too(tmp_path: Path) -> None:
    """With neither /sys nor /proc every sensor is absent, node power is unknown and not zero, and the page says so."""
    diagnosis = look(machine(tmp_path))

    assert set(status(diagnosis).values()) == {"absent"}
    assert (diagnosis.node_watts, diagnosis.node_provenance) == (None, None)
    assert "nothing to add" in render(diagnosis, colour=False)


def test_rapl_is_measured_and_models_step_back(vm: ProcTree) -> None:
    """Two packages and their memory by RAPL: watts over the look, and the models are found and not used."""
    root = vm.procfs.parent
    tree = PowercapTree.server(root / "sys", sockets=2)
    burnt = {"package-0": 120.0, "package-1": 80.0, "package-0/dram": 9.0, "package-1/dram": 7.0}
    diagnosis = look(machine(root), lambda: tree.burn({zone: watts * LOOK_SECONDS for zone, watts in burnt.items()}))

    assert {row.series.sensor for row in diagnosis.counted} == {"rapl"}
    assert diagnosis.node_watts == pytest.approx(216.0)
    assert diagnosis.node_provenance is Provenance.MEASURED
    assert {row.series.sensor for row in diagnosis.rows if not row.choice.metered} == {"predicted", "dimm", "tdp"}
    page = render(diagnosis, colour=False)
    assert "DIMM model not used: RAPL has a dram zone" in page
    assert re.search(r"node +216\.0 W +measured", page)


def test_a_denied_counter_comes_with_its_remedy() -> None:
    """Root's counters: the doctor says denied and how to grant it, and why the model stands in meanwhile."""
    with public_directory() as root:
        ProcTree(root / "proc")
        PowercapTree.server(root / "sys").deny()
        with unprivileged():
            diagnosis = look(machine(root))
    page = " ".join(render(diagnosis, colour=False).split())

    assert status(diagnosis)["rapl"] == "denied"
    assert "RAPL may be better, but access is denied" in page
    assert next(finding.remedy for finding in diagnosis.findings if finding.sensor == "rapl")[:30] in page


def test_a_sensor_that_fails_during_the_look_is_told(vm: ProcTree) -> None:
    """A counter that vanishes between the looks: no watts for it, the reason beside it, and no sum without it."""
    root = vm.procfs.parent
    tree = PowercapTree.server(root / "sys", sockets=1, dram=False)
    diagnosis = look(machine(root), lambda: tree.remove("package-0"))

    (row,) = [row for row in diagnosis.counted if row.series.sensor == "rapl"]
    assert row.watts is None
    assert row.problem
    assert diagnosis.node_watts is None
    assert "".join(row.problem.split()) in "".join(render(diagnosis, colour=False).split())


def test_the_demo_is_told_as_what_it_is() -> None:
    """A simulated capture is named on the page before any figure, and again beside each of them."""
    page = render(look(take_inventory(Path(), Path(), replay=Capture.load(Path("demo")))), colour=False)

    assert "Replaying capture demo (simulated): nothing below is this machine." in page
    assert page.count("(simulated)") >= 9
    assert re.search(r"gpu 1 +74\.\d W +±5% +measured", page)


@pytest.mark.parametrize("colour", [False, True])
def test_a_page_fits_its_width(vm: ProcTree, *, colour: bool) -> None:
    """No line is wider than the page, whatever the names; colours add no width."""
    root = vm.procfs.parent
    PowercapTree.server(root / "sys", sockets=4, psys=True)
    pages = [look(machine(root)), look(take_inventory(root, root, replay=Capture.load(Path("demo"))))]

    for diagnosis in pages:
        page = render(diagnosis, colour=colour)
        assert max(len(line) for line in COLOUR.sub("", page).splitlines()) <= WIDTH
        assert bool(COLOUR.search(page)) is colour
        assert COLOUR.sub("", page) == render(diagnosis, colour=False)


def test_json_says_all_that_the_page_says(vm: ProcTree) -> None:
    """Programs get every series with its choice and watts, every sensor with its remedy, and null for unknown."""
    document = json.loads(json.dumps(as_json(look(machine(vm.procfs.parent)))))

    assert document["cpu"] == {"model": "AMD EPYC", "sockets": 1, "logical_cpus": 2}
    assert document["node"] == {"watts": None, "provenance": "predicted"}
    cpu = next(series for series in document["series"] if series["component"] == "cpu")
    assert (cpu["watts"], cpu["problem"]) == (None, "no reading during the look")
    assert (cpu["sensor"], cpu["counted"], cpu["provenance"]) == ("predicted", True, "predicted")
    assert [sensor["status"] for sensor in document["sensors"]] == ["absent"] * 3 + ["found"] * 3
    assert all(sensor["message"] for sensor in document["sensors"] if sensor["status"] == "absent")


COUNTER = Series(
    SeriesKey(Component.CPU, "0", "package"), "rapl", Provenance.MEASURED, Quantity.COUNTER, "file", 500.0, 1000.0
)


@pytest.mark.parametrize(
    ("before", "after", "watts"),
    [
        (Reading(COUNTER, joules=100.0), Reading(COUNTER, joules=150.0), 50.0),
        (Reading(COUNTER, joules=990.0), Reading(COUNTER, joules=40.0), 50.0),  # wrapped
        (Reading(COUNTER, joules=900.0), Reading(COUNTER, joules=10.0), 110.0),
        (Reading(COUNTER, joules=0.0), Reading(COUNTER, joules=900.0), None),  # more than it can draw
        (Reading(COUNTER, joules=100.0), Missed(COUNTER, "gone", "gone"), None),
        (Missed(COUNTER, "gone", "gone"), Reading(COUNTER, joules=100.0), None),
        (Missed(COUNTER, "gone", "gone"), Reading(COUNTER, joules=1.0, watts=42.0), 42.0),
    ],
)
def test_watts_from_two_looks(before: Reading | Missed, after: Reading | Missed, watts: float | None) -> None:
    """A power reading stands for itself; a counter needs two looks, and what is impossible is unknown."""
    assert present_watts(Glance(10.0, before), Glance(11.0, after)) == watts


def test_the_command_prints_and_succeeds(vm: ProcTree, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 0 on a machine without sensors, one JSON document on standard output, nothing on standard error."""
    parser = ArgumentParser()
    add_arguments(parser)
    root = vm.procfs.parent

    assert run(parser.parse_args(["--json", "--sysfs", str(root / "sys"), "--procfs", str(root / "proc")])) == 0

    out, err = capsys.readouterr()
    assert json.loads(out)["cpu"]["model"] == "AMD EPYC"
    assert err == ""


def test_this_machine_has_cpu_and_dram_power(capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever runs these tests, with sensors or without, has CPU and DRAM power that is known and not zero."""
    parser = ArgumentParser()
    add_arguments(parser)

    assert run(parser.parse_args(["--json"])) == 0

    series = json.loads(capsys.readouterr().out)["series"]
    watts = {one["component"]: one["watts"] for one in series if one["counted"]}
    assert watts["cpu"] > 0
    assert watts["dram"] > 0


@pytest.mark.parametrize(
    ("stream", "environment", "expected"),
    [
        (Terminal(), {}, True),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (io.StringIO(), {}, False),
    ],
)
def test_colours_are_for_people_who_want_them(
    stream: io.StringIO, environment: dict[str, str], *, expected: bool
) -> None:
    """Colours on a terminal only, and never against NO_COLOR."""
    assert wants_colour(stream, environment) is expected


@pytest.mark.parametrize("seconds", ["0", "-5", "1e9", "soon", "nan"])
def test_a_recording_has_a_sensible_length(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is no length between a second and a day is refused by name."""
    parser = ArgumentParser()
    add_arguments(parser)

    with pytest.raises(SystemExit):
        parser.parse_args(["--record", "x", "--seconds", seconds])
    assert "--seconds" in capsys.readouterr().err


def test_seconds_without_a_recording_are_a_mistake() -> None:
    """A length for nothing is told, rather than ignored."""
    parser = ArgumentParser()
    add_arguments(parser)

    with pytest.raises(JoulecastError, match="--record"):
        run(parser.parse_args(["--seconds", "5"]))


def test_a_recording_can_be_replayed(tmp_path: Path) -> None:
    """A server recorded at 10 Hz: what is used and shown is in the capture, models that are not used are not."""
    vm = ProcTree(tmp_path / "proc", model="AMD EPYC 7763 64-Core Processor")
    tree = PowercapTree.server(tmp_path / "sys", sockets=1, psys=True)
    clock, said = FakeClock(), io.StringIO()

    def pause(seconds: float) -> None:
        clock.advance(seconds)
        tree.burn({"package-0": 200.0 * seconds, "psys": 300.0 * seconds})
        vm.run(0.25)

    path = tmp_path / "server.jsonl.gz"

    assert record(path, machine(tmp_path), 5.0, clock=clock, pause=pause, progress=said) == 0

    capture = Capture.load(path)
    assert {series.sensor for series in capture.header.series} == {"rapl"}
    assert capture.header.simulated is False
    assert (capture.duration_seconds, capture.period_seconds) == pytest.approx((5.0, 0.1))
    replayed = look(take_inventory(tmp_path, tmp_path, replay=capture))
    assert replayed.cpus.model == "AMD EPYC 7763 64-Core Processor"
    assert by_component(replayed)["cpu"] == pytest.approx(200.0, rel=0.01)
    assert f"play them with --replay {path}" in said.getvalue()


def test_an_interrupted_recording_keeps_what_it_has(tmp_path: Path, vm: ProcTree) -> None:
    """Ctrl-C ends a recording early with the code that shells expect, and its capture is whole."""
    clock = FakeClock()
    pauses = 0

    def pause(seconds: float) -> None:
        nonlocal pauses
        pauses += 1
        if pauses > 20:
            raise KeyboardInterrupt
        clock.advance(seconds)
        vm.run(0.5)

    path = tmp_path / "early.jsonl"

    assert record(path, machine(tmp_path), 600.0, clock=clock, pause=pause, progress=io.StringIO()) == 130
    assert len(Capture.load(path).moments) == 21
    assert Capture.load(path).caveats == ()


def test_a_late_moment_is_not_caught_up(tmp_path: Path, vm: ProcTree) -> None:
    """A machine that stalls for a second leaves a gap of a second, not ten moments at once."""
    clock = FakeClock()
    stalls = iter([0.0] * 5 + [1.0] + [0.0] * 1000)

    def pause(seconds: float) -> None:
        clock.advance(seconds + next(stalls))
        vm.run(0.5)

    path = tmp_path / "stalled.jsonl"
    record(path, machine(tmp_path), 3.0, clock=clock, pause=pause, progress=io.StringIO())

    assert len(Capture.load(path).moments) == pytest.approx(21, abs=1)


def test_a_recording_overwrites_nothing(tmp_path: Path, vm: ProcTree) -> None:
    """An hour of recording is not lost to a repeated command line."""
    path = vm.procfs / "stat"

    with pytest.raises(JoulecastError, match="already there: name a new file"):
        record(path, machine(tmp_path), 5.0, clock=FakeClock(), pause=lambda _: None, progress=io.StringIO())


def test_a_recording_that_cannot_be_written_is_told(tmp_path: Path, vm: ProcTree) -> None:
    """A missing directory or a full disk is one line with the file's name."""
    path = vm.procfs / "no such directory" / "x.jsonl"

    with pytest.raises(JoulecastError, match=r"cannot write .*x\.jsonl \(No such file or directory\)"):
        record(path, machine(tmp_path), 5.0, clock=FakeClock(), pause=lambda _: None, progress=io.StringIO())


def test_nothing_to_record_is_told(tmp_path: Path) -> None:
    """A machine that tells nothing at all gives no empty capture."""
    with pytest.raises(JoulecastError, match="no sensor to record"):
        record(tmp_path / "x", machine(tmp_path), 5.0, clock=FakeClock(), pause=lambda _: None, progress=io.StringIO())
    assert not (tmp_path / "x").exists()


def test_progress_is_shown_on_a_terminal(tmp_path: Path, vm: ProcTree) -> None:
    """On a terminal one line is written over; the figures in it grow."""
    clock, said = FakeClock(), Terminal()

    def pause(seconds: float) -> None:
        clock.advance(seconds)
        vm.run(0.5)

    record(tmp_path / "x.jsonl", machine(tmp_path), 2.0, clock=clock, pause=pause, progress=said)

    assert sorted(set(re.findall(r"\d of 2 s", said.getvalue()))) == ["0 of 2 s", "1 of 2 s", "2 of 2 s"]
    assert said.getvalue().count("\n") == 1
