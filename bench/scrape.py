"""What a scrape costs, as a ratio to prometheus_client writing as many gauges that never change.

Two sockets with zones, eight GPUs, and a new snapshot before every scrape, which is the worst case. Both sides are
timed in turns, so that a busy machine slows both, and the medians are compared.
"""

import dataclasses
import statistics
import sys
import time
from collections.abc import Callable

from doubles.snapshots import full_snapshot, some_figures
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.core import Metric
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.process_collector import ProcessCollector

from exporter.metrics.site import Site

ROUNDS = 400
LIMIT = 1.5


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


def seconds(call: Callable[[], object]) -> float:
    """The duration of one call."""
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def main() -> int:
    """Print both medians and their ratio; fail above the limit."""
    snapshot, figures = full_snapshot(sockets=2, gpus=8), some_figures()
    site = Site(latest=lambda: snapshot, figures=lambda: figures)
    scrape = site.answer("/metrics").body.decode()
    families = [family for family in text_string_to_metric_families(scrape) if not family.name.startswith("process_")]
    static = static_registry(families)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        snapshot = dataclasses.replace(snapshot, wall=snapshot.wall + 1)
        ours.append(seconds(lambda: site.answer("/metrics")))
        theirs.append(seconds(lambda: generate_latest(static)))
    scraping, writing = statistics.median(ours), statistics.median(theirs)
    count = sum(len(family.samples) for family in families)
    print(f"{count} samples: a scrape {scraping * 1e6:.0f} us, generate_latest {writing * 1e6:.0f} us")
    print(f"ratio {scraping / writing:.2f}, at most {LIMIT}")
    return 0 if scraping / writing <= LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
