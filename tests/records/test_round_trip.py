"""What is written is read back the same, whatever the values: in CSV, and in Parquet."""

from pathlib import Path
from typing import Any

import pytest
from doubles.measured_records import generative_record
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from joulecast.errors import JoulecastError
from predictor.readers.csv_file import write_csv
from predictor.readers.reading import read_records
from predictor.record import COLUMNS, Record
from predictor.record_column import Column

# What a cell of text may hold: anything printable, with commas, quotes and line breaks, but no blanks at its ends.
_WORDS = st.text(st.characters(exclude_categories=("C",), include_characters="\n"), max_size=20).map(str.strip)
_NOTES = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}_of_mine", fullmatch=True),
    st.text(st.characters(exclude_categories=("C",), exclude_characters=";"), max_size=12).map(str.strip),
    max_size=3,
)


def _values(column: Column) -> st.SearchStrategy[Any]:
    if column.type == "text":
        if column.values:
            return st.sampled_from([value for value in column.values if value not in ("modelled", "predicted")])
        return _WORDS.filter(bool) if column.required else _WORDS
    most = column.most if column.most is not None else 1e18
    if column.type == "whole":
        return st.none() | st.integers(1, 10**6).map(float)
    return st.none() | st.floats(column.least, most, exclude_min=not column.closed)


_STRATEGIES = {name: _values(column) for name, column in COLUMNS.items()}
_OPTIONAL = sorted(name for name, column in COLUMNS.items() if not column.required and name != "parameters_active")


@st.composite
def _records(draw: st.DrawFn) -> Record:
    """A record with any values in a few of its columns, the others unknown."""
    values: dict[str, Any] = {"record_id": draw(_STRATEGIES["record_id"]), "device_tdp_watts": 400.0}
    for name in draw(st.lists(st.sampled_from(_OPTIONAL), max_size=6, unique=True)):
        values[name] = draw(_STRATEGIES[name])
    for name in ("mean_power_watts", "device_tdp_watts"):  # without them a record is none, or is filled in
        values[name] = values.get(name) or 400.0
    return generative_record(**values, notes=draw(_NOTES))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records=st.lists(_records(), min_size=1, max_size=3, unique_by=lambda record: record.record_id))
def test_csv_gives_back_what_was_written(tmp_path_factory: pytest.TempPathFactory, records: list[Record]) -> None:
    """Every number to its last bit, every text with its commas, quotes and line breaks, every note."""
    path = tmp_path_factory.mktemp("records") / "records.csv"
    write_csv(records, path)
    assert read_records([path], say=lambda _: None) == records


def test_parquet_gives_the_same_records_as_csv(tmp_path: Path) -> None:
    """The same columns in Parquet, typed as any program would type them, are the same records."""
    pytest.importorskip("pyarrow")
    from pyarrow import csv, parquet

    records = [generative_record(), generative_record(record_id="two", macs=8e9, tensor_parallel=2.0, samples=None)]
    write_csv(records, tmp_path / "records.csv")
    parquet.write_table(csv.read_csv(tmp_path / "records.csv"), tmp_path / "records.parquet")
    assert read_records([tmp_path / "records.parquet"], say=pytest.fail) == records


def test_notes_may_be_a_map_in_parquet(tmp_path: Path) -> None:
    """Parquet has maps of its own; they need no packing into text."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    row = {"record_id": "r1", "source": "ours", "kind": "generative", "model_id": "m", "device": "H100"}
    columns = {name: [value] for name, value in (row | {"energy_scope": "gpu", "mean_power_watts": 500}).items()}
    notes = pa.array([[("tensor_parallel", "8"), ("mood", "good")]], pa.map_(pa.string(), pa.string()))
    parquet.write_table(pa.table(columns | {"notes": notes}), tmp_path / "r.parquet")
    (record,) = read_records([tmp_path / "r.parquet"], say=pytest.fail)
    assert (record.tensor_parallel, record.notes) == (8, {"mood": "good"})


def test_a_wrong_value_in_parquet_is_named_by_its_row(tmp_path: Path) -> None:
    """Rows of Parquet have no lines; they are counted from 1. NaN is not a way to write unknown."""
    pa = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    row = {"record_id": "r1", "source": "ours", "kind": "generative", "model_id": "m", "device": "H100"}
    columns = {name: [value] for name, value in (row | {"energy_scope": "gpu"}).items()}
    parquet.write_table(pa.table(columns | {"mean_power_watts": [float("nan")]}), tmp_path / "r.parquet")
    with pytest.raises(JoulecastError, match=r"r\.parquet, row 1, column mean_power_watts: nan is not finite"):
        read_records([tmp_path / "r.parquet"])


@pytest.mark.parametrize("content", [b"", b"PAR1", b"no parquet at all, not even a little"])
def test_a_damaged_parquet_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    """Cut off or foreign: an error that names the file."""
    pytest.importorskip("pyarrow")
    path = tmp_path / "records.parquet"
    path.write_bytes(content)
    with pytest.raises(JoulecastError, match=r"records\.parquet is no whole Parquet file") as error:
        read_records([path])
    assert "\n" not in str(error.value)


def test_a_note_that_csv_cannot_hold_is_refused(tmp_path: Path) -> None:
    """A semicolon parts notes, so one inside a note would come back as two."""
    with pytest.raises(JoulecastError, match="semicolon"):
        write_csv([generative_record(notes={"a": "b;c=d"})], tmp_path / "records.csv")
