"""The committed dashboards, and real servers to ask their questions of."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from doubles.committed_dashboards import NAMES, committed
from doubles.fleet_server import FleetServer, fleet_server


@pytest.fixture(params=NAMES)
def dashboard(request: pytest.FixtureRequest) -> Mapping[str, Any]:
    """Each dashboard in turn, as it is committed."""
    return committed(request.param)


@pytest.fixture(scope="session")
def honoured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetServer]:
    """As a scrape with honor_labels stores it, in a single cluster without a name."""
    yield from fleet_server(tmp_path_factory.mktemp("honoured"), "job", "")


@pytest.fixture(scope="session")
def renamed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FleetServer]:
    """As a scrape without honor_labels stores it, in a cluster with a name."""
    yield from fleet_server(tmp_path_factory.mktemp("renamed"), "exported_job", "lab")


@pytest.fixture(params=["honoured", "renamed"])
def server(request: pytest.FixtureRequest) -> FleetServer:
    """Both ways of scraping."""
    found: FleetServer = request.getfixturevalue(request.param)
    return found
