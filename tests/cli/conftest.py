"""What the command's tests share: an exporter's double, and the installed command in processes of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from doubles.energy_service import EnergyServer

Ended = subprocess.CompletedProcess[str]


@pytest.fixture
def server() -> Iterator[EnergyServer]:
    """A running exporter's double."""
    with EnergyServer.on_socket() as server:
        yield server


@pytest.fixture
def command() -> str:
    """The installed command."""
    return str(Path(sys.executable).with_name("joulecast"))


@pytest.fixture
def environ(server: EnergyServer) -> dict[str, str]:
    """An environment in which the double is the exporter."""
    hidden = {"CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "COLUMNS"}
    return {name: value for name, value in os.environ.items() if name not in hidden} | {
        "JOULECAST_ADDRESS": server.address
    }


@pytest.fixture
def joulecast(command: str, environ: dict[str, str]) -> Callable[..., Ended]:
    """Run the command to its end."""

    def run(*arguments: str, **more: str) -> Ended:
        return subprocess.run(
            [command, *arguments], env={**environ, **more}, capture_output=True, text=True, timeout=60, check=False
        )

    return run
