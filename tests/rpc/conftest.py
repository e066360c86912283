"""One served node, and the service as a workload calls it."""

from collections.abc import Iterator

import pytest
from doubles.energy_server import EnergyServer

from joulecast.v1.energy_pb2_grpc import EnergyServiceStub


@pytest.fixture
def server() -> Iterator[EnergyServer]:
    """A server on a port of the kernel's choice."""
    with EnergyServer() as server:
        yield server


@pytest.fixture
def stub(server: EnergyServer) -> EnergyServiceStub:
    """Its service."""
    return server.stub()
