"""`joulecast idle`: the idle experiment."""

import json
import subprocess
from collections.abc import Callable

import grpc
from doubles.energy_service import EnergyServer

Joulecast = Callable[..., subprocess.CompletedProcess[str]]


def test_baselines_are_told_with_their_spread(joulecast: Joulecast, server: EnergyServer) -> None:
    """Each device's idle power, its spread, and what it was learnt from."""
    ended = joulecast("idle", "--seconds", "2")

    (request,) = server.service.asked("MeasureIdle")
    assert (request.duration.seconds, request.force) == (2, False)
    assert ended.stdout.splitlines()[1].split("  ")[0] == "cpu 0 package"
    assert "40.0 W  ± 1.50 W  experiment, 2 s" in ended.stdout
    assert ended.stderr == ""


def test_json(joulecast: Joulecast) -> None:
    """The same as data."""
    (part,) = json.loads(joulecast("idle", "--seconds", "2", "--force", "--json").stdout)["idle"]

    assert (part["component"], part["watts"], part["spread_watts"], part["seconds"]) == ("cpu", 40.0, 1.5, 2.0)


def test_a_refusal_is_passed_on(joulecast: Joulecast, server: EnergyServer) -> None:
    """While intervals are open the exporter refuses, and says what to do."""
    server.service.refusals = {
        "MeasureIdle": (grpc.StatusCode.FAILED_PRECONDITION, "2 intervals are open: use --force")
    }
    ended = joulecast("idle", "--seconds", "1")

    assert ended.returncode == 1
    assert ended.stderr == "joulecast: 2 intervals are open: use --force\n"


def test_a_length_that_is_none(joulecast: Joulecast) -> None:
    """Zero, less and words are wrong usage."""
    assert {joulecast("idle", "--seconds", text).returncode for text in ("0", "-1", "soon", "nan")} == {2}
