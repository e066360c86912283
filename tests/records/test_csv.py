"""Records from CSV: what is read, and what is refused with file, line and column."""

from pathlib import Path

import pytest
from doubles.measured_records import HEADER, ROW, csv_of

from joulecast.errors import JoulecastError
from predictor.readers.problems import RecordsRefused
from predictor.readers.reading import read_records
from predictor.record import Record


def read(path: Path) -> list[Record]:
    return read_records([path], say=pytest.fail)


def test_an_empty_cell_is_unknown_and_never_zero(tmp_path: Path) -> None:
    """A missing column and an empty cell are None or "", whatever stands beside them."""
    (record,) = read(csv_of(tmp_path, HEADER + ",macs,task", ROW + ",,"))
    assert record.macs is None
    assert record.task == ""
    assert record.cpu_utilization_ratio is None
    assert record.mean_power_watts == 500


def test_known_keys_of_notes_become_columns_and_the_rest_stays(tmp_path: Path) -> None:
    """Stack version and parallelism come from the notes as typed values; what nobody knows stays a note."""
    (record,) = read(
        csv_of(tmp_path, HEADER + ",notes", ROW + ",stack_version=vllm-0.11.1;tensor_parallel=8;mood=good;by hand")
    )
    assert (record.stack_version, record.tensor_parallel) == ("vllm-0.11.1", 8.0)
    assert record.notes == {"mood": "good", "by hand": ""}


def test_a_column_wins_over_the_same_key_in_notes(tmp_path: Path) -> None:
    """Where both are there the column counts; an empty column leaves it to the note."""
    path = csv_of(
        tmp_path,
        HEADER + ",tensor_parallel,notes",
        ROW + ",2,tensor_parallel=8",
        ROW.replace("r1", "r2") + ",,tensor_parallel=4",
    )
    assert [record.tensor_parallel for record in read(path)] == [2, 4]


def test_figures_of_a_known_device_are_filled_in_where_none_is_given(tmp_path: Path) -> None:
    """A device named without a TDP has its figures from the catalogue; one with a TDP keeps exactly what is given."""
    path = csv_of(
        tmp_path,
        HEADER + ",device_tdp_watts,device_memory_bytes",
        ROW + ",,",
        ROW.replace("r1", "r2") + ",650,",
        ROW.replace("r1", "r3").replace("H100", "abacus") + ",,",
    )
    catalogued, given, unknown = read(path)
    assert (catalogued.device_tdp_watts, catalogued.device_memory_bytes) == (700, 80 * 2**30)
    assert (given.device_tdp_watts, given.device_memory_bytes) == (650, None)
    assert unknown.device_tdp_watts is None


def test_devices_have_one_name_whoever_wrote_it(tmp_path: Path) -> None:
    """Drivers and people name a device in many ways; left out or kept in, it is one. An unknown name stays."""
    names = ["NVIDIA H100 80GB HBM3", "h100-sxm", "H100", "abacus", "A100"]
    rows = [ROW.replace("r1", f"r{number}").replace("H100", name) for number, name in enumerate(names)]
    devices = [record.device for record in read(csv_of(tmp_path, HEADER, *rows))]
    assert devices == ["NVIDIA H100 SXM 80GB"] * 3 + ["abacus", "A100"]


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line_break", [b"\n", b"\r\n"])
def test_byte_order_marks_and_line_breaks_of_other_systems_are_read(
    tmp_path: Path, prefix: bytes, line_break: bytes
) -> None:
    """Spreadsheets write a byte order mark and carriage returns; neither is part of a value."""
    path = tmp_path / "records.csv"
    path.write_bytes(prefix + line_break.join([HEADER.encode(), ROW.encode(), b""]))
    assert read(path)[0].record_id == "r1"


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("seven", "'seven' is no number"),
        ("7B", "'7B' is no number: a plain number belongs there, as 7e9"),
        ("1_000_000", "'1_000_000' is no number"),
        ("NaN", "'NaN' is no number: leave the cell empty"),
        ("-inf", "'-inf' is no number: leave the cell empty"),
        ("1e999", "'1e999' is not finite"),
        ('"1,5"', r"'1,5' is no number: the decimal mark is a point, as 1\.5"),
        ("7", "7 cannot be: single parameters: 7 billion is 7e9"),
        ("-7e9", "-7e9 cannot be"),
        ("\u0667", "'\u0667' is no number"),
    ],
)
def test_a_wrong_number_is_named_with_its_file_line_and_column(tmp_path: Path, cell: str, message: str) -> None:
    """Each number that cannot be is refused where it stands, with what to write instead."""
    path = csv_of(tmp_path, HEADER + ",parameters_total", ROW + ",1e9", ROW.replace("r1", "r2") + f",{cell}")
    with pytest.raises(JoulecastError, match=rf"records\.csv, line 3, column parameters_total: {message}"):
        read(path)


