"""Records from what an exporter kept: its own ledger's tables, on SQLite and PostgreSQL, and its exported files."""

import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from doubles.intervals import a_finished_interval, an_energy
from doubles.postgresql_server import postgresql_server

from exporter.intervals.interval import Account, DeviceEnergy, Energy, GpuUsage, Interval, Status, Usage
from exporter.store.ledger import SqlLedger
from joulecast.cli.export import export
from joulecast.client.result import GpuUsage as ResultGpuUsage
from joulecast.client.result import Joules, Result
from joulecast.client.result import Usage as ResultUsage
from joulecast.component import Component, SeriesKey
from joulecast.errors import JoulecastError
from joulecast.provenance import Provenance
from predictor.readers.reading import read_records
from predictor.record import Record

LABELS = {
    "model": "llama-3-8b",
    "parameters": "8.03e9",
    "bytes_per_parameter": "2",
    "device": "H100 SXM",
    "batch_size": "32",
    "stack_version": "vllm-0.11.1",
    "seed": "1",
}
COUNTS = {"request": 20.0, "output_token": 6000.0}
GPU, CPU, DRAM = Component.GPU, Component.CPU, Component.DRAM
MEASURED, MODELLED = Provenance.MEASURED, Provenance.MODELLED


def served(
    number: int = 0,
    *,
    labels: Mapping[str, str] = LABELS,
    energies: Mapping[Component, Energy] | None = None,
    counts: Mapping[str, float] = COUNTS,
    phase: str = "inference",
) -> Interval:
    """Two seconds of serving on two GPUs that drew 2 kJ together, on a node whose DRAM nobody measures."""
    interval = a_finished_interval(number, name="serve", phase=phase, labels=dict(labels))
    components = energies or {
        GPU: an_energy(gross_joules=2000.0, provenance=Provenance.INTEGRATED),
        CPU: an_energy(gross_joules=300.0),
        DRAM: an_energy(gross_joules=20.0, provenance=MODELLED),
    }
    series = {GPU: [SeriesKey(GPU, "GPU-1"), SeriesKey(GPU, "GPU-2")], CPU: [SeriesKey(CPU, "0", "package")]}
    interval.account = Account(
        node=an_energy(),
        components=components,
        devices=[
            DeviceEnergy(key, "nvml", counted=True, energy=components[part])
            for part, keys in series.items()
            if part in components
            for key in keys
        ],
        usage=Usage(0.25, 0.5, (GpuUsage("GPU-1", 0.9, 0.4), GpuUsage("GPU-2", 0.7, None))),
    )
    interval.counts = dict(counts)
    return interval


def store_of(folder: Path, *intervals: Interval) -> str:
    """A store as an exporter leaves it: through its own ledger."""
    path = folder / "joulecast.db"
    keep(str(path), *intervals)
    return str(path)


def keep(store: str, *intervals: Interval) -> None:
    """Begin and finish these intervals in a store."""
    ledger = SqlLedger(store)
    for interval in intervals:
        ledger.open(interval)
    ledger.save(intervals)
    ledger.close()


def read(store: str) -> list[Record]:
    return read_records(store=store, say=pytest.fail)


def left_out(store: str) -> str:
    """What is said of a store of which one interval is a record and others are not."""
    said: list[str] = []
    assert len(read_records(store=store, say=said.append)) == 1
    return said[0]


def check(record: Record) -> None:
    """The record of `served()`, wherever it was kept."""
    assert (record.kind, record.model_id, record.device) == ("generative", "llama-3-8b", "NVIDIA H100 SXM 80GB")
    assert (record.parameters_total, record.model_size_bytes, record.batch_size) == (8.03e9, 16.06e9, 32)
    assert (record.energy_scope, record.provenance, record.device_count) == ("gpu", "integrated", 2)
    assert record.mean_power_watts == pytest.approx(1000)
    assert record.duration_seconds == pytest.approx(2)
    assert record.samples_per_second == record.request_rate_per_second == pytest.approx(10)
    assert record.energy_joules_per_sample == pytest.approx(100)
    assert record.energy_joules_per_output_token == pytest.approx(1 / 3)
    assert record.average_output_tokens == 300
    assert record.output_tokens_per_second == pytest.approx(3000)
    assert record.cpu_utilization_ratio == 0.25
    assert record.gpu_utilization_ratio == pytest.approx(0.8)
    assert (record.gpu_memory_used_ratio, record.gpu_memory_utilization_ratio) == (pytest.approx(0.4), None)
    assert (record.stack_version, record.device_tdp_watts) == ("vllm-0.11.1", 700)


def test_a_measured_interval_that_names_its_model_is_a_record(tmp_path: Path) -> None:
    """Labels give what ran, counts what it did, sensors what it drew; the catalogue knows the device."""
    (record,) = read(store_of(tmp_path, served()))
    check(record)


def test_a_state_directory_and_a_url_name_the_same_store(tmp_path: Path) -> None:
    """Whatever way the exporter was told its store works for reading it."""
    store = store_of(tmp_path, served())
    assert read(str(tmp_path)) == read(store) == read(f"sqlite:///{store}")


