"""The declarations themselves: names are a contract, and the written reference follows them."""

from pathlib import Path

from exporter.metrics.families import FAMILIES, Kind
from exporter.metrics.reference import reference


def test_every_name_is_declared_once() -> None:
    """No two families share a name, nor a name without its suffix."""
    assert len({family.name for family in FAMILIES}) == len({family.root for family in FAMILIES}) == len(FAMILIES)


def test_names_follow_their_types() -> None:
    """Counters end in _total, infos in _info, and nothing else does."""
    for family in FAMILIES:
        assert family.name.endswith("_total") == (family.kind is Kind.COUNTER), family.name
        assert family.name.endswith("_info") == (family.kind is Kind.INFO), family.name


def test_quantities_name_a_base_unit() -> None:
    """What has no unit counts things or states a fact; everything else ends with the unit it is in."""
    without = {family.name for family in FAMILIES if not family.unit and family.kind is not Kind.INFO}
    assert without == {
        "joulecast_gpu_throttled",
        "joulecast_intervals_total",
        "joulecast_intervals_open",
        "joulecast_sensor_up",
        "joulecast_sensor_rejected_readings_total",
        "joulecast_workloads",
        # Named as people ask for them; grams and money are no base units of Prometheus.
        "joulecast_carbon_intensity_grams_per_kwh",
        "joulecast_electricity_price_per_kwh",
    }


def test_written_reference_is_current() -> None:
    """docs/metrics.md is what the families say now."""
    page = Path(__file__).parents[2] / "docs/metrics.md"
    assert page.read_text() == reference(), "run: python -m exporter.metrics.reference > docs/metrics.md"
