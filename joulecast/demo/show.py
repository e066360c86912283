"""One run of the demonstration: what is started in which order, and what a person is told."""

import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from joulecast.cli.progress import ProgressLine
from joulecast.cli.table import Column, rendered
from joulecast.demo.moving import answer, motion
from joulecast.demo.places import HOST, Places, url
from joulecast.demo.processes import Company
from joulecast.demo.scraping import prometheus_command
from joulecast.errors import JoulecastError

_JOULECAST = (sys.executable, "-P", "-m", "joulecast")
_WORKLOAD = (sys.executable, "-P", "-m", "joulecast.demo.workload")
# Figures for the page to have some; it says itself whose they are.
_RATES = ("--carbon-zone", "DE", "--electricity-price", "0.20", "--currency", "EUR", "--pue", "1.2")
_READY_SECONDS = 120.0  # on a slow machine
_IDLE_SECONDS = 5.0
# As every release of Prometheus understands it, Debian's with its older pages too.
_GRAPH = "/graph?g0.expr={}&g0.tab=0&g0.range_input=5m"
_PHASES = "sum+by(phase)(joulecast_interval_energy_joules_total%7Bphase!=%22%22%7D)"
_ESTIMATE = 'joulecast predict generative --device "H100 SXM" --parameters 8e9 --rps 1:40 --output-tokens 300'
_COLUMNS = (Column("look at"), Column("where"))
_LONGEST_SOCKET = 107  # bytes of a path, says Linux
_POLL_SECONDS = 0.05
_WATCH_SECONDS = 1.0


class Stopped(Exception):
    """Somebody wants the demo to end."""


class Show:
    """Starts everything and watches it."""

    def __init__(
        self, company: Company, directory: Path, chosen: Places, stopped: threading.Event, stream: TextIO
    ) -> None:
        """State, socket, logs and the store of Prometheus go to `directory`; people read `stream`."""
        self._company = company
        self._directory = directory
        self._places = chosen
        self._stopped = stopped
        self._stream = stream
        self._progress = ProgressLine(stream)
        socket = directory / "joulecast.sock"
        short = len(os.fsencode(socket)) <= _LONGEST_SOCKET
        self._address = f"unix://{socket}" if short else f"{HOST}:{chosen.energy}"

    def run(self) -> None:
        """Until stopped, which raises Stopped. Raises JoulecastError when a part of it ends by itself."""
        started = time.monotonic()
        self._say(
            "Joulecast, demonstrated on a REPLAY: a simulated node of eight GPUs. Nothing below is this machine.", ""
        )
        try:
            self._raise_curtain()
            self._say("", *self._where_to_look(), "", "Ctrl-C ends it all.")
            self._watch(started)
        finally:
            self._progress.clear()

    def _raise_curtain(self) -> None:
        """Servers first; idle power while the played machine still idles; then the workload."""
        ports = self._places
        self._start("exporter", self._exporter(), ports.page)
        began = time.monotonic()
        idle = self._company.start("idle", self._idle(), lasting=False)
        self._start("predictor", self._predictor(), ports.predictor)
        prometheus = prometheus_command(self._directory, ports)
        if prometheus is not None:
            self._start("prometheus", prometheus, ports.prometheus)
        else:
            self._say(
                "  prometheus   is not installed here (Debian: apt-get install prometheus); the rest goes without"
            )
        self._await("measuring idle power", lambda: idle.status is not None)
        if idle.status == 0:
            self._say(f"  idle power   measured for {_IDLE_SECONDS:.0f} s, so that net energy is known")
        else:
            self._say("  idle power   could not be measured: net energy is known once it is learnt")
        workload = [*_WORKLOAD, "--address", self._address, "--predictor", f"{HOST}:{ports.predictions}"]
        self._company.start("workload", [*workload, "--began", f"{began:.3f}"])
        self._say("  workload     tags data, training and inference from now on")

    def _watch(self, started: float) -> None:
        told = False
        while True:
            now = motion(answer(self._places.page, "/metrics") or "")
            self._progress.show(f"joulecast: {now.text()}")
            if now.is_whole and not told:
                told = True
                self._progress.clear()
                self._say(f"Everything moves after {time.monotonic() - started:.0f} s: {now.text()}")
            self._pause(_WATCH_SECONDS)

    def _start(self, name: str, command: Sequence[str], port: int) -> None:
        begun = time.monotonic()
        self._company.start(name, command)
        self._await(f"starting the {name}", lambda: answer(port, "/-/ready") is not None)
        self._say(f"  {name:<12} ready after {time.monotonic() - begun:.1f} s")

    def _await(self, what: str, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        self._progress.show(f"joulecast: {what} ...")
        while not condition():
            if time.monotonic() > deadline:
                raise JoulecastError(f"{what} takes longer than {_READY_SECONDS:.0f} s", "try a machine less busy")
            self._pause(_POLL_SECONDS)
        self._progress.clear()

    def _pause(self, seconds: float) -> None:
        """Let time pass while everything runs."""
        if self._stopped.wait(seconds):
            raise Stopped
        self._company.check()

    def _exporter(self) -> list[str]:
        ports, state = self._places, self._directory / "state"
        energy = dict.fromkeys((self._address, f"{HOST}:{ports.energy}"))
        doors = ["--listen", f"{HOST}:{ports.page}", "--grpc", ",".join(energy)]
        machine = ["--replay", "demo", "--node", "demo-replay", "--state-dir", str(state), "--period", "0.5"]
        return [*_JOULECAST, "exporter", *machine, *doors, *_RATES]

    def _predictor(self) -> list[str]:
        ports = self._places
        return [
            *_JOULECAST,
            "predictor",
            "--grpc",
            f"{HOST}:{ports.predictions}",
            "--listen",
            f"{HOST}:{ports.predictor}",
        ]

    def _idle(self) -> list[str]:
        return [*_JOULECAST, "idle", "--seconds", str(_IDLE_SECONDS), "--address", self._address, "--json"]

    def _where_to_look(self) -> list[str]:
        ports = self._places
        energy, predictor = f"{HOST}:{ports.energy}", f"{HOST}:{ports.predictions}"
        sights = [
            ("the node's page", url(ports.page)),
            ("the same as JSON", url(ports.page, "/api/v1/node")),
            ("its metrics", url(ports.page, "/metrics")),
            ("the predictor's", url(ports.predictor, "/metrics")),
        ]
        if self._company.runs("prometheus"):
            sights += [
                ("power by device", url(ports.prometheus, _GRAPH.format("joulecast_power_watts") + "&g0.stacked=1")),
                ("joules by phase", url(ports.prometheus, _GRAPH.format(_PHASES))),
                ("alerts", url(ports.prometheus, "/api/v1/alerts")),
            ]
        sights += [
            ("what has ended", f"joulecast intervals list --address {energy}"),
            ("one of yours", f"joulecast run --address {energy} -- sleep 5"),
            ("an estimate", f"{_ESTIMATE} --address {predictor}"),
        ]
        return rendered(_COLUMNS, sights)

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._stream.write(f"{line}\n")
        self._stream.flush()
