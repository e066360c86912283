"""What a scrape costs, as a ratio to prometheus_client writing as many samples that never change.

Two sockets with zones, eight GPUs, and a new snapshot before every scrape, which is the worst case.
"""

import dataclasses
import statistics
import sys

from doubles.snapshots import full_snapshot, some_figures
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.process_collector import ProcessCollector

from bench.figure import Figure, run
from bench.turns import in_turns
from exporter.metrics.site import Site

RATIO_LIMIT = 1.5


def static_registry(families: list[Metric]) -> CollectorRegistry:
    """Gauges with the names, labels and values of a scrape, and the process's own metrics as they are."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    for family in families:
        by_name: dict[str, Gauge] = {}
        for sample in family.samples:
            gauge = by_name.get(sample.name)
            if gauge is None:
                gauge = by_name[sample.name] = Gauge(
                    sample.name, family.documentation, sample.labels, registry=registry
                )
            (gauge.labels(**sample.labels) if sample.labels else gauge).set(sample.value)
    return registry


def measure() -> list[Figure]:
    """The whole answer to GET /metrics against `generate_latest`, in turns."""
    snapshot, figures = full_snapshot(sockets=2, gpus=8), some_figures()
    site = Site(latest=lambda: snapshot, figures=lambda: figures)
    first = site.answer("/metrics").body.decode()
    families = [family for family in text_string_to_metric_families(first) if not family.name.startswith("process_")]
    static = static_registry(families)

    def scrape() -> None:
        nonlocal snapshot
        snapshot = dataclasses.replace(snapshot, wall=snapshot.wall + 1)
        site.answer("/metrics")

    compared = in_turns(scrape, lambda: generate_latest(static), rounds=6, pairs=100, warm_up=10)
    return [
        Figure("a scrape / generate_latest of as many static samples", compared.ratio, "x", RATIO_LIMIT),
        Figure("a scrape", statistics.median(compared.ours) * 1e6, "us"),
        Figure("samples in it", sum(len(family.samples) for family in families), ""),
    ]


if __name__ == "__main__":
    sys.exit(run(measure))
