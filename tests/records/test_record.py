"""The record type: its columns as arrays, and scopes kept apart."""

import subprocess
import sys

import numpy as np
import pytest
from doubles.measured_records import generative_record

from joulecast.errors import JoulecastError
from predictor.record import COLUMNS, by_scope, columns


def test_columns_become_arrays_with_nan_for_unknown() -> None:
    """Numbers are float64 with NaN for what is unknown, names are text with "" for what is unknown."""
    records = [generative_record(), generative_record(record_id="two", parameters_total=None, stack_version="")]
    table = columns(records, ["parameters_total", "stack_version"])
    assert table["parameters_total"].dtype == np.float64
    np.testing.assert_array_equal(table["parameters_total"], [8e9, np.nan])
    assert table["stack_version"].tolist() == ["vllm-0.11.1", ""]


def test_a_column_there_is_not_is_an_error_with_the_nearest() -> None:
    """A misspelt column would otherwise train on nothing."""
    with pytest.raises(JoulecastError, match="no column 'device_tdp': did you mean device_tdp_watts"):
        columns([generative_record()], ["device_tdp"])


def test_scopes_are_kept_apart() -> None:
    """Records of GPU power and of wall power never share a list."""
    gpu, wall = generative_record(), generative_record(record_id="two", energy_scope="wall")
    assert by_scope([gpu, wall]) == {"gpu": [gpu], "wall": [wall]}


def test_every_column_says_what_it_means_and_in_which_unit() -> None:
    """The table that drives parsing and documentation has no blank, and numbers with a unit in their name have one."""
    for name, column in COLUMNS.items():
        assert column.meaning, name
        if column.type == "number" and name.endswith(("_watts", "_seconds", "_bytes", "_ratio", "_per_second")):
            assert column.unit, name


def test_reading_records_needs_no_numpy() -> None:
    """Whoever only reads or serves records loads no numerical library."""
    code = "import sys, predictor.readers.reading; assert not {'numpy', 'pandas', 'pyarrow'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
