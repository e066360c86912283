"""`joulecast grafana annotate` from a real exporter: one region per finished interval, whatever happens between."""

import json
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from doubles.awaiting import until
from doubles.exporter_process import COMMAND, ExporterProcess
from doubles.grafana_server import TOKEN, GrafanaServer, Trouble
from doubles.workload import Workload

from joulecast.client.readable import joules_text
from joulecast.dashboards import shipped
from joulecast.v1 import energy_pb2 as pb

Annotate = Callable[..., Any]


@pytest.fixture(scope="module")
def exporter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ExporterProcess]:
    """The real exporter on the shipped demo; every test has a job of its own on it."""
    with ExporterProcess(tmp_path_factory.mktemp("exporter"), "--replay", "demo", "--period", "0.1") as exporter:
        exporter.until(lambda: exporter.metrics().value("joulecast_node_power_watts", provenance="measured"))
        yield exporter


@pytest.fixture
def job() -> str:
    """A job that no other test has."""
    return f"job-{uuid4().hex}"


@pytest.fixture
def annotate(grafana: GrafanaServer, joulecast: Callable[..., Any], exporter: ExporterProcess, job: str) -> Annotate:
    """Annotate this test's job in the double."""
    return lambda *more: joulecast("annotate", grafana.url, "--address", exporter.grpc, "--job", job, *more)


def done(workload: Workload, **tag: Any) -> pb.Interval:
    """An interval of the machine's, ended and final."""
    return several(workload, 1, **tag)[0]


def several(workload: Workload, number: int, **tag: Any) -> list[pb.Interval]:
    """So many of them, settled together."""
    ids = []
    for _ in range(number):
        ids.append(workload.begin(**tag)[0])
        workload.end(ids[-1])
    return [workload.settled(request_id) for request_id in ids]


def tags(grafana: GrafanaServer) -> list[str]:
    """The intervals that are marked, by their tags, as often as they are."""
    return [tag for each in grafana.annotations for tag in each["tags"] if tag.startswith("interval:")]


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


def test_killed_between_the_post_and_the_cursor(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str, tmp_path: Path
) -> None:
    """With the cursor file as it was before the posts, nothing is posted again."""
    file = tmp_path / "cursor.json"
    done(exporter.workload, job=job)
    annotate("--cursor-file", str(file))
    before = file.read_bytes()
    done(exporter.workload, job=job)
    annotate("--cursor-file", str(file))
    file.write_bytes(before)

    assert annotate("--cursor-file", str(file)).err == "nothing annotated, 1 there already\n"
    assert len(grafana.annotations) == 2


def test_an_answer_that_got_lost_is_no_second_region(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str
) -> None:
    """Grafana kept it, and the connection broke before it said so."""
    done(exporter.workload, job=job)
    grafana.troubles.append(Trouble("lost", "POST", "/annotations", times=1))

    assert annotate().code == 1
    assert annotate().err == "nothing annotated, 1 there already\n"
    assert len(grafana.annotations) == 1


@pytest.mark.parametrize("how", [401, 403, 404, 500, "gateway", "hang", "html", "list", "login", "cut"])
def test_half_way(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str, how: int | str
) -> None:
    """What was marked before Grafana went is told, then the problem in one line; later the rest is marked."""
    several(exporter.workload, 3, job=job)
    grafana.troubles.append(Trouble(how, "GET", "/annotations", after=3))

    ended = annotate("--timeout", "0.3")

    assert ended.code == 1
    summary, problem = ended.err.splitlines()
    assert summary == f"{len(grafana.annotations)} annotated"
    assert ended.out.count("\n") == len(grafana.annotations) == 2
    assert problem.startswith("joulecast: ")
    grafana.troubles.clear()
    assert annotate().err == "1 annotated, 2 there already\n"
    assert len(set(tags(grafana))) == len(grafana.annotations) == 3


def test_a_token_that_cannot_read_posts_no_more_than_one(
    grafana: GrafanaServer, annotate: Annotate, exporter: ExporterProcess, job: str
) -> None:
    """Where posts are not found again every run would double them: the first one ends it, with what is missing."""
    several(exporter.workload, 3, job=job)
    grafana.blind = True

    ended = annotate()

    assert (ended.code, len(grafana.annotations)) == (1, 1)
    assert "is not found again: let the token's service account read annotations" in ended.err


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


def test_follow_marks_intervals_as_they_finish(
    grafana: GrafanaServer, exporter: ExporterProcess, job: str, token_file: Path, tmp_path: Path
) -> None:
    """Also through an outage of Grafana, told once; Ctrl-C ends it, and a second life marks nothing twice."""
    command = [COMMAND, "grafana", "annotate", "--url", grafana.url, "--token-file", token_file, "--follow"]
    command += ["--address", exporter.grpc, "--job", job, "--every", "0.1", "--timeout", "1"]
    command += ["--cursor-file", tmp_path / "cursor.json"]
    expected = []

    def one_more() -> None:
        expected.append(f"interval:{done(exporter.workload, name='step', job=job).interval_id}")

    def following() -> "subprocess.Popen[str]":
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

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
        finally:
            life.send_signal(signal.SIGINT)
            out, err = life.communicate(timeout=20)
    assert life.returncode == 130
    assert err.count("trying again") == 1
    assert "Traceback" not in err
    assert TOKEN not in out + err
    assert out.count("annotated") == 3

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
    with ExporterProcess(tmp_path, "--replay", "demo", "--period", "0.1") as exporter:
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


def test_no_exporter(grafana: GrafanaServer, joulecast: Callable[..., Any]) -> None:
    """The exporter's address is what is wrong, and Grafana was not asked for anything."""
    ended = joulecast("annotate", grafana.url, "--address", "127.0.0.1:1")

    assert ended.code == 1
    assert "no exporter answers at 127.0.0.1:1" in ended.err
    assert grafana.requests == []