@pytest.mark.parametrize(
    ("column", "cell", "message"),
    [
        ("samples", "0", "a positive number"),
        ("gpu_utilization_ratio", "85", r"85 % is 0\.85"),
        ("device_memory_bytes", "80", "80 GB is 80e9"),
        ("device_peak_flops_per_second", "989", "989e12"),
        ("device_count", "1.5", "a whole number"),
        ("bytes_per_parameter", "32", "at most 16"),
        ("provenance", "measured!", "did you mean measured"),
        ("notes", "a=1;a=2", "twice"),
        ("notes", "tensor_parallel=many", "'many' is no number"),
    ],
)
def test_bounds_and_units_hold_in_every_column(tmp_path: Path, column: str, cell: str, message: str) -> None:
    """Rates are positive, ratios are in 0..1, sizes are in bytes, and names are those there are."""
    with pytest.raises(JoulecastError, match=rf"line 2, column {column}.*{message}"):
        read(csv_of(tmp_path, f"{HEADER},{column}", f"{ROW},{cell}"))


def test_zero_utilisation_is_a_value(tmp_path: Path) -> None:
    """A ratio of exactly 0 or 1 is a measurement like any other."""
    path = csv_of(tmp_path, HEADER + ",cpu_utilization_ratio,gpu_utilization_ratio", ROW + ",0,1")
    assert read(path)[0].cpu_utilization_ratio == 0.0


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (HEADER + ",parameters_totl", "unknown column 'parameters_totl': did you mean parameters_total"),
        (HEADER + ",Device-Count", "unknown column 'Device-Count': did you mean device_count"),
        (HEADER + ",rack,rack", "column rack stands there twice"),
        (HEADER + ",samples_per_second", "column samples_per_second stands there twice"),
        (HEADER + ",", "column 9 has no name"),
        (HEADER.replace("energy_scope,", ""), "no column energy_scope"),
        (HEADER.replace(",mean_power_watts", ""), "nothing measured"),
        (HEADER.replace(",", ";"), "parted by semicolons: save it with commas and decimal points"),
    ],
)
def test_a_header_that_cannot_be_is_refused(tmp_path: Path, header: str, message: str) -> None:
    """Mistyped, repeated, unnamed and missing columns are told before any row is read."""
    with pytest.raises(JoulecastError, match=message):
        read(csv_of(tmp_path, header, ROW))


def test_a_column_that_records_do_not_have_is_said_and_kept_as_a_note(tmp_path: Path) -> None:
    """What others measured beside is no reason to refuse what they measured; a note of the same name wins."""
    said: list[str] = []
    path = csv_of(tmp_path, HEADER + ",gpu_temperature,rack,notes", ROW + ",61;62,blue,rack=red")
    (record,) = read_records([path], say=said.append)
    assert record.notes == {"gpu_temperature": "61,62", "rack": "red"}
    assert said == [f"{path}: columns that records do not have are kept as notes: gpu_temperature, rack"]


