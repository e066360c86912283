"""`joulecast predict calibrate`: from points to an artifact that is asked as any other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from doubles.measured_records import csv_of

Predict = Callable[..., Any]

POINT = "device=L40S,parameters=8e9,request_rate=4,average_output_tokens=300,concurrency=16"
ASKED = ("--device", "L40S", "--parameters", "8e9", "--rps", "4", "--concurrency", "16", "--output-tokens", "300")


def test_a_wall_meter_reading_is_enough(predict: Predict, tmp_path: Path) -> None:
    """One point makes a model of that machine's wall power, which says by what it was calibrated."""
    out = tmp_path / "mine.json"
    said = predict(
        "calibrate", "--point", f"{POINT},wall_watts=500", "--out", str(out), artifact="generative-known-runtime"
    )
    it = predict("generative", *ASKED, "--artifact", str(out), "--json").document

    assert said.status == 0
    assert "500 W" in said.out
    assert "350 W" in said.out
    assert f"written: {out}" in said.out
    assert 470 < it["power_watts"]["value"] < 500
    assert (it["scope"], it["in_domain"], it["node_power_watts"]) == ("wall", True, None)
    assert any("calibrated by one point measured on NVIDIA L40S 48GB" in note for note in it["notes"])


def test_points_come_from_a_small_csv(predict: Predict, tmp_path: Path) -> None:
    """A column for each feature and one for what was measured; left out in turn, they say how far off it is."""
    lines = ["device,parameters,request_rate,watts"]
    lines += [f"L40S,8e9,{rate},{round(1.4 * 175 * rate**0.5)}" for rate in (1, 4, 9)]
    path, out = csv_of(tmp_path, *lines), tmp_path / "mine.json"
    said = predict("calibrate", "--points", str(path), "--out", str(out), "--json", artifact="generative-known-runtime")
    asked = predict("generative", *ASKED, "--artifact", str(out))

    calibration = said.document["calibration"]
    assert [each["name"] for each in calibration["points"]] == [f"records.csv, line {line}" for line in (2, 3, 4)]
    assert calibration["scope"] == "gpu"
    assert "leave-point-out: off by" in asked.out
    assert "(3 points)" in asked.out
    assert "before its calibration, leave-model-out: off by 12.0% on average" in asked.out


def test_points_come_from_records(predict: Predict, tmp_path: Path) -> None:
    """A file of measured records is read as training reads it, and estimated ones are left out."""
    header = "record_id,source,kind,model_id,device,energy_scope,provenance,parameters_total,"
    path = csv_of(
        tmp_path,
        f"{header}request_rate_per_second,mean_power_watts",
        "a,ours,generative,llama,L40S,gpu,measured,8e9,4,500",
        "b,ours,generative,llama,L40S,gpu,predicted,8e9,9,900",
    )
    said = predict(
        "calibrate", "--records", str(path), "--out", str(tmp_path / "mine.json"), "--json",
        artifact="generative-known-runtime",
    )  # fmt: skip

    assert [each["name"] for each in said.document["calibration"]["points"]] == ["a"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "no points to calibrate by"),
        (("--point", POINT), "nothing was measured"),
        (("--point", f"{POINT},watts=500,provenance=predicted"), "holds predicted energy"),
        (("--point", f"{POINT},watts=0"), "what was measured is positive"),
        (("--point", f"{POINT},watts=many"), "a number belongs there"),
        (("--point", f"{POINT},watts=nan"), "a finite number belongs there"),
        (("--point", f"{POINT},watts=5e6"), "check its units"),
        (("--point", f"{POINT},watts=500,parameters=9"), "stands there twice"),
        (("--point", "device=L40S,parameters=8,request_rate=4,watts=500"), "8 billion is 8e9"),
        (("--point", "device=L40X,parameters=8e9,request_rate=4,watts=500"), "did you mean"),
        (("--point", "device=L40S,parameters=8e9,requestrate=4,watts=500"), "did you mean request_rate?"),
        (("--point", f"{POINT},watts=500,scope=plug"), "scope is 'plug'"),
        (("--point", "500 W"), "write key=value"),
        (("--points", "/nowhere/points.csv"), "cannot be read"),
        (("--point", f"{POINT},watts=500,name=a", "--point", f"{POINT},watts=510,name=a"), "given twice"),
    ],
)
def test_what_cannot_calibrate_writes_nothing(
    predict: Predict, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    """One line that says what is wrong, and no file."""
    out = tmp_path / "mine.json"
    said = predict("calibrate", *words, "--out", str(out), artifact="generative-known-runtime")

    assert (said.status, said.out) == (1, "")
    assert says in said.err
    assert said.err.count("\n") == 1
    assert not out.exists()


def test_an_uneven_row_names_its_line(predict: Predict, tmp_path: Path) -> None:
    """A decimal comma makes one cell too many, and is told with its line."""
    path = csv_of(tmp_path, "device,parameters,request_rate,watts", "L40S,8e9,4,500", "L40S,8e9,4,5,500")
    said = predict(
        "calibrate", "--points", str(path), "--out", str(tmp_path / "mine.json"), artifact="generative-known-runtime"
    )

    assert "records.csv, line 3: 5 cells under 4 columns" in said.err