def test_reading_a_store_changes_nothing(tmp_path: Path) -> None:
    """The file is opened read-only: not a byte of it differs afterwards."""
    store = Path(store_of(tmp_path, served()))
    before = store.read_bytes()
    assert len(read(str(store))) == 1
    assert store.read_bytes() == before


def test_a_store_is_read_beside_an_exporter_that_goes_on_writing(tmp_path: Path) -> None:
    """What the exporter committed is seen, and it may commit while it is read."""
    store = store_of(tmp_path, served())
    ledger = SqlLedger(store)
    for number in (1, 2):
        interval = served(number)
        ledger.open(interval)
        ledger.save([interval])
        assert len(read(store)) == number + 1
    ledger.close()


@pytest.mark.parametrize("provenance", [Provenance.MODELLED, Provenance.PREDICTED])
def test_estimated_energy_is_never_a_record(tmp_path: Path, provenance: Provenance) -> None:
    """A model never learns from TDP formulas or from another model; how many were refused is said."""
    estimated = served(1, energies={GPU: an_energy(gross_joules=2000.0, provenance=provenance)})
    said = left_out(store_of(tmp_path, served(), estimated))
    assert said.endswith("1 of 2 intervals are records; left out: 1 of modelled or predicted energy")


def test_a_modelled_part_is_left_out_of_the_scope_and_not_mixed_in(tmp_path: Path) -> None:
    """On a node without GPUs a modelled DRAM leaves the measured CPU a record of its own scope."""
    labels = LABELS | {"device": "AMD EPYC 7742"}
    modelled = {CPU: an_energy(gross_joules=300.0), DRAM: an_energy(gross_joules=20.0, provenance=MODELLED)}
    whole = {CPU: an_energy(gross_joules=300.0), DRAM: an_energy(gross_joules=20.0)}
    store = store_of(tmp_path, served(0, labels=labels, energies=modelled), served(1, labels=labels, energies=whole))
    cpu, cpu_and_dram = read(store)
    assert (cpu.energy_scope, cpu.mean_power_watts) == ("cpu", pytest.approx(150))
    assert (cpu_and_dram.energy_scope, cpu_and_dram.mean_power_watts) == ("cpu+dram", pytest.approx(160))
    assert (cpu.device_count, cpu.device_kind) == (1, "cpu")