def test_a_record_without_any_measurement_is_refused(tmp_path: Path) -> None:
    """Power or an energy must be there: nothing can be learned from a row without."""
    with pytest.raises(JoulecastError, match="line 2, column mean_power_watts: nothing was measured"):
        read(csv_of(tmp_path, HEADER, ROW.replace("500", "")))


def test_a_required_cell_that_is_empty_is_refused(tmp_path: Path) -> None:
    """A record without its model could not be kept apart in cross-validation."""
    with pytest.raises(JoulecastError, match="line 2, column model_id: is empty"):
        read(csv_of(tmp_path, HEADER, ROW.replace("llama", "")))


def test_more_active_than_all_parameters_are_refused(tmp_path: Path) -> None:
    """One token cannot pass more parameters than there are."""
    with pytest.raises(JoulecastError, match=r"parameters_active: 8e\+09 is more than all 7e\+09"):
        read(csv_of(tmp_path, HEADER + ",parameters_total,parameters_active", ROW + ",7e9,8e9"))


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """A person mends a file once: each wrong value is listed, in the order of the file."""
    path = csv_of(
        tmp_path, HEADER + ",macs", ROW + ",x", ROW.replace("r1", "r2") + ",y", ROW.replace("500", "-1") + ",1e9"
    )
    with pytest.raises(RecordsRefused) as refused:
        read(path)
    assert [(each.place[-6:], each.column) for each in refused.value.problems] == [
        ("line 2", "macs"),
        ("line 3", "macs"),
        ("line 4", "mean_power_watts"),
    ]
    assert "3 values cannot be read\n" in str(refused.value)


def test_nobody_reads_more_than_twenty_problems(tmp_path: Path) -> None:
    """A file that is wrong throughout stops early and says that there may be more."""
    rows = [ROW.replace("r1", f"r{number}").replace("500", "x") for number in range(1000)]
    with pytest.raises(RecordsRefused, match="20 or more values") as refused:
        read(csv_of(tmp_path, HEADER, *rows))
    assert len(refused.value.problems) == 20


def test_a_record_id_that_stands_twice_is_refused_across_files(tmp_path: Path) -> None:
    """The same measurement in training and test would flatter every figure; both places are named."""
    one = csv_of(tmp_path, HEADER, ROW, name="one.csv")
    two = csv_of(tmp_path, HEADER, ROW, name="two.csv")
    with pytest.raises(
        JoulecastError, match=r"two\.csv, line 2, column record_id: 'r1' stands in .*one\.csv, line 2 too"
    ):
        read_records([one, two])


def test_the_same_file_named_twice_is_refused(tmp_path: Path) -> None:
    """A shell pattern and a name may both give a file; its records would count twice."""
    path = csv_of(tmp_path, HEADER, ROW)
    with pytest.raises(JoulecastError, match="record_id: 'r1' stands in"):
        read_records([path, path])


@pytest.mark.parametrize("provenance", ["modelled", "predicted"])
def test_estimated_energy_is_left_out_and_counted(tmp_path: Path, provenance: str) -> None:
    """A model never learns from what a model or a formula said."""
    said: list[str] = []
    path = csv_of(tmp_path, HEADER + ",provenance", ROW + ",measured", ROW.replace("r1", "r2") + f",{provenance}")
    assert [record.record_id for record in read_records([path], say=said.append)] == ["r1"]
    assert said == [f"{path}: 1 rows of modelled or predicted energy left out: models learn from measured alone"]


def test_a_file_of_nothing_but_estimates_is_an_error(tmp_path: Path) -> None:
    """Nothing measured is nothing to learn from, and not an empty success."""
    path = csv_of(tmp_path, HEADER + ",provenance", ROW + ",predicted")
    with pytest.raises(JoulecastError, match="no records in"):
        read_records([path], say=lambda _: None)


