"""`joulecast grafana annotate --follow`: through outages of either side, until it is interrupted."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from doubles.awaiting import until
from doubles.ended_intervals import done, tags
from doubles.exporter_process import COMMAND, ExporterProcess
from doubles.grafana_server import TOKEN, GrafanaServer, Trouble
from doubles.quick_machine import quick_machine

Annotate = Callable[..., Any]


def test_follow_marks_intervals_as_they_finish(
    grafana: GrafanaServer, exporter: ExporterProcess, job: str, token_file: Path, tmp_path: Path
) -> None:
    """Also through an outage of Grafana, told once; Ctrl-C ends it, and a second life marks nothing twice."""
    command = [COMMAND, "grafana", "annotate", "--url", grafana.url, "--token-file", token_file, "--follow"]
    command += ["--address", exporter.grpc, "--job", job, "--every", "0.1", "--timeout", "1"]
    command += ["--cursor-file", tmp_path / "cursor.json"]
    said = tmp_path / "said"
    expected = []

    def one_more() -> None:
        expected.append(f"interval:{done(exporter.workload, name='step', job=job).interval_id}")

    def following() -> "subprocess.Popen[str]":
        with said.open("a") as out:
            return subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True)

    one_more()
    with following() as life:
        try:
            until(lambda: tags(grafana) == expected)
            one_more()
            until(lambda: tags(grafana) == expected)
            grafana.troubles.append(Trouble(503))
            one_more()
            seen = len(grafana.requests)
            until(lambda: len(grafana.requests) > seen + 3)
            grafana.troubles.clear()
            until(lambda: tags(grafana) == expected)
            until(lambda: said.read_text().count("annotated") == 3)
        finally:
            life.send_signal(signal.SIGINT)
            _, err = life.communicate(timeout=20)
    assert life.returncode == 130
    assert err.count("trying again") == 1
    assert "Traceback" not in err
    assert TOKEN not in said.read_text() + err

    one_more()
    with following() as life:
        try:
            until(lambda: len(grafana.annotations) > 3)
        finally:
            life.send_signal(signal.SIGINT)
            life.communicate(timeout=20)
    assert tags(grafana) == expected


def test_follow_outlives_the_exporter(grafana: GrafanaServer, token_file: Path, tmp_path: Path) -> None:
    """While it is away that is told once; what was open when it was killed is marked as well as what is new."""
    with ExporterProcess(
        tmp_path, "--replay", str(quick_machine(tmp_path / "quick.jsonl")), "--period", "0.1"
    ) as exporter:
        command = [COMMAND, "grafana", "annotate", "--url", grafana.url, "--token-file", token_file, "--follow"]
        command += ["--address", exporter.grpc, "--every", "0.1"]
        expected = {done(exporter.workload, job="a").interval_id}
        cut, _ = exporter.workload.begin(job="b")
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as life:
            try:
                exporter.until(lambda: len(tags(grafana)) == 1)
                exporter.kill()
                assert life.stderr is not None
                told = life.stderr.readline()
                exporter.start()
                exporter.workload.end(cut)
                expected |= {exporter.workload.settled(cut).interval_id, done(exporter.workload, job="c").interval_id}
                exporter.until(lambda: len(tags(grafana)) == 3, 60.0)
            finally:
                life.send_signal(signal.SIGINT)
                _, err = life.communicate(timeout=20)
    assert "no exporter answers" in told
    assert told.endswith("(trying again)\n")
    assert "Traceback" not in err
    assert {tag.removeprefix("interval:") for tag in tags(grafana)} == expected


def test_follow_ends_at_what_does_not_pass(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str
) -> None:
    """A token that is refused will be refused again: it is told, and the command ends."""
    done(exporter.workload, job=job)
    grafana.troubles.append(Trouble(401))

    ended = annotate("--follow", "--every", "0.1")

    assert ended.code == 1
    assert "does not accept this token" in ended.err
