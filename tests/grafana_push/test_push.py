"""`joulecast grafana push`: everything there after the first time, nothing written the second, edits left alone."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from doubles.grafana_server import GrafanaServer

from joulecast.dashboards import shipped

Push = Callable[..., Any]
FLEET = "joulecast-fleet"
BOARDS = {json.loads(text)["uid"]: json.loads(text) for text in shipped().values()}
TITLES = {board["title"] for board in BOARDS.values()}
PROMETHEUS = ("--prometheus-url", "http://prometheus:9090")


def test_the_first_push_makes_everything(grafana: GrafanaServer, push: Push) -> None:
    """Data source, folder and all dashboards, as they ship, in the folder."""
    ended = push(*PROMETHEUS)

    assert ended.code == 0
    assert ended.outcomes == dict.fromkeys({"Joulecast Prometheus", "Joulecast", *TITLES}, "created")
    assert [source["url"] for source in grafana.datasources] == ["http://prometheus:9090"]
    assert grafana.folders == {"joulecast": "Joulecast"}
    assert grafana.dashboards.keys() == BOARDS.keys()
    for uid, stored in grafana.dashboards.items():
        assert stored.folder == "joulecast"
        assert stored.model["panels"] == BOARDS[uid]["panels"]


@pytest.mark.parametrize("newest", [False, True], ids=["as it came", "in a newer schema"])
def test_the_second_push_writes_nothing(joulecast: Push, newest: bool) -> None:
    """Also where Grafana keeps dashboards in another form than they came in; and it says so."""
    with GrafanaServer(newest=newest) as grafana:
        joulecast("push", grafana.url, *PROMETHEUS)
        grafana.writes.clear()
        ended = joulecast("push", grafana.url, *PROMETHEUS)

    assert grafana.writes == []
    assert set(ended.outcomes.values()) == {"unchanged"}
    assert (ended.err, ended.code) == ("nothing changed\n", 0)


def test_a_trailing_slash_and_a_path_are_no_matter(joulecast: Push) -> None:
    """A Grafana below a path is found with or without the slash; what is told twice is the same thing."""
    with GrafanaServer(prefix="/deep/grafana") as grafana:
        assert joulecast("push", f"{grafana.url}/", "--prometheus-url", "http://prometheus:9090/").code == 0
        grafana.writes.clear()
        assert joulecast("push", grafana.url, *PROMETHEUS).err == "nothing changed\n"
    assert grafana.writes == []


def test_only_what_differs_is_written(grafana: GrafanaServer, push: Push) -> None:
    """What an older version pushed is brought up to date in place; it keeps its folder, id and history."""
    push()
    stored = grafana.dashboards[FLEET]
    stored.model = {**stored.model, "title": "Joulecast / Of old"}
    stored.messages[-1] = f"joulecast grafana push 0.0.1 sha256:{'0' * 64}"
    stored.folder = "moved-by-people"
    grafana.folders["moved-by-people"] = "Ours"
    grafana.writes.clear()
    number = stored.model["id"]

    ended = push()

    assert ended.code == 0
    assert [title for title, outcome in ended.outcomes.items() if outcome == "updated"] == ["Joulecast / Fleet"]
    assert grafana.writes == [("POST", "/dashboards/db")]
    assert (stored.model["title"], stored.model["version"]) == ("Joulecast / Fleet", 2)
    assert (stored.model["id"], stored.folder) == (number, "moved-by-people")


@pytest.mark.parametrize("newest", [False, True], ids=["as it came", "in a newer schema"])
def test_what_people_edited_is_kept(joulecast: Push, newest: bool) -> None:
    """The others are pushed; the edited one is told with a way out, and the exit status is not that of success."""
    with GrafanaServer(newest=newest) as grafana:
        joulecast("push", grafana.url)
        grafana.edit(FLEET, "our colours", description="with our own words")
        edited = copy.deepcopy(grafana.dashboards[FLEET])
        grafana.writes.clear()
        kept = joulecast("push", grafana.url)

        assert kept.code == 1
        assert kept.outcomes["Joulecast / Fleet"] == "kept"
        assert "Joulecast / Fleet is left as it is: people have edited it" in kept.err
        assert "--force replaces it" in kept.err
        assert (grafana.dashboards[FLEET], grafana.writes) == (edited, [])

        forced = joulecast("push", grafana.url, "--force")
        assert forced.code == 0
        assert forced.outcomes["Joulecast / Fleet"] == "updated, over what people had made of it"
        assert grafana.dashboards[FLEET].model["description"] == BOARDS[FLEET]["description"]
        assert joulecast("push", grafana.url).err == "nothing changed\n"


def test_an_edit_that_was_taken_back_is_none(grafana: GrafanaServer, push: Push) -> None:
    """Where the content is what would be pushed, it does not matter who saved it last."""
    push()
    grafana.edit(FLEET, "a mistake", description="")
    grafana.edit(FLEET, "Restored from version 1", description=BOARDS[FLEET]["description"])

    assert push().err == "nothing changed\n"


def test_an_import_by_hand_is_not_taken_over(grafana: GrafanaServer, push: Push) -> None:
    """A dashboard of this uid that nobody pushed is somebody's, unless it is the same."""
    push()
    grafana.dashboards[FLEET].messages[:] = [""]
    grafana.dashboards[FLEET].model["refresh"] = "1m"

    ended = push()

    assert (ended.code, ended.outcomes["Joulecast / Fleet"]) == (1, "kept")
    assert "it was not pushed by joulecast" in ended.err


