"""The parts of the demonstration: its ports and processes, what is told to whom, and the times of a round."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from doubles.clock import FakeClock
from doubles.prometheus import needs_promtool

from joulecast.demo.moving import Motion, motion
from joulecast.demo.places import Places, places
from joulecast.demo.processes import Company, Ended
from joulecast.demo.round import CYCLE_SECONDS, IDLE_SECONDS, ROUND_SECONDS, is_busy, is_loading
from joulecast.demo.scraping import RULES, configured
from joulecast.demo.workload import Node
from joulecast.errors import JoulecastError
from joulecast.version import __version__

PLACES = Places(19877, 19878, 19879, 19880, 19881)
SCRAPE = """\
joulecast_node_power_watts{provenance="measured"} 3210.4
joulecast_interval_energy_joules_total{component="cpu",job="chat",phase="inference",provenance="measured"} 600.0
joulecast_interval_energy_joules_total{component="gpu",job="chat",phase="inference",provenance="measured"} 100.0
joulecast_interval_energy_joules_total{component="cpu",job="",phase="",provenance="measured"} 5000.0
joulecast_interval_energy_joules_total{component="cpu",job="a",phase="training",provenance="measured"} 200.0
joulecast_interval_energy_joules_total{component="cpu",job="a",phase="data",provenance="measured"} 100.0
joulecast_intervals_total{job="chat",phase="inference",status="finished"} 4.0
joulecast_intervals_total{job="a",phase="data",status="finished"} 1.0
"""


def test_a_scrape_is_told_in_a_line() -> None:
    """Power, how many intervals have ended, and the shares of phases; what carries no phase is in no share."""
    told = motion(SCRAPE)

    assert told.text() == "3,210 W, 5 intervals ended: data 10%, training 20%, inference 70%"
    assert told.is_whole


def test_nothing_known_is_told_as_nothing_known() -> None:
    """Before the first reading there is no power, and no share of nothing."""
    assert motion("").text() == "power is not known yet, 0 intervals ended"
    assert not motion("").is_whole
    assert not Motion(1.0, 1, {"training": 5.0, "inference": 5.0}).is_whole


@needs_promtool
@pytest.mark.parametrize("rules", [RULES, Path("/nowhere")], ids=["rules", "no rules"])
def test_prometheus_takes_its_configuration(tmp_path: Path, rules: Path) -> None:
    """Both services are scraped, with the rules of the clone where there are any."""
    file = tmp_path / "prometheus.yml"
    file.write_text(configured(PLACES, rules))
    done = subprocess.run(["promtool", "check", "config", str(file)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr
    assert ("rule files found" in done.stdout) == rules.is_dir()
    assert '"127.0.0.1:19877"' in file.read_text()
    assert '"127.0.0.1:19880"' in file.read_text()


def test_free_ports_are_five() -> None:
    """Asked for any, it takes ports that can be listened on, each once."""
    chosen = places(0)

    assert len(set(chosen)) == 5
    for port in chosen:
        socket.create_server(("127.0.0.1", port)).close()


def test_a_taken_port_is_named_with_its_door() -> None:
    """The third of the row is that of predictions."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(JoulecastError, match=r"port \d+, the demo's \w+, cannot be had") as refusal:
            places(port - 2)
    assert "--first-port" in refusal.value.remedy


def test_work_starts_on_whole_cycles_and_never_in_idle_time() -> None:
    """A start that would reach into the idle end of a round waits for the next one."""
    clock = FakeClock()
    began = clock.monotonic()
    node = WaitingNode(began, clock)
    starts = node.starts(CYCLE_SECONDS, CYCLE_SECONDS)
    seconds = []
    for _ in range(9):
        next(starts)
        seconds.append(clock.monotonic() - began)
        clock.advance(CYCLE_SECONDS)

    assert seconds[:2] == pytest.approx([IDLE_SECONDS, IDLE_SECONDS + CYCLE_SECONDS])
    assert seconds[8] == pytest.approx(ROUND_SECONDS + IDLE_SECONDS)
    assert all(is_loading(second % ROUND_SECONDS + 0.001) for second in seconds)
    assert not is_busy(seconds[7] + CYCLE_SECONDS)


class WaitingNode(Node):
    """Its waits are steps of a clock."""

    def __init__(self, began: float, clock: FakeClock) -> None:
        super().__init__(began, clock.monotonic, threading.Event())
        self._clock = clock

    def wait(self, seconds: float) -> bool:
        """Time passes at once."""
        self._clock.advance(max(0.0, seconds))
        return True


def test_the_last_words_of_a_process_are_told(tmp_path: Path) -> None:
    """Its status, and the end of its log; the company takes nobody along who has ended."""
    with Company(tmp_path) as company:
        process = company.start("helper", [sys.executable, "-c", "print('no such sensor'); raise SystemExit(3)"])
        process.wait()
        assert not company.runs("helper")
        with pytest.raises(Ended, match=r"(?s)the helper ended with status 3: it said last:\n  no such sensor"):
            company.check()


def test_a_process_that_ignores_its_end_is_killed(tmp_path: Path) -> None:
    """It has a moment, and no more."""
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); signal.pause()"
    with Company(tmp_path, patience=0.2) as company:
        process = company.start("stubborn", [sys.executable, "-c", stubborn])
        while "up" not in (tmp_path / "stubborn.log").read_text():
            assert process.status is None
    assert process.status == -9


def test_the_command_is_a_module_too() -> None:
    """For where its script is not on PATH."""
    done = subprocess.run(
        [sys.executable, "-P", "-m", "joulecast", "--version"], capture_output=True, text=True, check=False
    )

    assert done.stdout == f"joulecast {__version__}\n"
