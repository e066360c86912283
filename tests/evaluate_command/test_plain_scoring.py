"""`joulecast evaluate`: records answered by a model as it is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doubles.measured_records import generative_record
from doubles.small_artifact import small_artifact

from joulecast.cli.main import main
from predictor.artifact import write_artifact
from predictor.readers.csv_file import write_csv
from predictor.record import Record
from predictor.scoring.provenance import digest_of


def record(name: str, watts: float, rate: float = 1.0, **changes: Any) -> Record:
    """An H100 at a rate; the small model answers 350 W at one request per second, 700 W at four."""
    return generative_record(
        **{
            "record_id": name,
            "request_rate_per_second": rate,
            "samples_per_second": rate,
            "mean_power_watts": watts,
            "energy_joules_per_sample": watts / rate,
            **changes,
        }
    )


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """The small model's artifact, trained on the H100 alone."""
    it = small_artifact()
    trained = ("NVIDIA H100 SXM 80GB",)
    inputs = tuple(replace(each, values=trained) if each.name == "device" else each for each in it.inputs)
    write_artifact(replace(it, inputs=inputs), tmp_path / "small.json")
    return tmp_path / "small.json"


def document(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path, *records: Record) -> Any:
    """What `--json` prints about these records."""
    write_csv(records, tmp_path / "records.csv")
    assert main(["evaluate", "--records", str(tmp_path / "records.csv"), "--model", str(model), "--json"]) == 0
    return json.loads(capsys.readouterr().out, parse_constant=pytest.fail)


def test_errors_are_ratios_of_what_was_measured(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    """350 W answered for 350, 280 and 140 W measured: off by 0, 1/4 and 3/2, worked out by hand."""
    found = document(capsys, tmp_path, model, record("a", 350), record("b", 280), record("c", 140))
    assert (found["n"], found["unanswered"]) == (3, 0)
    assert found["mape"] == pytest.approx((0 + 0.25 + 1.5) / 3)
    assert found["median_ape"] == pytest.approx(0.25)
    assert found["within_factor_two"] == pytest.approx(2 / 3)
    assert found["band_coverage"] == pytest.approx(1 / 3)
    assert found["models"][0]["name"] == "small"
    assert found["models"][0]["mape"] == found["mape"]


def test_parts_are_told_apart(capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path) -> None:
    """Each source has its own figures, and so has what lies outside of training."""
    records = [record("a", 350), record("b", 3500.0, rate=100.0, source="theirs"), record("c", 700, rate=4)]
    found = document(capsys, tmp_path, model, *records)
    assert {name: each["n"] for name, each in found["by_source"].items()} == {"ours": 2, "theirs": 1}
    assert found["in_domain"]["true"] == {"n": 2, "mape": pytest.approx(0), "median_ape": pytest.approx(0)}
    assert found["in_domain"]["false"]["n"] == 1
    assert found["in_domain"]["share"] == pytest.approx(2 / 3)
    assert list(found["by_device"]) == ["NVIDIA H100 SXM 80GB"]


def test_what_cannot_be_answered_is_counted_with_its_reason(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    """Another kind, no rate, a device nobody knows, another scope: the rest is answered all the same."""
    found = document(
        capsys,
        tmp_path,
        model,
        record("a", 350),
        record("b", 350, kind="diffusion"),
        record("c", 350, request_rate_per_second=None),
        record("d", 350, device="abacus", device_tdp_watts=None),
        record("e", 350, energy_scope="cpu"),
    )
    assert (found["n"], found["unanswered"], found["mape"]) == (1, 4, pytest.approx(0))
    reasons = " ".join(found["unanswered_reasons"])
    for part in ("no model answers for diffusion", "needs request_rate", "'abacus'", "small is of gpu, the record of"):
        assert part in reasons


def test_nothing_answered_is_null_and_never_nan(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    """With no answer there is no error to tell: null, and not zero."""
    found = document(capsys, tmp_path, model, record("a", 350, kind="diffusion"))
    assert (found["n"], found["mape"], found["r2_log"], found["in_domain"]["share"]) == (0, None, None, None)


def test_a_wall_meter_is_compared_with_the_machine_around_the_gpus(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    """A model of GPUs is not compared with a plug: the published share is added, said, and counts as out of domain."""
    found = document(capsys, tmp_path, model, record("a", 350 * 1.43, energy_scope="wall"))
    assert found["mape"] == pytest.approx(0)
    assert found["in_domain"]["false"]["n"] == 1
    assert "published share" in " ".join(found["notes"])


def test_records_of_training_are_said_to_be(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The same records as in training are told from others of the same source."""
    records = [record("a", 350), record("b", 280)]
    sources = {"ours": {"records": 2, "digest": digest_of(records)}}
    write_artifact(replace(small_artifact(), provenance={"sources": sources}), tmp_path / "small.json")
    (note,) = document(capsys, tmp_path, tmp_path / "small.json", *records)["notes"]
    assert "trained on these very records of ours" in note
    (note,) = document(capsys, tmp_path, tmp_path / "small.json", records[0])["notes"]
    assert "may know some of these" in note


def test_people_read_a_sentence_and_a_table_that_fits(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, model: Path
) -> None:
    """What is off by how much, in percent, in at most a hundred columns; and why some have no answer."""
    write_csv(
        [record("a", 350), record("b", 280), record("c", 350, kind="diffusion", source="theirs")],
        tmp_path / "records.csv",
    )
    assert main(["evaluate", "--records", str(tmp_path / "records.csv"), "--model", str(model)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "2 of 3 records answered: off by 12.5% on average, 12.5% in the median"
    assert max(map(len, lines)) <= 100
    assert any(line.split()[:3] == ["all", "2/3", "12.5"] for line in lines)
    assert "  1: no model answers for diffusion records" in lines