def test_provisioned_from_files_is_left_to_the_files(grafana: GrafanaServer, push: Push) -> None:
    """Grafana would refuse: no push is tried, not even by force, and the remedy is another one."""
    push()
    grafana.dashboards[FLEET].provisioned = True
    assert push().code == 0, "the same content: nothing to do"
    grafana.dashboards[FLEET].model["refresh"] = "1m"
    grafana.writes.clear()

    ended = push("--force")

    assert (ended.code, ended.outcomes["Joulecast / Fleet"], grafana.writes) == (1, "kept", [])
    assert "from a file" in ended.err


def test_a_dry_run_changes_nothing_and_says_what_would(grafana: GrafanaServer, push: Push) -> None:
    """Into an empty Grafana, and into one where a single dashboard is out of date."""
    ended = push(*PROMETHEUS, "--dry-run")
    assert set(ended.outcomes.values()) == {"would be created"}
    assert (ended.code, ended.err, grafana.writes) == (0, "7 would change\n", [])

    push(*PROMETHEUS)
    del grafana.dashboards[FLEET]
    grafana.writes.clear()
    ended = push(*PROMETHEUS, "--dry-run")

    assert (ended.outcomes.pop("Joulecast / Fleet"), ended.err) == ("would be created", "1 would change\n")
    assert grafana.writes == []


def test_json_for_scripts(push: Push) -> None:
    """One object: each thing with its outcome, and whether all is there."""
    first, second = (json.loads(push(*PROMETHEUS, "--json").out) for _ in range(2))

    assert (first["changed"], first["complete"]) == (7, True)
    assert (second["changed"], second["complete"]) == (0, True)
    assert {thing["uid"] for thing in second["things"]} == {"joulecast-prometheus", "joulecast", *BOARDS}


def _opens_with(grafana: GrafanaServer, uid: str = FLEET) -> Any:
    variables = grafana.dashboards[uid].model["templating"]["list"]
    return next(variable for variable in variables if variable["type"] == "datasource").get("current")


def test_dashboards_open_with_the_chosen_source(grafana: GrafanaServer, push: Push) -> None:
    """By uid or by name; a later push that names none leaves the choice, and does not touch the source."""
    grafana.datasources.append({"id": 3, "uid": "abc", "name": "Thanos", "type": "prometheus", "url": "http://t"})

    assert push("--datasource", "Thanos").code == 0
    assert _opens_with(grafana) == {"selected": True, "text": "Thanos", "value": "abc"}
    grafana.writes.clear()
    assert push("--datasource", "abc").err == "nothing changed\n"
    assert push().err == "nothing changed\n"
    assert grafana.writes == []


def test_another_address_of_prometheus_is_brought_in(grafana: GrafanaServer, push: Push) -> None:
    """Only the URL: what people set on the data source stays."""
    push(*PROMETHEUS)
    grafana.datasources[0]["jsonData"] = {"timeInterval": "5s"}
    grafana.writes.clear()

    ended = push("--prometheus-url", "https://prometheus.example.org/path")

    assert "updated, from http://prometheus:9090 to https://prometheus.example.org/path" in ended.out
    assert grafana.writes == [("PUT", f"/datasources/{grafana.datasources[0]['id']}")]
    assert grafana.datasources[0]["url"] == "https://prometheus.example.org/path"
    assert grafana.datasources[0]["jsonData"] == {"timeInterval": "5s"}


def test_a_folder_of_the_name_is_used(grafana: GrafanaServer, push: Push) -> None:
    """Where people made the folder, no second one of that name appears."""
    grafana.folders["their-own"] = "Joulecast"

    assert push().code == 0
    assert grafana.folders == {"their-own": "Joulecast"}
    assert {stored.folder for stored in grafana.dashboards.values()} == {"their-own"}
