"""Any text survives the way through a scrape: labels are what workloads and drivers made of them."""

from collections.abc import Callable, Iterable

import pytest
from doubles.snapshots import snapshot_of
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.intervals.figures import IntervalFigures
from exporter.metrics.collector import NodeCollector
from exporter.sensors.nvml.gpu import Gpu

Encode = Callable[[CollectorRegistry], bytes]
Parse = Callable[[str], Iterable[Metric]]

NASTY = 'train "v2"\\final\nstep\t1 été 電力 {job="x"} # EOF'
ENCODINGS = [
    pytest.param(generate_latest, parse_text, id="text"),
    pytest.param(generate_openmetrics, parse_openmetrics, id="openmetrics"),
]


def jobs_of(job: str, encode: Encode, parse: Parse) -> list[str]:
    """Write a scrape with one job and read the job back from it."""
    registry = CollectorRegistry()
    figures = IntervalFigures(ended={(job, "training", "finished"): 1})
    registry.register(NodeCollector(lambda: snapshot_of([]), lambda: figures))
    return [
        sample.labels["job"]
        for family in parse(encode(registry).decode())
        for sample in family.samples
        if sample.name == "joulecast_intervals_total"
    ]


@pytest.mark.parametrize(("encode", "parse"), ENCODINGS)
def test_quotes_newlines_and_other_scripts_survive(encode: Encode, parse: Parse) -> None:
    """A job named to break the format is read back as it was named."""
    assert jobs_of(NASTY, encode, parse) == [NASTY]


@given(job=st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_any_job_name_is_read_back(job: str) -> None:
    """Whatever text a job is named, OpenMetrics carries it."""
    assert jobs_of(job, generate_openmetrics, parse_openmetrics) == [job]


def test_bytes_that_are_no_text_do_not_cost_the_scrape() -> None:
    """A driver's name with undecodable bytes is shown with question marks, beside everything else."""
    registry = CollectorRegistry()
    broken = Gpu("GPU-1", 0, b"H\xff100".decode("utf-8", "surrogateescape"), "580")
    registry.register(NodeCollector(lambda: snapshot_of([], gpus=[broken]), IntervalFigures))
    assert 'model="H?100"' in generate_latest(registry).decode()