def test_a_label_may_choose_the_scope(tmp_path: Path) -> None:
    """GPUs and CPU together, where the workload asks for it; a scope with an estimated part stays refused."""
    wider = served(0, labels=LABELS | {"energy_scope": "cpu+gpu"})
    refused = served(1, labels=LABELS | {"energy_scope": "gpu+cpu+dram"})
    said: list[str] = []
    (record,) = read_records(store=store_of(tmp_path, wider, refused), say=said.append)
    assert (record.energy_scope, record.mean_power_watts) == ("gpu+cpu", pytest.approx(1150))
    assert "1 of modelled or predicted energy" in said[0]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"labels": {"model": "llama"}}, "without labels for the model and its size"),
        ({"labels": {k: v for k, v in LABELS.items() if k != "device"}}, "without a label for the device"),
        ({"labels": LABELS | {"parameters": "8"}}, r"with a label parameters that cannot be read (8 cannot be)"),
        ({"labels": LABELS | {"batch_size": "auto"}}, "with a label batch_size that cannot be read"),
        ({"labels": LABELS | {"device_count": "1"}}, "with the energy of more or fewer devices than they ran on"),
        ({"phase": "training"}, "of another phase than inference"),
        ({"energies": {GPU: an_energy(gross_joules=2000.0, coverage=0.8)}}, "not observed throughout"),
        ({"energies": {GPU: an_energy(gross_joules=2.0)}}, "too short for their sensors"),
        ({"energies": {GPU: an_energy(gross_joules=None, provenance=None)}}, "without energy of"),
    ],
)
def test_what_is_no_record_is_left_out_with_its_reason(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    """One unfit interval never stops a store from being read; the reason is said."""
    assert reason in left_out(store_of(tmp_path, served(), served(1, **changes)))


def test_intervals_without_a_model_are_nobodys_business(tmp_path: Path) -> None:
    """Most intervals are ordinary work: they are passed over without a word."""
    assert len(read(store_of(tmp_path, served(), a_finished_interval(1), served(2, labels={"seed": "1"})))) == 1


def test_a_truncated_interval_is_no_record(tmp_path: Path) -> None:
    """Nobody knows when its work really ended."""
    truncated = served(1)
    truncated.status = Status.TRUNCATED
    assert len(read(store_of(tmp_path, served(), truncated))) == 1


def test_a_label_never_stands_for_what_sensors_say(tmp_path: Path) -> None:
    """A workload that labels its own power or energy is not believed."""
    labels = LABELS | {"mean_power_watts": "1", "energy_joules_per_sample": "1", "provenance": "measured"}
    check(read(store_of(tmp_path, served(labels=labels)))[0])


def test_samples_without_tokens_are_a_classifier(tmp_path: Path) -> None:
    """What counts samples and no tokens is discriminative, unless a label says otherwise."""
    plain = served(0, counts={"sample": 512.0})
    denoising = served(1, counts={"image": 4.0}, labels=LABELS | {"denoising_steps": "28"})
    said = served(2, counts={"sample": 4.0}, labels=LABELS | {"kind": "generative"})
    kinds = [record.kind for record in read(store_of(tmp_path, plain, denoising, said))]
    assert kinds == ["discriminative", "diffusion", "generative"]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    with postgresql_server() as (url, _):
        yield url


def test_a_postgresql_store_gives_the_same_records(server: str, tmp_path: Path) -> None:
    """A fleet's server is read like a node's file."""
    interval = served()
    keep(server, interval)
    assert read(server) == read(store_of(tmp_path, interval))


def test_a_postgresql_server_that_is_away_is_one_line_without_a_password(tmp_path: Path) -> None:
    """The driver's words arrive as one line, and no password with them."""
    pytest.importorskip("psycopg")
    with pytest.raises(JoulecastError, match="the PostgreSQL store cannot be read") as error:
        read_records(store=f"postgresql+psycopg://joulecast:secret@/postgres?host={tmp_path}")
    assert "secret" not in str(error.value)
    assert "\n" not in str(error.value)


def test_a_postgresql_url_that_cannot_be_read_is_told_without_its_password() -> None:
    """The driver's words would repeat the URL."""
    pytest.importorskip("psycopg")
    with pytest.raises(JoulecastError, match="URL cannot be read: write it as") as error:
        read_records(store="postgresql://joulecast:sec%ret@host/postgres")
    assert "sec" not in str(error.value)


def test_a_store_that_is_none_or_too_new_is_told(tmp_path: Path) -> None:
    """Absent, foreign, or written by a later release: one line each."""
    with pytest.raises(JoulecastError, match="there is no store"):
        read_records(store=str(tmp_path / "absent.db"))
    foreign = tmp_path / "foreign.db"
    foreign.write_text("hello, this is certainly not a database file")
    with pytest.raises(JoulecastError, match=r"foreign\.db cannot be read"):
        read_records(store=str(foreign))
    newer = Path(store_of(tmp_path, served()))
    with sqlite3.connect(newer) as connection:
        connection.execute("INSERT INTO schema_version VALUES (99)")
    connection.close()
    with pytest.raises(JoulecastError, match="has version 99, this release reads 2"):
        read_records(store=str(newer))


def test_the_version_that_is_read_is_the_one_that_is_written() -> None:
    """A migration of the store must not pass its reader by unnoticed."""
    from exporter.store.schema import MIGRATIONS
    from predictor.readers.store import SCHEMA_VERSION

    assert len(MIGRATIONS) == SCHEMA_VERSION


def result(interval: Interval) -> Result:
    """The same interval as a client sees it."""
    account = interval.account
    assert account is not None
    return Result(
        interval_id=interval.interval_id,
        phase=interval.tag.phase,
        labels=interval.tag.labels,
        gpus=["GPU-1", "GPU-2"],
        status=interval.status.value,
        duration_seconds=interval.duration_seconds,
        counts=interval.counts,
        components={
            part.value: Joules(
                gross_joules=energy.gross_joules,
                uncertainty_joules=energy.uncertainty_joules,
                coverage=energy.coverage,
                provenance=energy.provenance,
            )
            for part, energy in account.components.items()
        },
        usage=ResultUsage(0.25, 0.5, (ResultGpuUsage("GPU-1", 0.9, 0.4), ResultGpuUsage("GPU-2", 0.7, None))),
    )


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_exported_intervals_give_the_same_record(tmp_path: Path, form: str) -> None:
    """`joulecast intervals export` writes what training reads, estimates refused as everywhere."""
    if form == "parquet":
        pytest.importorskip("pyarrow")
    path = tmp_path / f"intervals.{form}"
    estimated = served(1, energies={GPU: an_energy(gross_joules=2000.0, provenance=MODELLED)})
    export([result(served()), result(estimated), result(a_finished_interval(2))], form, str(path))
    said: list[str] = []
    (record,) = read_records([path], say=said.append)
    check(record)
    assert said == [f"{path}: 1 of 2 intervals are records; left out: 1 of modelled or predicted energy"]


def test_a_store_and_its_export_are_not_read_together(tmp_path: Path) -> None:
    """The same interval twice would count twice."""
    interval = served()
    export([result(interval)], "csv", str(tmp_path / "intervals.csv"))
    with pytest.raises(JoulecastError, match=r"is in .*intervals\.csv too"):
        read_records([tmp_path / "intervals.csv"], store=store_of(tmp_path, interval))


def test_a_cut_off_export_is_told_by_its_line(tmp_path: Path) -> None:
    """Half a row is an error, not a record."""
    path = tmp_path / "intervals.csv"
    export([result(served())], "csv", str(path))
    path.write_text(path.read_text().rstrip().rsplit(",", 3)[0] + "\n")
    with pytest.raises(JoulecastError, match=r"intervals\.csv, line 2: .* cells under"):
        read_records([path])
