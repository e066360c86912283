"""What is committed is what the code says, is what Grafana's schema allows, and can be read on a wall."""

import json
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from doubles.committed_dashboards import NAMES, committed
from jsonschema import Draft7Validator

from grafana.asking import panels
from grafana.written import DASHBOARDS, texts
from joulecast.dashboards import shipped

Json = Mapping[str, Any]
SCHEMA = Path(__file__).with_name("schema")
PROVISIONING = DASHBOARDS.with_name("provisioning")


def test_committed_files_are_what_the_code_writes() -> None:
    """`make dashboards` would change nothing, and there is no file without code."""
    found = {path.name: path.read_text(encoding="utf-8") for path in DASHBOARDS.iterdir()}

    assert found == dict(texts()), "run `make dashboards` and commit"


def test_the_package_ships_all_of_them() -> None:
    """Whoever pushes dashboards from an installed package gets these."""
    assert sorted(NAMES) == list(shipped())
    assert all(json.loads(text)["title"].startswith("Joulecast / ") for text in shipped().values())


def test_grafana_knows_every_key(dashboard: Json) -> None:
    """The schema made of Grafana's published types finds no unknown key and no wrong type in a dashboard."""
    schema = json.loads((SCHEMA / "dashboard.json").read_text())

    assert [f"{list(error.path)}: {error.message}" for error in Draft7Validator(schema).iter_errors(dashboard)] == []


def test_grafana_knows_every_option_of_a_panel(dashboard: Json) -> None:
    """The schemas of each kind of panel agree with its options and with those of its fields."""
    schemas = json.loads((SCHEMA / "panels.json").read_text())
    wrong = []
    for panel in panels(dashboard):
        schema = schemas[panel["type"].replace("-", "")]
        custom = panel["fieldConfig"]["defaults"].get("custom")
        errors = list(Draft7Validator(schema["options"]).iter_errors(panel["options"]))
        assert custom is None or "custom" in schema, panel["title"]
        if custom is not None:
            errors += Draft7Validator(schema["custom"]).iter_errors(custom)
        wrong += [f"{panel['title']}: {list(error.path)}: {error.message}" for error in errors]

    assert wrong == []


def test_the_schema_can_say_no(dashboard: Json) -> None:
    """A mistyped key and a number as text are found, so that silence means something."""
    schema = Draft7Validator(json.loads((SCHEMA / "dashboard.json").read_text()))

    assert not schema.is_valid({**dashboard, "heading": "x"})
    assert not schema.is_valid({**dashboard, "schemaVersion": "41"})


def test_every_panel_explains_itself(dashboard: Json) -> None:
    """Each has a title, a sentence on what it shows, a unit, and words for when there is nothing to show."""
    for panel in panels(dashboard):
        defaults = panel["fieldConfig"]["defaults"]

        assert panel["title"]
        assert panel["description"].endswith("."), panel["title"]
        assert defaults["unit"], panel["title"]
        assert defaults["noValue"], panel["title"]


def test_panels_fill_a_grid_of_24_without_overlap(dashboard: Json) -> None:
    """No two panels of a row share a cell, none leaves the grid, and every line of panels is full."""
    flat = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    for shelf in (flat, *(panel.get("panels") or () for panel in dashboard["panels"])):
        places = [panel["gridPos"] for panel in shelf]
        assert all(place["x"] + place["w"] <= 24 for place in places)
        assert not [(a, b) for a, b in combinations(places, 2) if _overlap(a, b)]
        for top in {place["y"] for place in places}:
            assert sum(place["w"] for place in places if place["y"] == top) == 24


def _overlap(a: Mapping[str, int], b: Mapping[str, int]) -> bool:
    across = a["x"] < b["x"] + b["w"] and b["x"] < a["x"] + a["w"]
    return across and a["y"] < b["y"] + b["h"] and b["y"] < a["y"] + a["h"]


def test_numbers_and_addresses_are_unique() -> None:
    """Every panel of a dashboard has a number of its own, every dashboard a stable address of its own."""
    for name in NAMES:
        dashboard = committed(name)
        numbers = [panel["id"] for row in dashboard["panels"] for panel in (row, *(row.get("panels") or ()))]
        assert len(numbers) == len(set(numbers))
        assert dashboard["uid"] == f"joulecast-{name}"


def test_dashboards_share_their_frame(dashboard: Json) -> None:
    """All are found by one tag, lead to each other, keep the time, and speak the reader's own time zone."""
    (link,) = dashboard["links"]

    assert dashboard["tags"] == link["tags"] == ["joulecast"]
    assert link["keepTime"]
    assert link["includeVars"]
    assert dashboard["timezone"] == "browser"
    assert dashboard["refresh"]


def test_links_lead_somewhere() -> None:
    """An address inside a panel is that of a dashboard."""
    addresses = {committed(name)["uid"] for name in NAMES}
    for name in NAMES:
        for panel in panels(committed(name)):
            for override in panel["fieldConfig"]["overrides"]:
                for one in override["properties"]:
                    links = one["value"] if one["id"] == "links" else []
                    assert {link["url"].split("?")[0].removeprefix("/d/") for link in links} <= addresses


@pytest.mark.parametrize("component", ["cpu", "dram", "gpu"])
def test_a_component_has_one_colour_everywhere(component: str) -> None:
    """Whoever learnt a colour on one dashboard reads the next one without its legend."""
    colours = {
        one["value"]["fixedColor"]
        for name in NAMES
        for panel in panels(committed(name))
        for override in panel["fieldConfig"]["overrides"]
        if override["matcher"]["options"] in {component, component.upper()}
        for one in override["properties"]
        if one["id"] == "color"
    }

    assert len(colours) == 1


def test_provisioning_says_where_things_are() -> None:
    """Grafana finds a Prometheus and the mounted directory, and what code describes is changed in no window."""
    (source,) = yaml.safe_load((PROVISIONING / "datasources/prometheus.yaml").read_text())["datasources"]
    (provider,) = yaml.safe_load((PROVISIONING / "dashboards/joulecast.yaml").read_text())["providers"]

    assert source["type"] == "prometheus"
    assert source["url"] == "http://prometheus:9090"
    assert provider["options"]["path"] == "/var/lib/grafana/dashboards"
    assert not provider["allowUiUpdates"]
