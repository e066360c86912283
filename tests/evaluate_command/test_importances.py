"""Importances of the paper's metrics: what is learnt from records, beside what the paper found."""

import json
import random
from pathlib import Path

import pytest
from doubles.measured_records import generative_record

from joulecast.cli.main import main
from joulecast.errors import JoulecastError
from predictor.readers.csv_file import write_csv
from predictor.record import Record
from predictor.training.importance import importances


def served(models: int = 6, scope: str = "gpu") -> list[Record]:
    """Energy of a request falls with the rate, and follows nothing else."""
    chance = random.Random(3)
    found = []
    for number in range(models):
        for step in range(8):
            rate, tokens, size = 2.0**step, chance.uniform(100, 400), chance.uniform(1e9, 70e9)
            found.append(
                generative_record(
                    record_id=f"{scope}-{number}-{step}",
                    model_id=f"maker/model-{number}",
                    energy_scope=scope,
                    parameters_total=size,
                    model_size_bytes=2 * size,
                    request_rate_per_second=rate,
                    samples_per_second=rate,
                    average_output_tokens=tokens,
                    mean_power_watts=600.0,
                    energy_joules_per_sample=600.0 / rate,
                )
            )
    return found


def test_the_metric_that_decides_has_nearly_all_importance() -> None:
    """Where energy is a constant over the rate, the rate weighs all, and lowers it; what no record tells is said."""
    (found,) = importances(served())
    by_name = {each.metric: each for each in found.metrics}
    rate = by_name["request rate"]
    assert rate.share is not None
    assert rate.share > 0.95
    assert not rate.raises
    assert (by_name["cache hit rate"].share, by_name["cache hit rate"].reason) == (None, "no record has it")
    assert sum(each.share or 0.0 for each in found.metrics) == pytest.approx(1.0)
    assert found.combined == pytest.approx(rate.share + (by_name["average output tokens"].share or 0.0))
    assert found.mape is not None
    assert found.mape < 0.1


def test_scopes_are_never_one_target() -> None:
    """What GPUs drew and what a plug gave are learnt apart."""
    found = importances([*served(), *served(scope="wall")])
    assert [(each.scope, each.records) for each in found] == [("gpu", 48), ("wall", 48)]


def test_nothing_to_learn_from_is_an_error() -> None:
    """One model, or a kind that the paper did not study."""
    with pytest.raises(JoulecastError, match="nowhere are there two"):
        importances(served(models=1))


def test_they_are_printed_beside_the_papers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its places and its 75 %, in the table and in the JSON."""
    write_csv(served(), tmp_path / "records.csv")
    words = ["evaluate", "--records", str(tmp_path / "records.csv"), "--splits", "random", "--jobs", "1"]
    assert main([*words, "--importances"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split()[:3] == ["request", "rate", "1."] for line in lines)
    assert any(line.startswith("all that the paper lists") and "75%" in line for line in lines)
    assert "no record has: cache hit rate" in lines
    assert max(map(len, lines)) <= 100
    assert main([*words, "--importances", "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["importances"]
    assert found["paper"] == {
        "metrics": ["request rate", "cache hit rate", "average output tokens"],
        "combined": 0.75,
    }
