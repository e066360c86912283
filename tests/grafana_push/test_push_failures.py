"""Whatever Grafana does instead of answering: one line, a remedy, and exactly what was pushed and what was not."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.certificates import make_certificates
from doubles.exporter_process import COMMAND
from doubles.grafana_server import TOKEN, GrafanaServer, Trouble

Push = Callable[..., Any]
FLEET = "Joulecast / Fleet"

EVERYWHERE: list[tuple[int | str, str, str]] = [
    (401, "does not accept this token", "--token-file"),
    (403, "does not allow this token", "role Editor"),
    (409, "met a conflict", "run it again"),
    (412, "met a conflict", "run it again"),
    (500, "status 500", "run it again later"),
    (503, "status 503", "run it again later"),
    ("gateway", "status 502", "run it again later"),
    ("hang", "did not answer within 0.3 s", "run it again later"),
    ("html", "is not Grafana's API", "check --url"),
    ("deep", "is not Grafana's API", "check --url"),
    ("list", "is not Grafana's API", "check --url"),
    ("login", "sends elsewhere, to https://sso.example.org/login,", "give --url"),
    ("cut", "no Grafana answers", "see that it runs"),
    ("echo", "no rights for Bearer ...", "role Editor"),
]


@pytest.mark.parametrize(("how", "problem", "remedy"), EVERYWHERE, ids=[str(case[0]) for case in EVERYWHERE])
def test_nothing_works(grafana: GrafanaServer, push: Push, how: int | str, problem: str, remedy: str) -> None:
    """From the start: nothing is pushed, everything is named as such, and the token is in no word of it."""
    grafana.troubles.append(Trouble(how))

    ended = push("--timeout", "0.3")

    (line,) = [line for line in ended.err.splitlines() if line.startswith("joulecast: ")]
    assert problem in line
    assert remedy in line
    assert ended.err.endswith("nothing changed, 6 not pushed\n")
    assert ended.code == 1
    assert {*ended.outcomes.values()} == {"failed", "not tried"}
    assert grafana.writes == []
    assert TOKEN not in ended.out + ended.err
    assert "secret" not in ended.err
    assert "\x1b" not in ended.err


@pytest.mark.parametrize("how", [401, 500, "gateway", "hang", "html", "login", "cut"])
def test_half_way_the_rest_is_not_tried(grafana: GrafanaServer, push: Push, how: int | str) -> None:
    """After two dashboards Grafana goes: those two are told as pushed, one as failed, two as not tried; then all is."""
    grafana.troubles.append(Trouble(how, "POST", "/dashboards", after=2))

    ended = push("--timeout", "0.3")

    assert [*ended.outcomes.values()] == ["created"] * 3 + ["failed"] + ["not tried"] * 2
    assert ended.err.endswith("3 changed, 3 not pushed\n")
    assert len(grafana.dashboards) == 2

    grafana.troubles.clear()
    again = push()
    assert [*again.outcomes.values()] == ["unchanged"] * 3 + ["created"] * 3
    assert again.code == 0


@pytest.mark.parametrize("how", [400, 403, 412])
def test_one_refused_dashboard_does_not_stop_the_others(grafana: GrafanaServer, push: Push, how: int) -> None:
    """What concerns one dashboard alone leaves the others pushed."""
    grafana.troubles.append(Trouble(how, "POST", "/dashboards", after=1, times=1))

    ended = push()

    assert (ended.code, ended.outcomes[FLEET]) == (1, "failed")
    assert f"{FLEET}" in ended.err
    assert len(grafana.dashboards) == 4


def test_an_answer_that_got_lost_is_no_second_version(grafana: GrafanaServer, push: Push) -> None:
    """Grafana had saved it before the connection broke: the next push finds it there."""
    grafana.troubles.append(Trouble("lost", "POST", "/dashboards", times=1))
    assert push().code == 1

    again = push()

    assert again.code == 0
    assert {stored.model["version"] for stored in grafana.dashboards.values()} == {1}


def test_a_save_in_the_same_moment_is_not_overwritten(grafana: GrafanaServer, push: Push) -> None:
    """Even by force: what somebody saved between our reading and our writing is refused by its version."""
    push()
    grafana.edit("joulecast-fleet", "first", refresh="1m")
    grafana.before_write = lambda: grafana.edit("joulecast-fleet", "second", refresh="2m")

    ended = push("--force")

    assert (ended.code, ended.outcomes[FLEET]) == (1, "failed")
    assert "changed by someone else" in ended.err
    assert grafana.dashboards["joulecast-fleet"].model["refresh"] == "2m"


def test_json_tells_the_same(grafana: GrafanaServer, push: Push) -> None:
    """The object is whole although the push is not."""
    grafana.troubles.append(Trouble(500, "POST", "/dashboards", after=1))

    ended = push("--json")

    told = json.loads(ended.out)
    assert (ended.code, told["complete"], told["changed"]) == (1, False, 2)
    assert [thing["outcome"] for thing in told["things"]] == ["created"] * 2 + ["failed"] + ["not tried"] * 3
    assert "status 500" in told["things"][2]["remark"]


def test_nobody_there(joulecast: Push) -> None:
    """A port where nothing listens."""
    with GrafanaServer() as gone:
        pass

    ended = joulecast("push", gone.url)

    assert ended.code == 1
    assert f"no Grafana answers at {gone.url} (Connection refused): see that it runs" in ended.err


@pytest.mark.parametrize("host", ["no-such-host.invalid", f"{'a' * 70}.invalid", "a..invalid", "xn--\u00e4.invalid"])
def test_no_such_host(joulecast: Push, host: str) -> None:
    """Names that nobody has, or could have."""
    ended = joulecast("push", f"https://{host}")

    assert ended.code == 1
    assert "no Grafana answers at" in ended.err


def test_what_stays_on_this_machine_asks_no_proxy(grafana: GrafanaServer, token_file: Path) -> None:
    """A proxy of the environment would be given the token in the clear."""
    command = [COMMAND, "grafana", "push", "--url", grafana.url, "--token-file", token_file]
    proxies = dict.fromkeys(("http_proxy", "all_proxy"), "http://127.0.0.1:1")

    subprocess.run(command, env=os.environ | proxies, check=True, capture_output=True, timeout=60)

    assert len(grafana.dashboards) == 5


def test_the_token_from_the_environment(grafana: GrafanaServer) -> None:
    """Address and token may both be there; the token is in no word of the output."""
    environment = os.environ | {"JOULECAST_GRAFANA_URL": grafana.url, "JOULECAST_GRAFANA_TOKEN": TOKEN}
    command = [COMMAND, "grafana", "push"]

    ended = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=60)

    assert len(grafana.dashboards) == 5
    assert TOKEN not in ended.stdout + ended.stderr
    without = {name: value for name, value in environment.items() if name != "JOULECAST_GRAFANA_TOKEN"}
    ended = subprocess.run(command, env=without, check=False, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr.count("\n")) == (1, 1)
    assert "no token for Grafana: make one for a service account" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--datasource", "Thanos"], "no data source of the uid or name 'Thanos': there is none of Prometheus"),
        (["--datasource", "logs"], "the data source Loki is no Prometheus"),
        (["--prometheus-url", "prometheus:9090"], "Prometheus' URL 'prometheus:9090' is none"),
        (["--prometheus-url", "http://me:pass@prometheus"], "Prometheus' URL holds a user or a password"),
    ],
)
def test_a_data_source_that_cannot_be(grafana: GrafanaServer, push: Push, arguments: list[str], problem: str) -> None:
    """Refused before any dashboard, with what would do; a password is not repeated."""
    grafana.datasources.append({"id": 1, "uid": "logs", "name": "Loki", "type": "loki"})

    ended = push(*arguments)

    assert ended.code == 1
    assert problem in ended.err
    assert "pass@" not in ended.err
    assert grafana.writes == []


def test_a_provisioned_data_source_is_not_argued_with(grafana: GrafanaServer, push: Push) -> None:
    """From a file with another address: told, for Grafana would take the change and lose it at its next start."""
    grafana.datasources.append(
        {"id": 1, "uid": "joulecast-prometheus", "name": "P", "type": "prometheus", "url": "http://p", "readOnly": True}
    )

    ended = push("--prometheus-url", "http://q")

    assert "provisioned from a file with http://p, not http://q" in ended.err
    assert push("--prometheus-url", "http://p").code == 0


def test_certificates_are_verified(joulecast: Push, tmp_path: Path) -> None:
    """By the system's authorities, or by the one that is given; a stranger gets no token."""
    certificates = make_certificates(tmp_path)
    with GrafanaServer(certificates) as grafana:
        stranger = joulecast("push", grafana.url)
        assert stranger.code == 1
        assert "does not prove who it is" in stranger.err
        assert "--ca" in stranger.err
        assert grafana.requests == []

        assert joulecast("push", grafana.url, "--ca", str(certificates.authority)).code == 0
        assert {headers["Authorization"] for _, _, headers in grafana.requests} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "cannot be read (No such file or directory)"), ("nothing", "holds no certificate")]
)
def test_an_authority_that_is_none(push: Push, tmp_path: Path, content: str | None, problem: str) -> None:
    """Told before anything is sent."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)

    assert problem in push("--ca", str(file)).err


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("grafana.example.org", "Grafana's URL 'grafana.example.org' is none"),
        ("ftp://grafana", "Grafana's URL 'ftp://grafana' is none"),
        ("http://[::1", "is none"),
        ("https://grafana:port", "is none"),
        ("https://admin:admin@grafana", "holds a user or a password"),
        ("https://grafana/?orgId=2", "holds more than an address"),
        ("http://grafana.example.org", "the token would cross the network in the clear"),
    ],
)
def test_addresses_that_are_refused(joulecast: Push, url: str, problem: str) -> None:
    """Before a connection, in one line."""
    ended = joulecast("push", url)

    assert (ended.code, ended.out) == (1, "")
    assert problem in ended.err
    assert ended.err.count("\n") == 1
    assert "admin:admin" not in ended.err


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be read (No such file or directory)"),
        (b"", "is empty"),
        (b"\xff\xfe", "cannot be read (it is no text)"),
        (b"two words", "holds what no token does"),
        (b"one\nX-Evil: yes", "holds what no token does"),
    ],
)
def test_a_token_that_is_none(
    grafana: GrafanaServer, push: Push, token_file: Path, content: bytes | None, problem: str
) -> None:
    """Told without repeating it, before anything is sent."""
    token_file.unlink()
    if content is not None:
        token_file.write_bytes(content)

    ended = push()

    assert (ended.code, grafana.requests) == (1, [])
    assert problem in ended.err
    assert "Evil" not in ended.err
