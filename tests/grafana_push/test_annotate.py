"""`joulecast grafana annotate` from a real exporter: one region per finished interval, whatever its names hold."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from doubles.ended_intervals import done, tags
from doubles.exporter_process import ExporterProcess
from doubles.grafana_server import GrafanaServer

from joulecast.client.readable import joules_text
from joulecast.dashboards import shipped
from joulecast.v1 import energy_pb2 as pb

Annotate = Callable[..., Any]


def test_each_finished_interval_is_one_region(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str
) -> None:
    """From its begin to its end, on every dashboard, with the joules that the exporter tells; an open one is none."""
    kept = [done(exporter.workload, name="train", job=job, phase="training", labels={"epoch": str(n)}) for n in (1, 2)]
    still_open, _ = exporter.workload.begin(name="open", job=job)

    ended = annotate()

    exporter.workload.end(still_open)
    assert (ended.code, ended.err) == (0, "2 annotated\n")
    assert len(grafana.annotations) == 2
    for interval, region in zip(kept, grafana.annotations, strict=True):
        assert (region["dashboardId"], region["panelId"]) == (0, None)
        assert region["time"] == pytest.approx(interval.begin_time.ToMilliseconds(), abs=1)
        assert region["timeEnd"] == pytest.approx(max(interval.end_time.ToMilliseconds(), region["time"] + 1), abs=1)
        assert region["timeEnd"] > region["time"]
        hostname = exporter.workload.call("DescribeNode", pb.DescribeNodeRequest()).hostname
        told = ["joulecast", f"interval:{interval.interval_id}", f"job:{job}", "phase:training", f"node:{hostname}"]
        assert region["tags"] == told
        joules = joules_text(interval.node.gross_joules, interval.node.uncertainty_joules)
        assert f"train (job {job}, phase training)\n{joules} gross (" in region["text"]
        assert f"epoch={interval.labels['epoch']}" in region["text"]


def test_dashboards_ask_for_the_tag() -> None:
    """Every shipped dashboard shows annotations that have the tag, and no others."""
    for name, text in shipped().items():
        (query,) = json.loads(text)["annotations"]["list"]
        assert (name, query["target"]["tags"], query["enable"]) == (name, ["joulecast"], True)
        assert query["target"]["type"] == "tags"


def test_twice_is_once(grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str) -> None:
    """A second run finds the tags and posts nothing, and says so."""
    done(exporter.workload, job=job)
    annotate()
    grafana.writes.clear()

    ended = annotate()

    assert (ended.code, ended.err, grafana.writes) == (0, "nothing annotated, 1 there already\n", [])


def test_a_cursor_file_goes_on(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str, tmp_path: Path
) -> None:
    """What is dealt with is not asked about again; what was open then and what is new since are marked."""
    file = str(tmp_path / "cursor.json")
    first = done(exporter.workload, job=job)
    open_then, _ = exporter.workload.begin(name="long", job=job)
    assert annotate("--cursor-file", file).err == "1 annotated\n"
    exporter.workload.end(open_then)
    long = exporter.workload.settled(open_then)
    new = done(exporter.workload, job=job)
    grafana.requests.clear()

    assert annotate("--cursor-file", file).err == "2 annotated\n"

    assert tags(grafana) == [f"interval:{each.interval_id}" for each in (first, long, new)]
    assert not [path for _, path, _ in grafana.requests if first.interval_id in path]
    assert annotate("--cursor-file", file).err == "nothing annotated\n"


def test_a_dry_run_posts_nothing(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str, tmp_path: Path
) -> None:
    """It tells what it would, and leaves the cursor where it was."""
    interval = done(exporter.workload, job=job)
    file = tmp_path / "cursor.json"

    ended = annotate("--dry-run", "--cursor-file", str(file))

    assert f"would annotate  {interval.interval_id}" in ended.out
    assert (ended.err, grafana.annotations, file.exists()) == ("1 would be annotated\n", [], False)


def test_filters_and_json(grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str) -> None:
    """Only what matches is marked, and each line is an object with the exporter's joules."""
    wanted = done(exporter.workload, job=job, phase="training")
    done(exporter.workload, job=job, phase="inference")

    ended = annotate("--phase", "training", "--json")

    told = json.loads(ended.out)
    assert (told["interval_id"], told["annotated"]) == (wanted.interval_id, True)
    assert told["gross_joules"] == wanted.node.gross_joules
    assert tags(grafana) == [f"interval:{wanted.interval_id}"]
    assert annotate("--since", "2030-01-01").err == "nothing annotated\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>&amp;',
        "a:b,c={d}&e=f#g?h/i%j",
        "😀" * 128,
        "<" * 128,
        "x" * 128,
        "[link](javascript:alert(1))",
        "  spaces  ",
        "\\\"'`$(id)",
    ],
)
def test_hostile_names(
    grafana: GrafanaServer, joulecast: Callable[..., Any], exporter: ExporterProcess, hostile: str
) -> None:
    """They are text on a graph, within Grafana's limits, and never twice; nothing of theirs is markup."""
    labels = {f"<b>{'k' * 50}{number:02d}": "<i>" * 80 for number in range(32)}
    name = hostile[:100] + uuid4().hex[:20]
    interval = done(exporter.workload, name=name, job=hostile, phase=hostile, labels=labels)

    for _ in range(2):
        ended = joulecast("annotate", grafana.url, "--address", exporter.grpc, "--job", hostile, "--name", name)
        assert ended.code == 0, ended.err

    (region,) = grafana.annotations
    assert f"interval:{interval.interval_id}" in region["tags"]
    assert "<" not in region["text"]
    assert len(region["text"]) < 10_000
