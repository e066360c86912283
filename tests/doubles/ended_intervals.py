"""Intervals of a real exporter that have ended and are final, and what a Grafana shows of them."""

from typing import Any

from doubles.grafana_server import GrafanaServer
from doubles.workload import Workload

from joulecast.v1 import energy_pb2 as pb


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
