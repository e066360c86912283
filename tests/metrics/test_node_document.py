"""The JSON beside the page: complete, in base units, and honest about what is not known."""

import dataclasses
import json
import math
from pathlib import Path

import pytest
from doubles.http_client import request
from doubles.intervals import a_share
from doubles.served_node import NOW, Node
from doubles.snapshots import full_snapshot, series_state, snapshot_of

from exporter.intervals.interval import (
    Account,
    ContainerShare,
    DeviceEnergy,
    Energy,
    GpuUsage,
    Interval,
    Status,
    Tag,
    Usage,
)
from exporter.metrics.node_document import interval_document, node_json
from exporter.metrics.page.history import Step
from exporter.metrics.page.view import About, Sight, View
from exporter.rpc.footprints import put_footprint
from exporter.rpc.messages import put_interval
from joulecast.cli.document import document_of
from joulecast.client.wire import result_of
from joulecast.component import Component, SeriesKey
from joulecast.footprint.rates import rates_of
from joulecast.provenance import Provenance
from joulecast.v1 import energy_pb2 as pb

RATES = rates_of(zone="de", price=0.25, currency="EUR", pue=1.25)


def finished() -> Interval:
    """An interval with something in every field."""
    energy = Energy(812.34, 300.5, 9.0, 40.0, 0.98, Provenance.MEASURED, 12.0)
    account = Account(
        energy,
        {Component.CPU: energy},
        [DeviceEnergy(SeriesKey(Component.CPU, "0", "package"), "rapl", counted=True, energy=energy)],
        Usage(0.5, 0.25, [GpuUsage("GPU-1", 0.9, 0.5, 61.0, 1.98e9)]),
        ["cpu 0 was not observed for 0.3 s of 12.5 s"],
    )
    return Interval(
        "0190-x",
        Tag("r-1", "train", "resnet", "training", {"team": "vision"}, ("GPU-1",)),
        "boot",
        10.0,
        NOW - 60,
        3600.0,
        10.0,
        Status.FINISHED,
        end=22.5,
        end_wall=NOW - 47.5,
        counts={"sample": 512.0},
        account=account,
        notes=["a note"],
    )


@pytest.mark.parametrize("share", [None, a_share(), ContainerShare(None, None, 0.0, 0.0, 0.0, {}, ("nobody",))])
def test_interval_has_the_names_and_figures_that_the_command_line_prints(share: ContainerShare | None) -> None:
    """One vocabulary: what `joulecast intervals list --json` says of an interval, this says too, and nothing else."""
    message = pb.Interval()
    interval = finished()
    assert interval.account is not None
    interval.account = dataclasses.replace(interval.account, container=share)
    put_interval(message, interval, seconds=interval.duration_seconds)
    put_footprint(message, RATES)
    result = result_of(message)
    printed = json.loads(json.dumps(document_of(result)))
    here = json.loads(json.dumps(interval_document(interval, RATES)))
    assert result.estimate is None
    printed.pop("estimate")  # the model's own guess is not the exporter's to make here
    printed["footprint"] = json.loads(json.dumps(dataclasses.asdict(result.footprint)))
    assert here == printed


def test_open_interval_without_energy_has_nulls() -> None:
    """What is not known is null everywhere, never 0."""
    interval = dataclasses.replace(finished(), account=None, end=None, end_wall=None, status=Status.OPEN)
    document = interval_document(interval, RATES)
    unknown = ("gross_joules", "idle_joules", "net_joules", "uncertainty_joules", "coverage", "mean_watts")
    assert [document[name] for name in (*unknown, "end_time", "duration_seconds", "footprint")] == [None] * 9


def test_node_is_there_with_everything_the_page_shows() -> None:
    """Series, GPUs, sensors with remedies, workloads, rates and intervals, in base units."""
    view = View(full_snapshot(), About("node-1", period_seconds=0.5), Sight([], 0, [finished()]), rates=RATES)
    node = json.loads(node_json(view))
    assert (node["api"], node["node"], node["period_seconds"]) == ("joulecast/node/v1", "node-1", 0.5)
    assert node["power"] == {
        "watts": view.snapshot.node_watts,
        "joules": view.snapshot.node_joules,
        "provenance": "measured",
    }
    assert len(node["series"]) == len(view.snapshot.series)
    assert (node["series"][0]["idle_watts"], node["series"][2]["idle_watts"]) == (48.5, None)
    assert [sensor["remedy"] for sensor in node["sensors"]][3] == "grant access to dimm"
    assert len(node["gpus"]) == 8
    assert node["workloads"]["lines"][0]["joules"] == {"cpu": 9000.5, "dram": 700.25, "gpu": 6e6}
    assert node["rates"]["price"] == {"per_kwh": 0.25, "currency": "EUR"}
    assert node["intervals"]["ended"][0]["gross_joules"] == 812.34


def test_every_field_is_documented() -> None:
    """Its documentation names all there is, but for the fields of an interval: those are the command line's."""
    told = (Path(__file__).parents[2] / "docs/node-page.md").read_text()
    view = View(full_snapshot(), intervals=Sight([], 0, [finished()]), history=[Step(1, {})], rates=RATES)
    node = json.loads(node_json(view))
    parts = [node, node["power"], node["series"][0], node["usage"][0], node["gpus"][0], node["sensors"][0]]
    parts += [node["workloads"], node["workloads"]["lines"][0], node["rates"], node["intervals"], node["history"]]
    names = {name for part in parts for name in part}
    assert [name for name in sorted(names) if f"`{name}`" not in told and f"`{name}[]`" not in told] == []


def test_number_that_is_none_is_null() -> None:
    """Not a number, nor infinite, is not known; the text stays JSON that everybody can read."""
    state = series_state(Component.CPU, "0", "package", watts=math.nan, uncertainty_watts=math.inf)
    text = node_json(View(snapshot_of([state])))
    assert "NaN" not in text
    assert json.loads(text)["series"][0]["watts"] is None


def test_empty_node_is_an_answer_too() -> None:
    """Before the first reading there is no time and no power."""
    node = json.loads(node_json(View()))
    assert (node["time"], node["power"]["watts"], node["workloads"], node["replaying"]) == (None, None, None, None)


def test_it_is_served_and_not_kept(serve, node: Node) -> None:  # noqa: ANN001 - the fixture's own type is long
    """At its versioned address, as JSON, never from a cache."""
    node.about = About("node-1")
    response = request(serve().address, "/api/v1/node")
    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    assert response.headers["Cache-Control"] == "no-store"
    assert json.loads(response.text)["node"] == "node-1"
