"""Every metric that a dashboard may ask for, by the name of its samples, with the labels these have."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from prometheus_client.core import Metric

from exporter.metrics.families import FAMILIES, Kind
from predictor.service.artifacts import Artifacts
from predictor.service.figures import Figures

SCRAPE_LABELS = frozenset({"cluster", "instance", "job"})


class Known(NamedTuple):
    """One kind of sample."""

    labels: frozenset[str]
    counts: bool  # only ever grows: to be read by rate() and its like


def known_metrics(nowhere: Path) -> Mapping[str, Known]:
    """The frozen families of the exporter, what the prediction service collects, and what a process tells of itself.

    `nowhere` is an empty directory: the service shows the same families without a model.
    """
    return {**dict(_of_the_exporter()), **dict(_of_the_predictor(nowhere)), **_OF_A_PROCESS}


_OF_A_PROCESS = {
    "process_cpu_seconds_total": Known(frozenset(), counts=True),
    "process_resident_memory_bytes": Known(frozenset(), counts=False),
    "process_start_time_seconds": Known(frozenset(), counts=False),
}


def _of_the_exporter() -> Iterator[tuple[str, Known]]:
    for family in FAMILIES:
        labels = frozenset(family.labels)
        if family.kind is Kind.HISTOGRAM:
            yield f"{family.name}_bucket", Known(labels | {"le"}, counts=True)
        else:
            yield family.name, Known(labels, counts=family.kind is Kind.COUNTER)


def _of_the_predictor(nowhere: Path) -> Iterator[tuple[str, Known]]:
    metrics: Iterator[Metric] = Figures(Artifacts([nowhere], _no_model)).collect()
    for metric in metrics:
        labels = frozenset(metric._labelnames)  # type: ignore[attr-defined]
        if metric.type == "histogram":
            yield f"{metric.name}_bucket", Known(labels | {"le"}, counts=True)
        elif metric.type == "counter":
            yield f"{metric.name}_total", Known(labels, counts=True)
        else:
            yield metric.name, Known(labels, counts=False)


def _no_model(path: Path) -> None:
    raise AssertionError(f"{path} was not expected")
