"""Classifiers, generators of images, and whole servers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Predict = Callable[..., Any]


def test_a_classifier(predict: Predict) -> None:
    """Joules per sample are watts over the rate, and the scope is the artifact's."""
    words = ("--device", "H100 SXM", "--macs", "4e9", "--parameters", "25e6", "--batch", "32")
    it = predict("discriminative", *words, "--samples-per-second", "25", "--json", artifact="discriminative").document

    assert it["power_watts"]["value"] == pytest.approx(350)
    assert it["joules_per_sample"]["value"] == pytest.approx(14)
    assert (it["scope"], it["node_power_watts"]) == ("wall", None)


def test_a_pytorch_module_is_counted(predict: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of the working directory gives its parameters and the work of one sample."""
    pytest.importorskip("torch")
    (tmp_path / "some_networks.py").write_text(
        "from torch import nn\n\n\ndef linear():\n    return nn.Linear(1000, 500)\n"
    )
    monkeypatch.chdir(tmp_path)
    words = ("--device", "H100 SXM", "--torch", "some_networks:linear", "--input", "1000", "--samples-per-second", "4")

    it = predict("discriminative", *words, "--json", artifact="discriminative").document
    wrong = predict(
        "discriminative", *words[:-4], "--input", "7", "--samples-per-second", "4", artifact="discriminative"
    )

    assert (it["asked"]["parameters"], it["asked"]["macs"]) == (500_500, 500_000)
    assert wrong.status == 1
    assert "cannot run on the example" in wrong.err


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--torch", "json"), "names no factory"),
        (("--torch", "json:nowhere"), "cannot be imported"),
        (("--torch", "json:dumps"), "cannot be built"),
        (("--input", "3,32,32"), "give --torch MODULE:FACTORY"),
        (("--torch", "json:dumps", "--input", "a,b"), "are no sizes"),
        (("--macs", "4"), "macs is 4"),
    ],
)
def test_a_classifier_that_cannot_be_counted(predict: Predict, words: tuple[str, ...], says: str) -> None:
    """What is wrong with its module or its figures is one line."""
    pytest.importorskip("torch")
    said = predict("discriminative", "--device", "H100 SXM", *words, artifact="discriminative")

    assert said.status == 1
    assert says in said.err


def test_an_image_generator(predict: Predict) -> None:
    """Joules grow with the steps; without frames a sample is an image."""
    words = ("--device", "H100 SXM", "--denoising-steps", "25")
    it = predict("diffusion", *words, "--json", artifact="diffusion").document

    assert it["joules_per_sample"]["value"] == pytest.approx(700 * 25)
    assert it["power_watts"] is None
    assert "energy per image" in predict("diffusion", *words, artifact="diffusion").out
    assert "energy per video" in predict("diffusion", *words, "--frames", "25", artifact="diffusion").out


def test_weights_beyond_the_memory(predict: Predict) -> None:
    """What cannot be loaded is refused before it is estimated."""
    words = ("--device", "T4", "--parameters", "12e9", "--denoising-steps", "25")

    assert "weights of 24 GB do not fit 17 GB of memory" in predict("diffusion", *words, artifact="diffusion").err


def test_a_server(predict: Predict) -> None:
    """Watts follow the utilisation; the year its processor came to market follows from its name."""
    words = ("--cpu", "EPYC 7763", "--sockets", "2", "--utilization", "0.5,1")
    points = predict("node", *words, "--json", artifact="node-power").document["points"]

    assert [point["power_watts"]["value"] for point in points] == pytest.approx([280, 560])
    assert points[0]["asked"] == {"device": "EPYC 7763", "device_count": 2, "cpu_utilization_ratio": 0.5}
    assert any("taken as usual in training: cpu_cores" in note for note in points[0]["notes"])


def test_a_percentage_is_no_ratio(predict: Predict) -> None:
    """40 is refused in the words of the option, with what 50 % would be."""
    said = predict("node", "--cpu", "EPYC 7763", "--utilization", "40", artifact="node-power")

    assert (said.status, said.out) == (1, "")
    assert "--utilization: cpu_utilization_ratio is 40, more than can be: give at most 1, 50 % is 0.5" in said.err


def test_what_is_missing_is_asked_for_by_its_option(predict: Predict) -> None:
    """Not the model's features are listed, but what to give: a processor's name tells its power limit."""
    said = predict("node", "--utilization", "0.4", artifact="node-power")

    assert said.err == "joulecast: that is not enough to answer: give --cpu\n"


def test_how_busy_a_server_is_must_be_said(predict: Predict) -> None:
    """Without it there is nothing to ask."""
    assert "give --utilization, as 0.4" in predict("node", "--cpu", "EPYC 7763", artifact="node-power").err


@pytest.mark.parametrize("question", ["generative", "discriminative", "diffusion", "node", "calibrate"])
def test_help_has_examples(predict: Predict, question: str) -> None:
    """Each question shows how it is asked."""
    said = predict(question, "--help")

    assert said.status == 0
    assert "examples:" in said.out
    assert f"joulecast predict {question}" in said.out
