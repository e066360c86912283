"""A real Prometheus with the history of an imaginary fleet, and the dashboards' questions to it."""

import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from doubles.committed_dashboards import committed
from doubles.fleet_history import FleetHistory
from doubles.prometheus import Prometheus

from grafana.asking import Asking, http, panels

HOURS = 2.0


class Series(NamedTuple):
    """One line of an answer: its labels, and the last value it has."""

    labels: Mapping[str, str]
    value: float


class FleetServer(NamedTuple):
    """A Prometheus, when its history ends, and how its scrape called a workload's job."""

    prometheus: Prometheus
    end: float
    job_label: str

    def asking(self, hours: float = 1.0) -> Asking:
        """Look at the last hours."""
        return Asking(http(self.prometheus.url), self.end - hours * 3600, self.end)

    def answers(self, name: str, title: str, *, hours: float = 1.0, **chosen: str) -> list[list[Series]]:
        """What the panel of that title shows, query by query."""
        dashboard, asking = committed(name), self.asking(hours)
        (panel,) = (one for one in panels(dashboard) if one["title"] == title)
        choices = asking.choices(dashboard, chosen)
        return [
            [Series(one["metric"], last_of(one)) for one in asking.answer(panel, target, choices)]
            for target in panel["targets"]
        ]

    def value(self, name: str, title: str, *, hours: float = 1.0, **chosen: str) -> float:
        """The one number that the panel of that title shows."""
        ((series,),) = self.answers(name, title, hours=hours, **chosen)
        return series.value


def last_of(series: Mapping[str, Any]) -> float:
    """The last finite value of a series; not a number if there is none."""
    values = [float(text) for _, text in series.get("values") or [series["value"]]]
    return next((value for value in reversed(values) if math.isfinite(value)), math.nan)


def fleet_server(directory: Path, job_label: str, cluster: str) -> Iterator[FleetServer]:
    """Serve a history that ends at a whole minute just gone by."""
    server = Prometheus(directory)
    end = time.time() // 60 * 60
    server.remember(FleetHistory(end, seconds=HOURS * 3600, job_label=job_label, cluster=cluster).lines())
    with server:
        yield FleetServer(server, end, job_label)