def test_scopes_are_written_in_any_order(tmp_path: Path) -> None:
    """`cpu+dram+gpu` and `GPU+CPU+DRAM` are the same scope; a new one is an error."""
    path = csv_of(tmp_path, HEADER, ROW.replace("gpu", "cpu+dram+gpu"), ROW.replace("r1", "r2").replace("gpu", "GPU"))
    assert [record.energy_scope for record in read(path)] == ["gpu+cpu+dram", "gpu"]
    with pytest.raises(JoulecastError, match="column energy_scope: 'rack' is not known"):
        read(csv_of(tmp_path, HEADER, ROW.replace("gpu", "rack")))


def test_contradictions_are_said_and_the_record_kept(tmp_path: Path) -> None:
    """Power, rate and energy that do not fit each other are the owner's to judge: one line, with the first place."""
    said: list[str] = []
    path = csv_of(
        tmp_path,
        HEADER + ",energy_joules_per_sample",
        ROW + ",250",
        ROW.replace("r1", "r2") + ",500",
        ROW.replace("r1", "r3") + ",1000",
    )
    assert len(read_records([path], say=said.append)) == 3
    assert said == ["2 records: power / rate is not the energy of a sample (first r2: 250 J, not 500 J)"]


def test_power_in_a_wrong_unit_is_said(tmp_path: Path) -> None:
    """Milliwatts or kilowatts of a GPU do not fit its TDP."""
    said: list[str] = []
    read_records([csv_of(tmp_path, HEADER, ROW.replace("500", "500000"))], say=said.append)
    assert said == ["1 records: power is not what such devices draw (first r1: 5e+05 W of 1 x 700 W)"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (HEADER.encode() + b"\n", "no records in"),
        (f"{HEADER}\n{ROW[:12]}".encode(), "line 2: 3 cells under 8 columns: the file may be cut off"),
        (f"{HEADER}\n{ROW.replace('500', '500,5')}\n".encode(), "line 2: 9 cells under 8 columns: quote a cell"),
        (f"{HEADER}\n{ROW.replace('llama', chr(34) + 'lla')}".encode(), "line 2: unexpected end of data"),
        (f"{HEADER}\n{ROW}\n".encode("utf-16"), "line 1: not UTF-8"),
        (f"{HEADER}\n{ROW.replace('ours', 'Müller')}\n".encode("latin-1"), "line 2: not UTF-8"),
        (f"{HEADER}\n{ROW}\n\0\0".encode(), "line 3: not text"),
    ],
)
def test_a_damaged_file_is_told_by_its_line(tmp_path: Path, content: bytes, message: str) -> None:
    """Empty, cut off, of another encoding, or no text at all: one line each, never a traceback."""
    path = tmp_path / "records.csv"
    path.write_bytes(content)
    with pytest.raises(JoulecastError, match=message):
        read_records([path], say=lambda _: None)


def test_a_file_without_its_last_line_break_is_read_and_said(tmp_path: Path) -> None:
    """It may have been cut off inside a number, which nobody could see."""
    said: list[str] = []
    path = tmp_path / "records.csv"
    path.write_text(f"{HEADER}\n{ROW}")
    assert len(read_records([path], say=said.append)) == 1
    assert "does not end with a line break" in said[0]


@pytest.mark.parametrize(
    ("name", "message"),
    [("absent.csv", "cannot be read"), ("records.txt", "neither CSV nor Parquet"), (".", "neither CSV nor Parquet")],
)
def test_files_that_are_not_there_or_of_another_kind_are_refused(tmp_path: Path, name: str, message: str) -> None:
    """A wrong name is an error, not an empty list."""
    with pytest.raises(JoulecastError, match=message):
        read_records([tmp_path / name])


def test_no_files_are_an_error() -> None:
    """An empty list of files is told for what it is."""
    with pytest.raises(JoulecastError, match="no records: name files"):
        read_records([])
