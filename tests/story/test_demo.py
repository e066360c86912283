"""The demonstration as a person sees it: it moves, says everywhere that it is a replay, and leaves nothing behind."""

import json
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from doubles.awaiting import until
from doubles.demo_process import COMMAND, CURTAIN, MOVING, DemoProcess, is_alive
from doubles.prometheus import needs_prometheus
from doubles.scrape import Scrape

from joulecast.demo.moving import PHASES
from joulecast.demo.round import CHAT_GPUS, HELD_GPUS

ENERGY = "joulecast_interval_energy_joules_total"
needs_setpriv = pytest.mark.skipif(shutil.which("setpriv") is None, reason="no `setpriv` on PATH (util-linux)")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DemoProcess]:
    """One that moves, and leaves nothing behind."""
    with DemoProcess(tmp_path_factory.mktemp("demo")) as process:
        process.says(MOVING)
        yield process
        ended_by(process, signal.SIGTERM)


def test_energy_is_split_by_phase_and_most_of_it_is_inference(demo: DemoProcess) -> None:
    """Every phase of several jobs has joules, in the order of a pipeline in production, and none is measured here."""
    joules = dict.fromkeys(map(str, PHASES), 0.0)
    for sample in Scrape(demo.get("its metrics")).samples(ENERGY):
        if sample.labels["phase"]:
            joules[sample.labels["phase"]] += sample.value

    data, training, inference = (joules[phase] for phase in PHASES)
    assert 0 < data < training < inference
    assert 0.5 < inference / sum(joules.values()) < 0.9


def test_jobs_nest_count_and_have_net_energy(demo: DemoProcess) -> None:
    """An epoch's parts carry job and phase, the epoch itself none, so that no joule is summed twice by phase."""

    def ended() -> list[Any]:
        intervals: list[Any] = json.loads(demo.get("the same as JSON"))["intervals"]["ended"]
        return intervals

    until(lambda: any(interval["name"] == "epoch" for interval in ended()), 60.0)
    intervals = ended()
    assert {interval["job"] for interval in intervals} >= {"chat", "resnet50", "vision"}
    assert any(interval["counts"].get("output_token") for interval in intervals)
    epochs = [interval for interval in intervals if interval["name"] == "epoch"]
    assert all(not interval["phase"] and not interval["job"] for interval in epochs)
    settled = [interval for interval in intervals if interval["gross_joules"] is not None]
    assert settled
    assert all(interval["net_joules"] is not None for interval in settled)


def test_everything_says_that_it_is_a_replay(demo: DemoProcess) -> None:
    """The command, the page, its JSON and each scrape: nobody can take these joules for a machine's."""
    scrape = Scrape(demo.get("its metrics"))

    assert "REPLAY" in demo.output
    assert "Replay, not this machine." in demo.get("the node's page")
    assert json.loads(demo.get("the same as JSON"))["replaying"] == "demo (simulated)"
    assert scrape.value("joulecast_replay_info", capture="demo (simulated)") == 1
    assert all("(simulated)" in sample.labels["model"] for sample in scrape.samples("joulecast_gpu_info"))


def test_the_played_pods_have_their_bill(demo: DemoProcess) -> None:
    """Who served pays for its GPUs; who holds one and runs nothing is told so; footprints are shown."""
    scrape = Scrape(demo.get("its metrics"))
    energy, idle = "joulecast_container_energy_joules_total", "joulecast_container_gpu_allocated_idle_joules_total"

    assert (scrape.value(energy, pod="chat-llama-8b", component="gpu") or 0.0) > 0
    held, used = scrape.value(idle, pod="notebook-ada"), scrape.value(energy, pod="notebook-ada", component="gpu")
    assert held is not None
    assert used is not None
    assert used < 0.1 * held  # it runs nothing: what is above idle is noise
    assert len(scrape.samples("joulecast_gpu_info")) == len(CHAT_GPUS) + 1 + 2 + len(HELD_GPUS)
    assert scrape.value("joulecast_electricity_price_per_kwh", currency="EUR") == 0.2
    assert "CO" in demo.get("the node's page")


