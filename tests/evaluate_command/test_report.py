"""The page `joulecast evaluate --report` writes: one file, charts and tables, nothing from elsewhere."""

import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from doubles.measured_records import generative_record
from doubles.small_artifact import small_artifact

from joulecast.cli.main import main
from predictor.artifact import write_artifact
from predictor.readers.csv_file import write_csv
from predictor.report.residuals import residuals
from predictor.report.scatter import MOST, scatter, thinned
from predictor.scoring.answers import Answers

_VOID = {"meta", "link", "br", "hr", "img"}


class Balanced(HTMLParser):
    """Fails where an element is not closed in the order in which it was opened; keeps what a browser would fetch."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.names: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.fetched += [value or "" for name, value in attrs if name in {"src", "href"} and value != "data:,"]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in _VOID:
            self.open.pop()


def answered(count: int, off: float = 1.1) -> Answers:
    """Truths over six decades and answers a little above; every third outside the domain."""
    truth = np.geomspace(1e-3, 1e3, count)
    value = truth * off
    return Answers(truth, value, value * 0.8, value * 1.2, np.arange(count) % 3 > 0)


def chart_of(text: str) -> ET.Element:
    """A chart, which has to be well-formed."""
    return ET.fromstring(text)  # noqa: S314 # our own


def charts(page: str) -> list[ET.Element]:
    """The charts on a page, each well-formed."""
    return [chart_of(each) for each in re.findall(r"<svg.*?</svg>", page, re.DOTALL)]


def test_it_is_one_whole_page_that_fetches_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Well-formed, forbidden to ask any network, with two charts and the table; what others named stays text."""
    hostile = '<script>alert("1")</script>'
    records = [
        generative_record(
            record_id=f"r{number}",
            source=hostile,
            model_id=f"{hostile}{number}",
            request_rate_per_second=1.0 + number,
            samples_per_second=1.0 + number,
            energy_joules_per_sample=500.0 / (1.0 + number),
            device=device,
        )
        for number, device in enumerate(["H100", "<b>abacus</b>", "H100"])
    ]
    write_csv(records, tmp_path / "records.csv")
    write_artifact(small_artifact(), tmp_path / "small.json")
    words = ["--records", str(tmp_path / "records.csv"), "--model", str(tmp_path / "small.json")]
    assert main(["evaluate", *words, "--report", str(tmp_path / "report.html")]) == 0
    capsys.readouterr()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    parsed = Balanced()
    parsed.feed(page)
    assert parsed.open == []
    assert parsed.fetched == []
    assert "script" not in parsed.names
    assert "b" not in parsed.names
    assert "default-src 'none'" in page
    assert "prefers-color-scheme: dark" in page
    scattered, by_device = charts(page)
    assert scattered.get("aria-label") == "Estimated against measured energy of a sample: 3 records"
    assert by_device.get("aria-label") == "Estimate over truth by device, 2 of 2 devices"


def test_splits_and_importances_are_on_the_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The charts are of models left out, and the paper's place stands beside each metric it lists."""
    records = [
        generative_record(
            record_id=f"r{model}-{step}",
            model_id=f"maker/model-{model}",
            parameters_total=1e9 * (1 + model),
            model_size_bytes=2e9 * (1 + model),
            request_rate_per_second=2.0**step,
            samples_per_second=2.0**step,
            output_tokens_per_second=100 * 2.0**step,
            average_output_tokens=100.0,
            concurrency=4.0 * 2**step,
            energy_joules_per_sample=500.0 / 2**step,
        )
        for model in range(3)
        for step in range(5)
    ]
    write_csv(records, tmp_path / "records.csv")
    words = ["--records", str(tmp_path / "records.csv"), "--splits", "random,leave-model-out", "--jobs", "1"]
    assert main(["evaluate", *words, "--importances", "--report", str(tmp_path / "report.html")]) == 0
    capsys.readouterr()
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "15 records, leave-model-out" in page
    assert "1. request rate" in page
    assert any((each.get("aria-label") or "").startswith("Importances") for each in charts(page))


def test_a_folder_that_is_not_there_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A report that cannot be written is told, and is no traceback."""
    write_csv([generative_record(request_rate_per_second=1.0)], tmp_path / "records.csv")
    write_artifact(small_artifact(), tmp_path / "small.json")
    words = ["--records", str(tmp_path / "records.csv"), "--model", str(tmp_path / "small.json")]
    assert main(["evaluate", *words, "--report", str(tmp_path / "absent" / "report.html")]) == 1
    assert "cannot be written" in capsys.readouterr().err


def test_every_record_is_a_dot_up_to_five_thousand() -> None:
    """Beyond that some are chosen, the same each time, and the chart stays small."""
    few = chart_of(scatter(answered(12), "J", "energy"))
    inside, outside = (each.get("d") or "" for each in few.iter("path") if each.get("class") in {"in", "out"})
    assert (inside.count("M"), outside.count("M")) == (8, 4)
    many = answered(30_000)
    assert len(thinned(many).truth) == MOST
    chart = scatter(many, "J", "energy")
    assert chart == scatter(many, "J", "energy")
    assert len(chart) < 150_000


def test_dots_on_the_diagonal_are_right() -> None:
    """An answer that is the truth lies where the line of equal values does."""
    chart = chart_of(scatter(answered(2, off=1.0), "J", "energy"))
    paths = {each.get("class"): each.get("d") or "" for each in chart.iter("path")}
    ends = [tuple(map(float, part.split())) for part in re.findall(r"[ML]([\d.]+ [\d.]+)", paths["same"])]
    dots = [tuple(map(float, part.split())) for part in re.findall(r"M([\d.]+ [\d.]+)", paths["in"] + paths["out"])]
    assert sorted(dots) == sorted(ends)


def test_devices_with_most_records_are_shown_first() -> None:
    """By frequency, each with its median where the ratio is; nothing answered is no chart."""
    chart = chart_of(residuals(answered(9), ["rare"] * 2 + ["often"] * 7))
    names = [each.text for each in chart.iter("text") if each.get("class") == "name"]
    counts = [each.text for each in chart.iter("text") if each.get("class") == "count"]
    assert (names, counts) == (["often", "rare"], ["7", "2"])
    assert residuals(Answers.empty(2), ["a", "b"]) == ""
    assert scatter(Answers.empty(2), "J", "energy") == ""
