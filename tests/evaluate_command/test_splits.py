"""`joulecast evaluate --splits`: models trained anew with a part of the records left out."""

import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from doubles.measured_records import generative_record

from joulecast.cli.main import main
from joulecast.errors import JoulecastError
from predictor.readers.csv_file import write_csv
from predictor.record import Record
from predictor.training.recipe import FormRecipe, Recipe, VariantRecipe, log
from predictor.training.recipes.generative_known_runtime import INPUTS, RECIPE
from predictor.training.splits import judge, recipes_for, splits_of

SMALL = Recipe(
    name="small",
    question=RECIPE.question,
    scope="gpu",
    inputs=INPUTS,
    variants=(
        VariantRecipe(
            "rate known", (FormRecipe("power_watts", "rated_watts", (log("active parameters", "parameters_active"),)),)
        ),
    ),
    takes=RECIPE.takes,
)


def records(models: int, devices: tuple[str, ...] = ("NVIDIA H100 SXM 80GB",)) -> list[Record]:
    """Servers whose power grows with the root of the model's size, measured to a few percent."""
    chance = random.Random(7)
    found = []
    for number in range(models):
        for step, device in enumerate(devices * 8):
            size = 1e9 * (1 + number)
            watts = 40 * math.sqrt(1 + number) * chance.uniform(0.97, 1.03)
            found.append(
                generative_record(
                    record_id=f"{number}-{step}",
                    model_id=f"maker/model-{number}",
                    model_family=f"family-{number % 3}",
                    device=device,
                    parameters_total=size,
                    model_size_bytes=2 * size,
                    request_rate_per_second=2.0,
                    samples_per_second=2.0,
                    average_output_tokens=100.0,
                    output_tokens_per_second=200.0,
                    concurrency=8.0,
                    device_memory_bytes=80e9,
                    device_memory_bandwidth_bytes_per_second=3.35e12,
                    device_peak_flops_per_second=989e12,
                    task="chat",
                    mean_power_watts=watts,
                    energy_joules_per_sample=watts / 2,
                )
            )
    return found


def test_a_fold_never_saw_what_it_answers_for() -> None:
    """Each split answers every record; the error is that of the noise, and models left out may be outside."""
    told: list[str] = []
    by_chance, by_model = judge([SMALL], records(6), ("random", "leave-model-out"), 1, told.append)
    for each in (by_chance, by_model):
        assert each.answers is not None
        assert each.answers.answered.all()
    assert by_chance.answers is not None
    assert by_model.answers is not None
    assert by_chance.answers.in_domain.all()
    assert not by_model.answers.in_domain.all()
    assert abs(by_chance.answers.residuals).max() < 0.1
    assert told[-1] == "small: leave-model-out, fold 6 of 6"


def test_one_group_cannot_be_left_out() -> None:
    """Records of one device: that split is told to be impossible, and the others are not."""
    found = {each.split: each for each in judge([SMALL], records(3), ("leave-family-out", "leave-device-out"), 1)}
    assert found["leave-family-out"].answers is not None
    assert found["leave-device-out"].answers is None
    assert found["leave-device-out"].reason == "all records are of one device: there is nothing to leave out"


def test_records_of_one_model_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing could be left out, whatever the split: said before anything is trained."""
    with pytest.raises(JoulecastError, match=r"of one model \(maker/model-0\): there are no groups to leave out"):
        recipes_for(records(1), [SMALL])
    write_csv(records(1), tmp_path / "one.csv")
    assert main(["evaluate", "--records", str(tmp_path / "one.csv"), "--splits", "all"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "there are no groups to leave out: give records of two models or more" in line


@pytest.mark.parametrize(
    ("text", "splits"),
    [
        ("none", ()),
        ("leave-device-out,random", ("random", "leave-device-out")),
        ("all", ("random", "leave-model-out", "leave-family-out", "leave-device-out")),
    ],
)
def test_splits_are_named_in_any_order(text: str, splits: tuple[str, ...]) -> None:
    """By name, all, or none."""
    assert splits_of(text) == splits


def test_a_split_there_is_not_is_refused_with_the_nearest() -> None:
    """A mistyped name is an error, not a shorter table."""
    with pytest.raises(JoulecastError, match="no split 'leave-modle-out': did you mean leave-model-out"):
        splits_of("random,leave-modle-out")


def evaluated(tmp_path: Path, *words: str) -> int:
    """The real recipe on small records."""
    write_csv(records(4, ("NVIDIA H100 SXM 80GB", "NVIDIA A40 48GB")), tmp_path / "records.csv")
    return main(["evaluate", "--records", str(tmp_path / "records.csv"), "--jobs", "1", *words])


def test_people_read_a_table_that_fits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row for each split, the errors by device under it, in at most a hundred columns; progress goes elsewhere."""
    assert evaluated(tmp_path, "--splits", "leave-model-out,leave-device-out") == 0
    printed = capsys.readouterr()
    lines = printed.out.splitlines()
    assert lines[0] == "generative-known-runtime"
    assert [line.split()[:2] for line in lines[2:4]] == [["leave-model-out", "64"], ["leave-device-out", "64"]]
    assert max(map(len, lines)) <= 100
    assert any(line.startswith("NVIDIA A40 48GB") for line in lines)
    assert "fold 1 of 4" in printed.err


def test_programs_read_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--json` holds every split beside the answers of the models there are, and no NaN."""
    assert evaluated(tmp_path, "--splits", "leave-device-out", "--json") == 0
    found: Any = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    known = next(each for each in found["splits"] if each["model"] == "generative-known-runtime")
    assert (known["split"], known["n"], set(known["by_device"])) == (
        "leave-device-out",
        64,
        {"NVIDIA H100 SXM 80GB", "NVIDIA A40 48GB"},
    )
    assert known["in_domain"]["share"] == 0.0
