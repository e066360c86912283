"""Asked of a real VictoriaMetrics, which speaks its own dialect of PromQL, the dashboards show the same."""

import math
import time
from collections.abc import Iterator

import pytest
from doubles.committed_dashboards import NAMES, committed
from doubles.fleet_history import FleetHistory
from doubles.fleet_server import last_of
from doubles.victoria_metrics import needs_victoria_metrics, victoria_metrics

from grafana.asking import Asking, http, panels

pytestmark = needs_victoria_metrics


@pytest.fixture(scope="module")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """An hour and a half of an imaginary fleet."""
    end = time.time() // 60 * 60
    history = FleetHistory(end, seconds=7200)
    with victoria_metrics(tmp_path_factory.mktemp("victoria"), history.lines()) as url:
        yield Asking(http(url), end - 5400, end)


@pytest.mark.parametrize("name", NAMES)
def test_no_panel_is_empty(asking: Asking, name: str) -> None:
    """Every query of every panel is understood and finds at least one number."""
    dashboard = committed(name)
    choices = asking.choices(dashboard, {"node": "gpu-01:9877"} if name == "node" else None)
    empty = [
        f"{panel['title']} {target['refId']}: {target['expr']}"
        for panel in panels(dashboard)
        for target in panel["targets"]
        if not any(math.isfinite(last_of(series)) for series in asking.answer(panel, target, choices))
    ]

    assert empty == []
