"""From a snapshot to samples: what is known appears once, what is not leaves no trace."""

import dataclasses
import math
import platform
from collections.abc import Callable

import pytest
from doubles.prometheus import needs_promtool, promtool_check
from doubles.snapshots import (
    full_snapshot,
    gpu_identity,
    sensor_state,
    series_state,
    snapshot_of,
    some_figures,
)
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from exporter.intervals.figures import NET_JOULES_BUCKETS, IntervalFigures
from exporter.metering.snapshot import EMPTY, IdleState, Snapshot
from exporter.metrics.collector import NodeCollector
from exporter.metrics.families import FAMILIES
from exporter.usage.source import Gauge, UsageReading
from joulecast.component import Component, SeriesKey
from joulecast.footprint.rates import NO_RATES, Rates, rates_of
from joulecast.provenance import Provenance
from joulecast.version import __version__

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def registry_of(
    snapshot: Snapshot, figures: IntervalFigures | None = None, rates: Rates = NO_RATES, replaying: str = ""
) -> CollectorRegistry:
    """A registry that holds nothing but the node."""
    registry = CollectorRegistry()
    collector = NodeCollector(lambda: snapshot, lambda: figures or IntervalFigures(), rates, replaying=replaying)
    registry.register(collector)
    return registry


def scraped(
    snapshot: Snapshot, figures: IntervalFigures | None = None, rates: Rates = NO_RATES, replaying: str = ""
) -> Samples:
    """Every sample of a scrape, as an OpenMetrics parser understands it."""
    text = generate_openmetrics(registry_of(snapshot, figures, rates, replaying)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    """Labels as `scraped` keys them."""
    return frozenset(labels.items())


def names(samples: Samples) -> set[str]:
    """The metric names among samples."""
    return {name for name, _ in samples}


@pytest.mark.parametrize(
    ("file", "encode"), [("full.prom", generate_latest), ("full.openmetrics", generate_openmetrics)]
)
def test_scrape_of_a_full_node_is_as_it_was(
    golden: Callable[[str, str], None], file: str, encode: Callable[[CollectorRegistry], bytes]
) -> None:
    """A server with everything is written exactly as the golden file holds it."""
    text = encode(registry_of(full_snapshot(gpus=2), some_figures())).decode()
    golden(file, text.replace(platform.python_version(), "PYTHON").replace(__version__, "VERSION"))


@needs_promtool
def test_promtool_finds_nothing_to_say() -> None:
    """Prometheus's own linter is content with names, types and help of every family."""
    assert promtool_check(generate_latest(registry_of(full_snapshot(), some_figures()))) == ""


def test_every_declared_family_can_be_filled() -> None:
    """Nothing is declared, and so documented, that a node with everything does not show."""
    rates = rates_of(zone="FR", price=0.25, currency="EUR", pue=1.2)
    shown = names(scraped(full_snapshot(), some_figures(), rates, "demo (simulated)"))
    missing = [family.name for family in FAMILIES if not any(name.startswith(family.name) for name in shown)]
    assert missing == []


def test_a_replay_is_told_and_a_machine_itself_is_none() -> None:
    """Whoever queries can tell a played machine from a measured one."""
    samples = scraped(full_snapshot(), replaying="demo (simulated)")

    assert samples["joulecast_replay_info", labelled(capture="demo (simulated)")] == 1
    assert "joulecast_replay_info" not in names(scraped(full_snapshot()))


def test_rates_are_shown_as_they_were_configured() -> None:
    """A country's intensity with its publisher and year, a price with its currency, a PUE."""
    samples = scraped(EMPTY, rates=rates_of(zone="France", price=0.25, currency="eur", pue=1.2))

    assert {key: value for key, value in samples.items() if "joulecast_build" not in key[0]} == {
        ("joulecast_intervals_open", frozenset()): 0,
        (
            "joulecast_carbon_intensity_grams_per_kwh",
            labelled(zone="FR", source="Ember via Our World in Data, 2025"),
        ): 41.44,
        ("joulecast_electricity_price_per_kwh", labelled(currency="EUR")): 0.25,
        ("joulecast_pue_ratio", frozenset()): 1.2,
    }


def test_what_an_operator_says_of_the_grid_replaces_the_table() -> None:
    """The override has the operator's zone and source; a price and a PUE that nobody gave are no samples."""
    samples = scraped(EMPTY, rates=rates_of(zone="FR-COR", intensity=12.5, source="our supplier, May"))

    assert (
        samples["joulecast_carbon_intensity_grams_per_kwh", labelled(zone="FR-COR", source="our supplier, May")] == 12.5
    )
    assert not names(samples) & {"joulecast_electricity_price_per_kwh", "joulecast_pue_ratio"}


def test_node_without_sensors_says_who_it_is_and_nothing_else() -> None:
    """Before the first reading there is not one zero that could be taken for a measurement."""
    assert names(scraped(EMPTY)) == {"joulecast_build_info", "joulecast_intervals_open"}


@pytest.mark.parametrize("unknown", [None, math.nan, math.inf])
def test_unknown_power_leaves_no_sample_but_keeps_the_energy(unknown: float | None) -> None:
    """A sensor that gives nothing now has no power and no error bar; what was counted stays."""
    samples = scraped(snapshot_of([series_state(Component.CPU, "0", "package", watts=unknown, joules=5.0)]))
    assert not {"joulecast_power_watts", "joulecast_power_uncertainty_watts"} & names(samples)
    identity = labelled(component="cpu", device="0", zone="package", provenance="measured")
    assert samples["joulecast_energy_joules_total", identity] == 5.0


def test_unknown_node_power_leaves_no_sample() -> None:
    """A node whose parts give nothing has no node power, rather than none at all."""
    bare = snapshot_of([series_state(Component.CPU, "0", "package")])
    samples = scraped(dataclasses.replace(bare, node_watts=None))
    assert "joulecast_node_power_watts" not in names(samples)
    assert "joulecast_node_energy_joules_total" in names(samples)


def test_zero_that_was_measured_is_a_sample() -> None:
    """A reading of zero is a reading."""
    samples = scraped(snapshot_of([series_state(Component.GPU, "GPU-1", watts=0.0)]))
    identity = labelled(component="gpu", device="GPU-1", zone="", provenance="measured")
    assert samples["joulecast_power_watts", identity] == 0.0


def test_parts_that_a_query_sums_are_the_parts_of_the_node() -> None:
    """A second sensor for a counted part is not published, so no query can add the part twice."""
    snapshot = snapshot_of(
        [
            series_state(Component.CPU, "0", "package", watts=100.0),
            series_state(Component.CPU, "0", "core", watts=70.0),
            series_state(Component.DRAM, "0", "dram", watts=20.0),
            series_state(Component.DRAM, "all", "", watts=23.0, provenance=Provenance.MODELLED, counted=False),
            series_state(Component.CPU, "0", "psys", watts=170.0),
            series_state(Component.PLATFORM, "acpi", watts=200.0),
        ]
    )
    summed = [
        value
        for (name, labels), value in scraped(snapshot).items()
        if name == "joulecast_power_watts"
        and dict(labels)["component"] in ("cpu", "dram", "gpu")
        and dict(labels)["zone"] in ("package", "dram", "")
    ]
    assert sum(summed) == snapshot.node_watts == 120.0


def test_series_with_the_same_labels_appears_once() -> None:
    """Two samples with equal labels would make Prometheus refuse the whole scrape; the first one stays."""
    samples = scraped(
        snapshot_of(
            [
                series_state(Component.PLATFORM, "acpi", sensor="hwmon", watts=200.0),
                series_state(Component.PLATFORM, "acpi", sensor="acpi", watts=210.0),
            ]
        )
    )
    values = [value for (name, _), value in samples.items() if name == "joulecast_power_watts"]
    assert values == [200.0]


def test_idle_baseline_of_a_zone_does_not_hide_that_of_its_package() -> None:
    """The baseline has no zone label, so only parts of the node have one."""
    idle = {
        SeriesKey(Component.CPU, "0", zone): IdleState(watts, 0.1, "learnt", 60.0, 0.0)
        for zone, watts in (("core", 20.0), ("package", 48.0))
    }
    samples = scraped(dataclasses.replace(snapshot_of([]), idle=idle))
    assert samples["joulecast_idle_power_watts", labelled(component="cpu", device="0")] == 48.0


def test_sensor_health_tells_denied_from_absent() -> None:
    """What is there and fails or denies access is down; what this machine lacks is not mentioned."""
    sensors = [sensor_state(status, status) for status in ("up", "failing", "denied", "absent")]
    samples = scraped(snapshot_of([], sensors=sensors))
    health = {
        dict(labels)["sensor"]: value for (name, labels), value in samples.items() if name == "joulecast_sensor_up"
    }
    assert health == {"up": 1.0, "failing": 0.0, "denied": 0.0}
    assert not any(("sensor", "absent") in labels for _, labels in samples)


def test_rejected_readings_are_counted_by_reason() -> None:
    """A reader sees why readings were refused."""
    samples = scraped(snapshot_of([], sensors=[sensor_state("nvml", lost=2, impossible=1)]))
    assert samples["joulecast_sensor_rejected_readings_total", labelled(sensor="nvml", reason="lost")] == 2.0
    assert samples["joulecast_sensor_rejected_readings_total", labelled(sensor="nvml", reason="impossible")] == 1.0


def test_every_gauge_of_usage_has_its_family() -> None:
    """No kind of usage reading is without a metric, and each becomes exactly one sample."""
    readings = [UsageReading(gauge, 0.5, "gpu", "GPU-1", "detail") for gauge in Gauge]
    fixed = scraped(snapshot_of([]))
    assert len(scraped(snapshot_of([], usage=readings))) - len(fixed) == len(Gauge)


def test_gpu_is_joined_to_its_identity_by_uuid() -> None:
    """The many words about a GPU are on one series of value 1."""
    samples = scraped(snapshot_of([], gpus=[gpu_identity(3)]))
    identity = labelled(
        uuid="GPU-00000003", index="3", model="Imaginary H100", driver="580.65", pci_bus_id="00000000:03:00.0"
    )
    assert samples["joulecast_gpu_info", identity] == 1.0


def test_histogram_counts_are_cumulative_up_to_all() -> None:
    """Each bucket holds all below its bound, the last one every interval."""
    samples = scraped(EMPTY, some_figures())
    buckets = {
        float(dict(labels)["le"]): value
        for (name, labels), value in samples.items()
        if name == "joulecast_interval_net_joules_bucket" and ("job", "resnet") in labels
    }
    assert [buckets[bound] for bound in (*NET_JOULES_BUCKETS[:4], math.inf)] == [0, 0, 0, 2, 3]
    assert samples["joulecast_interval_net_joules_sum", labelled(job="resnet", phase="training")] == 2e8


def test_negative_net_energy_is_counted_and_its_sum_left_out() -> None:
    """A sum is counter-like and may not be negative; the interval itself is in the first bucket."""
    samples = scraped(EMPTY, some_figures())
    pair = {"job": "idle check", "phase": ""}
    assert ("joulecast_interval_net_joules_sum", labelled(**pair)) not in samples
    assert samples["joulecast_interval_net_joules_bucket", labelled(**pair, le="1.0")] == 1.0


def test_unchanged_snapshot_is_not_built_again() -> None:
    """Scrapers between two periods share one set of families; a new snapshot is seen at once."""
    holder = [full_snapshot()]
    asked: list[Snapshot] = []

    def latest() -> Snapshot:
        asked.append(holder[-1])
        return holder[-1]

    collector = NodeCollector(latest, IntervalFigures)
    first, second = list(collector.collect()), list(collector.collect())
    assert all(before is after for before, after in zip(first, second, strict=True))
    holder.append(dataclasses.replace(holder[0], node_watts=1.0))
    third = {metric.name: metric for metric in collector.collect()}
    assert third["joulecast_node_power_watts"].samples[0].value == 1.0
    assert len(asked) == 3
