"""What the client's tests share: an exporter's double at a socket, and a process that has not warned yet."""

from collections.abc import Iterator

import pytest
from doubles.energy_service import EnergyServer

from joulecast.client import advice
from joulecast.client.lease import KEEPER


@pytest.fixture(autouse=True)
def fresh_process() -> Iterator[None]:
    """Every test is a process that was not warned of anything, and leaves nothing to be delivered."""
    advice._said.clear()
    yield
    with KEEPER._changed:
        KEEPER._due.clear()


@pytest.fixture
def server() -> Iterator[EnergyServer]:
    """A running exporter's double."""
    with EnergyServer.on_socket() as server:
        yield server