def test_the_predictor_is_asked(demo: DemoProcess) -> None:
    """Its own metrics count the planner's questions."""
    requests = "joulecast_predictor_requests_total"
    until(lambda: Scrape(demo.get("the predictor's")).value(requests, code="OK", method="Predict"))


@needs_prometheus
def test_prometheus_has_both(demo: DemoProcess) -> None:
    """The exporter and the predictor are up, and joules by phase can be asked for."""
    until(lambda: {one["metric"]["job"] for one in demo.query("up==1")} == {"joulecast", "joulecast-predictor"})
    until(lambda: {one["metric"].get("phase") for one in demo.query(f"sum+by(phase)({ENERGY})")} >= {*PHASES})
    assert demo.query("joulecast_replay_info")
    for row in ("power by device", "joules by phase"):
        assert "<title>Prometheus" in demo.get(row)
    assert json.loads(demo.get("alerts"))["status"] == "success"


def ended_by(demo: DemoProcess, number: signal.Signals) -> None:
    """A signal ends it: no process and no file is left, and that is no failure."""
    children = demo.children()
    assert list(demo.scratch.iterdir())
    demo.signal(number)
    assert demo.wait() == 0
    assert not [name for name, pid in children.items() if is_alive(pid)]
    assert not list(demo.scratch.iterdir())
    assert "nothing of it is left behind" in demo.output
    assert "Traceback" not in demo.output


@pytest.mark.parametrize(
    ("number", "moment", "running"),
    [
        (signal.SIGTERM, "predictor    ready", {"exporter", "predictor"}),
        (signal.SIGHUP, "exporter     ready", {"exporter"}),
    ],
)
def test_a_signal_ends_everything(tmp_path: Path, number: signal.Signals, moment: str, running: set[str]) -> None:
    """At any moment of its start, too."""
    with DemoProcess(tmp_path, moment=moment) as demo:
        assert demo.children().keys() >= running
        ended_by(demo, number)


@pytest.mark.parametrize(
    ("name", "moment"),
    [("exporter", "exporter     ready"), ("predictor", "predictor    ready"), ("workload", CURTAIN)],
)
def test_a_part_that_dies_is_named(tmp_path: Path, name: str, moment: str) -> None:
    """Which one and by what; the others end with it, and files go."""
    with DemoProcess(tmp_path, moment=moment) as demo:
        children = demo.children()
        os.kill(children[name], signal.SIGKILL)
        assert demo.wait() == 1
        assert not [other for other, pid in children.items() if is_alive(pid)]
        assert not list(demo.scratch.iterdir())

    assert f"joulecast: the {name} ended by SIGKILL" in demo.output


@needs_setpriv
def test_a_killed_demo_takes_its_processes_along(tmp_path: Path) -> None:
    """Even without a chance to end them."""
    with DemoProcess(tmp_path, moment="predictor    ready") as demo:
        children = demo.children()
        demo.signal(signal.SIGKILL)
        demo.wait()

    until(lambda: not [name for name, pid in children.items() if is_alive(pid)])


def test_on_a_poor_machine_the_rest_goes_on_until_ctrl_c(tmp_path: Path) -> None:
    """Without Prometheus, which it tells how to have; and where a socket's path would be too long, by the port."""
    programs, long = tmp_path / "bin", tmp_path / ("long" * 25)
    programs.mkdir()
    long.mkdir()
    with DemoProcess(tmp_path, path=str(programs), scratch=long) as demo:
        assert "prometheus   is not installed here" in demo.output
        assert demo.children().keys() == {"exporter", "predictor", "workload"}
        ended_by(demo, signal.SIGINT)


def test_a_taken_port_is_one_line() -> None:
    """It names the port, what it is for, and the way out, before anything is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        first = str(port - 2)
        done = subprocess.run([COMMAND, "demo", "--first-port", first], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("joulecast: port ")
    assert "--first-port" in line


@pytest.mark.parametrize("port", ["-1", "65533", "70000"])
def test_ports_that_are_none_are_refused(port: str) -> None:
    """Before anything is started."""
    done = subprocess.run([COMMAND, "demo", "--first-port", port], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert "begins no row of 5 ports" in done.stderr
