"""The real exporter with rates, read by the real client and the real command."""

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from doubles.exporter_process import ExporterProcess
from pyarrow import parquet

import joulecast

COMMAND = str(Path(sys.executable).with_name("joulecast"))
RATES = ("--carbon-zone", "France", "--electricity-price", "0.25", "--currency", "eur", "--pue", "1.2")
GRAMS_PER_JOULE = 41.44 * 1.2 / 3.6e6
EUROS_PER_JOULE = 0.25 * 1.2 / 3.6e6


def said(exporter: ExporterProcess, *words: str) -> str:
    """What the command prints about this exporter."""
    ended = subprocess.run(
        [COMMAND, *words],
        env={**os.environ, "JOULECAST_ADDRESS": exporter.grpc},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stdout


def a_result(exporter: ExporterProcess) -> joulecast.Result:
    """A finished interval, read by the client."""
    with joulecast.interval("train", job="nightly", strict=True, address=exporter.grpc) as energy:
        exporter.until(lambda: (energy.joules or 0.0) > 0.0)
    assert (energy.grams_co2e, energy.cost) == (energy.footprint.grams_co2e, energy.footprint.cost)
    return energy.result()


@pytest.fixture
def france(tmp_path: Path) -> Iterator[ExporterProcess]:
    """An exporter in France that pays 25 cents, with the demo machine behind it."""
    with ExporterProcess(tmp_path, "--replay", "demo", "--period", "0.1", *RATES) as exporter:
        yield exporter


@pytest.fixture
def nowhere(tmp_path: Path) -> Iterator[ExporterProcess]:
    """One that was told nothing of where it stands."""
    with ExporterProcess(tmp_path, "--replay", "demo", "--period", "0.1") as exporter:
        yield exporter


def test_rates_reach_metrics_results_tables_and_files(france: ExporterProcess, tmp_path: Path) -> None:
    """One interval, everywhere with the same grams and euros, each with what it was made with."""
    result = a_result(france)
    joules = result.energy.gross_joules or 0.0
    assert result.footprint.grams_co2e == pytest.approx(joules * GRAMS_PER_JOULE)
    assert result.footprint.cost == pytest.approx(joules * EUROS_PER_JOULE)
    assert result.footprint.uncertainty_cost == pytest.approx((result.energy.uncertainty_joules or 0) * EUROS_PER_JOULE)
    assert (result.footprint.carbon_source, result.footprint.carbon_year) == ("Ember via Our World in Data", 2025)

    metrics = france.metrics()
    source = "Ember via Our World in Data, 2025"
    assert metrics.value("joulecast_carbon_intensity_grams_per_kwh", zone="FR", source=source) == 41.44
    assert metrics.value("joulecast_electricity_price_per_kwh", currency="EUR") == 0.25
    assert metrics.value("joulecast_pue_ratio") == 1.2

    titles, line = said(france, "intervals", "list").splitlines()
    assert titles.split()[-3:] == ["CO2e", "cost", "labels"]
    assert line.split()[-1] == "EUR"

    shown = said(france, "intervals", "show", result.interval_id or "")
    assert "\nfootprint: " in shown
    assert "yearly average of generation in France in 2025" in shown
    document = json.loads(said(france, "intervals", "show", result.interval_id or "", "--json"))
    assert document["footprint"]["grams_co2e"] == result.footprint.grams_co2e
    assert document["footprint"]["notes"] == list(result.footprint.notes)

    (row,) = csv.DictReader(io.StringIO(said(france, "intervals", "export", "--format", "csv", "--output", "-")))
    assert float(row["grams_co2e"]) == result.footprint.grams_co2e
    assert (row["carbon_zone"], row["carbon_year"], row["pue_ratio"], row["currency"]) == ("FR", "2025", "1.2", "EUR")

    file = tmp_path / "intervals.parquet"
    said(france, "intervals", "export", "--format", "parquet", "--output", str(file))
    assert parquet.read_table(file)["cost"].to_pylist() == [result.footprint.cost]


def test_without_rates_nothing_of_carbon_or_money_is_said(nowhere: ExporterProcess, tmp_path: Path) -> None:
    """No samples, None, no columns in the table, null in files: the world's average is nobody's."""
    result = a_result(nowhere)
    assert result.energy.gross_joules
    assert (result.footprint.grams_co2e, result.footprint.cost, result.footprint.notes) == (None, None, ())

    names = {line.name for line in nowhere.metrics().lines}
    assert "joulecast_node_power_watts" in names
    assert not [name for name in names if "carbon" in name or "price" in name or "pue" in name]
    assert "CO2e" not in said(nowhere, "intervals", "list")
    assert "footprint" not in said(nowhere, "intervals", "show", result.interval_id or "")

    file = tmp_path / "intervals.parquet"
    said(nowhere, "intervals", "export", "--format", "parquet", "--output", str(file))
    table = parquet.read_table(file)
    for name in ("grams_co2e", "cost", "currency", "carbon_zone", "carbon_year"):
        assert table[name].null_count == 1


def test_what_was_measured_before_is_read_at_the_rates_of_now(tmp_path: Path) -> None:
    """A footprint is not stored: the same interval, read after a restart with another intensity, follows it."""
    flags = ("--replay", "demo", "--period", "0.1")
    with ExporterProcess(tmp_path, *flags, "--carbon-zone", "FR") as exporter:
        before = a_result(exporter)
    with ExporterProcess(tmp_path, *flags, "--carbon-intensity", "500", "--carbon-source", "our supplier") as exporter:
        after = json.loads(said(exporter, "intervals", "show", before.interval_id or "", "--json"))

    assert before.footprint.carbon_intensity_grams_per_kwh == 41.44
    assert after["gross_joules"] == before.energy.gross_joules
    assert after["footprint"]["grams_co2e"] == pytest.approx(after["gross_joules"] * 500 / 3.6e6)
    assert (after["footprint"]["carbon_source"], after["footprint"]["carbon_year"]) == ("our supplier", None)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--carbon-zone", "Frnace"], "no carbon intensity is known for 'Frnace': did you mean FR (France)?"),
        (["--electricity-price", "-0.1", "--currency", "EUR"], "--electricity-price is '-0.1': give money per kWh"),
        (["--electricity-price", "nan", "--currency", "EUR"], "--electricity-price is 'nan'"),
        (["--electricity-price", "0.1"], "without its currency: give --currency"),
        (["--pue", "0.9"], "--pue is '0.9': give a ratio from 1 to 10"),
    ],
)
def test_rates_that_cannot_be_stop_the_exporter_with_a_line(tmp_path: Path, flags: list[str], words: str) -> None:
    """At start, before anything is touched: what is wrong and what to do about it."""
    state = tmp_path / "state"
    ended = subprocess.run(
        [COMMAND, "exporter", "--replay", "demo", "--state-dir", str(state), *flags],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert ended.returncode == 1
    assert words in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not state.exists()
