"""What a region says of an interval: when, what of it is known, and tags that Grafana takes."""

from dataclasses import replace

import pytest

from joulecast.client.result import Joules, Result
from joulecast.footprint.footprint import Footprint
from joulecast.grafana.annotation import Annotation, annotation_of
from joulecast.provenance import Provenance

KNOWN = Joules(
    gross_joules=1000.0, net_joules=600.0, uncertainty_joules=10.0, coverage=1.0, provenance=Provenance.MEASURED
)
TRAIN = Result(
    interval_id="01",
    name="train",
    job="nightly",
    phase="training",
    status="finished",
    begin_time=1000.0,
    end_time=1012.5,
    duration_seconds=12.5,
    energy=KNOWN,
)


def drawn(result: Result) -> Annotation:
    """Its annotation, of the node gpu-01."""
    annotation = annotation_of(result, "gpu-01")
    assert annotation is not None
    return annotation


def test_everything_that_is_known() -> None:
    """Name, job and phase; gross with its half-width and provenance, and net; how long and where; labels."""
    rated = replace(TRAIN, labels={"epoch": "3"}, footprint=Footprint(grams_co2e=0.25, cost=0.125, currency="EUR"))

    annotation = drawn(rated)

    assert annotation == Annotation(
        1_000_000,
        1_012_500,
        ("joulecast", "interval:01", "job:nightly", "phase:training", "node:gpu-01"),
        "train (job nightly, phase training)\n"
        "1.00 kJ ± 0.01 kJ gross (measured), 600 J net\n"
        "250 mg CO2e, 0.125 EUR\n"
        "12.5 s on gpu-01\n"
        "epoch=3",
    )


def test_what_is_not_known_is_not_made_up() -> None:
    """Neither joules nor names nor tags of nothing."""
    annotation = annotation_of(Result(interval_id="01", begin_time=1.0, end_time=2.0, duration_seconds=1.0))

    assert annotation is not None
    assert annotation.text == "interval\nenergy unknown\n1.0 s"
    assert annotation.tags == ("joulecast", "interval:01")
    assert annotation_of(Result(interval_id="01")) is None
    assert annotation_of(Result(begin_time=1.0)) is None


def test_a_gap_and_a_silent_workload_are_told() -> None:
    """So that nobody takes the joules for all there were."""
    lines = drawn(replace(TRAIN, status="truncated", energy=replace(KNOWN, coverage=0.99999))).text.splitlines()

    assert lines[2:] == ["12.5 s on gpu-01, cut short: its workload fell silent", "99.9 % of that was observed"]


@pytest.mark.parametrize(
    ("end", "seconds", "expected"), [(1000.0, 0.0, 1_000_001), (1000.0002, 0.0002, 1_000_001), (400.0, 2.0, 1_002_000)]
)
def test_a_region_ends_after_it_begins(end: float, seconds: float, expected: int) -> None:
    """Also one shorter than a millisecond, and one whose clock was set back meanwhile."""
    assert drawn(replace(TRAIN, end_time=end, duration_seconds=seconds)).end == expected


@pytest.mark.parametrize("job", ["x" * 128, "😀" * 128, "<&>" * 40])
def test_long_tags_are_cut_where_grafana_would_refuse_them(job: str) -> None:
    """At a whole character, visibly; the text has all of it."""
    annotation = drawn(replace(TRAIN, job=job))

    (tag,) = [tag for tag in annotation.tags if tag.startswith("job:")]
    assert tag.endswith("…")
    assert job.startswith(tag.removeprefix("job:").removesuffix("…"))
    assert len(tag) <= 100


def test_unprintable_names_become_one_line() -> None:
    """Nothing moves a cursor or opens a second line, in a tag as in the text."""
    annotation = drawn(replace(TRAIN, name="a\x1b[31m\n\u202eb", job=" \tj\n"))

    assert annotation.text.splitlines()[0] == "a [31m b (job j, phase training)"
    assert "job:j" in annotation.tags
