"""`joulecast predict --address`: the same question, answered by a service."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from joulecast.serving.address import TcpAddress
from predictor.lasso_model import load_model
from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures
from predictor.service.prediction_service import PredictionService
from predictor.service.server import PredictionServer

Predict = Callable[..., Any]

POINT = ("--device", "H100 SXM", "--parameters", "8e9", "--output-tokens", "300")


@pytest.fixture
def address(artifacts: Path) -> Iterator[str]:
    """Where a service with the same artifacts listens."""
    served = Artifacts([artifacts], load_model)
    server = PredictionServer(
        PredictionService(served, lambda _, __: (), Figures(served)), [TcpAddress("127.0.0.1", 0)]
    )
    server.start()
    yield str(server.addresses[0])
    server.stop()


def test_a_service_answers_as_the_artifact_itself(predict: Predict, address: str) -> None:
    """Figures, band, domain, shares, notes and the model's errors are the same, whoever is asked."""
    words = (*POINT, "--rps", "20", "--json")

    there = predict("generative", *words, "--address", address).document
    here = predict("generative", *words, artifact="generative-a-priori").document

    for name in ("power_watts", "joules_per_sample", "kilowatt_hours_per_day", "node_power_watts", "serving"):
        assert there[name] == pytest.approx(here[name], rel=1e-6), name
    assert [(each["feature"], pytest.approx(each["log_ratio"])) for each in there["contributions"]] == [
        (each["feature"], each["log_ratio"]) for each in here["contributions"]
    ]
    assert {name: there[name] for name in ("scope", "in_domain", "departures", "notes", "model")} == {
        name: here[name] for name in ("scope", "in_domain", "departures", "notes", "model")
    }


def test_a_model_is_named_among_those_of_a_service(predict: Predict, address: str) -> None:
    """--artifact is then the name of one that is served."""
    words = (*POINT, "--rps", "4", "--concurrency", "8", "--address", address)

    assert predict("generative", *words, "--artifact", "generative-known-runtime").status == 0
    assert "no model 'nobody'" in predict("generative", *words, "--artifact", "nobody").err


def test_what_a_service_refuses_is_told_in_one_line(predict: Predict, address: str) -> None:
    """A device nobody knows, with the names it may have been meant to be."""
    words = ("--device", "H100 SXX", "--parameters", "8e9", "--concurrency", "8", "--address", address)
    said = predict("generative", *words)

    assert said.status == 1
    assert "did you mean" in said.err
    assert said.err.count("\n") == 1


def test_where_nobody_listens(predict: Predict) -> None:
    """The line says what to start."""
    said = predict("generative", *POINT, "--concurrency", "8", "--address", "127.0.0.1:1")

    assert said.status == 1
    assert "no prediction service answers at 127.0.0.1:1: start one with `joulecast predictor`" in said.err
