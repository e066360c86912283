"""`joulecast grafana annotate` where something gives way: no region is lost, and none is there twice."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.ended_intervals import done, several, tags
from doubles.exporter_process import ExporterProcess
from doubles.grafana_server import GrafanaServer, Trouble

Annotate = Callable[..., Any]


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


def test_no_exporter(grafana: GrafanaServer, joulecast: Callable[..., Any]) -> None:
    """The exporter's address is what is wrong, and Grafana was not asked for anything."""
    ended = joulecast("annotate", grafana.url, "--address", "127.0.0.1:1")

    assert ended.code == 1
    assert "no exporter answers at 127.0.0.1:1" in ended.err
    assert grafana.requests == []
