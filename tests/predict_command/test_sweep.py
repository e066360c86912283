"""Ranges: a table that fits, a picture, and points that cannot be."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Predict = Callable[..., Any]

POINT = ("--device", "H100 SXM", "--output-tokens", "300")


def test_a_range_is_a_table(predict: Predict) -> None:
    """A row for each value, with what is in flight, replicas, watts and joules; what holds for all stands below."""
    said = predict("generative", *POINT, "--parameters", "8e9", "--rps", "10:30:10", artifact="generative-a-priori")
    lines = said.out.splitlines()

    assert lines[0].split()[:4] == ["request_rate", "in", "flight", "replicas"]
    assert [line.split()[0] for line in lines[1:4]] == ["10", "20", "30"]
    assert [line.split()[2] for line in lines[1:4]] == ["1", "1", "2"]
    assert "note: assumed: one device" in said.out
    assert "model: generative-a-priori version 1" in said.out


def test_a_table_leaves_columns_out_where_the_terminal_is_narrow() -> None:
    """What is least important goes first, and the power is never lost."""
    from doubles.planning_artifacts import a_priori

    from predictor.commands.predict_table import sweep_lines
    from predictor.lasso_model import LassoModel
    from predictor.planning.generative import answer_generative
    from predictor.planning.source import LocalSource
    from predictor.planning.sweep import sweep

    source = LocalSource(LassoModel(a_priori()))
    numbers = {"parameters": (8e9,), "average_output_tokens": (300.0,), "request_rate": (1.0, 2.0)}
    rows = sweep(numbers, lambda point: answer_generative(source, point, {"device": "H100 SXM"}))
    lines = list(sweep_lines(rows, ("request_rate",), source.description, "request", 60))

    assert max(len(line) for line in lines[:3]) <= 60
    assert "power" in lines[0]
    assert "a day" not in lines[0]


def test_points_that_cannot_be_leave_the_others_answered(predict: Predict) -> None:
    """One size does not fit the memory: its row says so, the others are estimated, and it is an error in JSON."""
    words = (*POINT, "--parameters", "8e9,70e9", "--concurrency", "8")
    said = predict("generative", *words, artifact="generative-a-priori")
    points = predict("generative", *words, "--json", artifact="generative-a-priori").document["points"]

    assert said.status == 0
    assert "cannot be: weights of 140 GB do not fit" in said.out
    assert points[0]["power_watts"]["value"] > 0
    assert points[1]["error"].startswith("weights of 140 GB")
    assert points[1]["asked"]["parameters"] == 70e9


def test_where_no_point_can_be_the_first_problem_is_told(predict: Predict) -> None:
    """A range of nothing but mistakes is one line, as a single mistake is."""
    said = predict("generative", *POINT, "--parameters", "7,8", "--concurrency", "8", artifact="generative-a-priori")

    assert (said.status, said.out) == (1, "")
    assert said.err == "joulecast: parameters is 7: give single parameters: 7 billion is 7e9\n"


def test_two_ranges_are_all_their_combinations(predict: Predict) -> None:
    """Every value of one with every value of the other."""
    words = (*POINT, "--parameters", "1e9,8e9", "--concurrency", "1,8,64", "--json")
    points = predict("generative", *words, artifact="generative-a-priori").document["points"]

    assert len({(point["asked"]["parameters"], point["asked"]["concurrency"]) for point in points}) == 6


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_a_range_is_drawn(predict: Predict, tmp_path: Path, suffix: str) -> None:
    """A picture is written, and the same question draws the same bytes."""
    pictures = [tmp_path / f"{name}.{suffix}" for name in ("one", "two")]
    for picture in pictures:
        words = (*POINT, "--parameters", "1e9,8e9", "--devices", "2", "--concurrency", "1:600", "--plot", str(picture))
        assert predict("generative", *words, artifact="generative-a-priori").status == 0

    start = pictures[0].read_bytes()
    assert start.startswith(b"\x89PNG") if suffix == "png" else b"<svg" in start
    if suffix == "png":
        assert start == pictures[1].read_bytes()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--concurrency", "8", "--plot", "a.png"), "nothing to plot"),
        (("--concurrency", "1:8", "--plot", "a.txt"), "no picture by its suffix"),
        (("--concurrency", "1:8", "--devices", "1:8", "--input-tokens", "1:8", "--plot", "a.png"), "too many"),
        (("--concurrency", "1:40", "--input-tokens", "1:20", "--plot", "a.png"), "20 lines in one picture"),
        (("--concurrency", "1:1000:1", "--input-tokens", "1:1000:1"), "1,000,000 points"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_anything_is_asked(
    predict: Predict, words: tuple[str, ...], says: str
) -> None:
    """Nothing is printed and nothing written."""
    said = predict("generative", *POINT, "--parameters", "8e9", *words, artifact="generative-a-priori")

    assert (said.status, said.out) == (1, "")
    assert says in said.err


def test_a_question_loads_neither_numpy_nor_matplotlib_nor_torch_nor_grpc(artifacts: Path) -> None:
    """The command starts quickly because it loads only what it needs."""
    words = ["predict", "generative", *POINT, "--parameters", "8e9", "--rps", "20"]
    words += ["--artifact", str(artifacts / "generative-a-priori.json")]
    code = (
        "import sys; from joulecast.cli.main import main\n"
        f"assert main({words!r}) == 0\n"
        "print({'numpy', 'matplotlib', 'torch', 'grpc', 'sklearn'} & set(sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)

    assert ended.stdout.splitlines()[-1] == "set()"
