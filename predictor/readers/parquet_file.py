"""Records in a Parquet file, columns as in CSV; needs the parquet extra."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from joulecast.errors import JoulecastError


def table_of_parquet(path: Path) -> tuple[list[str], Iterator[tuple[str, Sequence[Any]]]]:
    """The header, and each row with its name ("row 1" is the first). Raises JoulecastError."""
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as missing:
        raise JoulecastError("reading Parquet needs the parquet extra", "pip install 'joulecast[parquet]'") from missing
    try:
        # Not `read_table`, which would take folder names such as "task=chat" for columns.
        with parquet.ParquetFile(path) as file:
            table = file.read()
    except OSError as error:
        raise JoulecastError(
            f"{path} cannot be read ({error.strerror or error})", "check its name and permissions; it may be cut off"
        ) from error
    except pa.ArrowException as error:
        first = str(error).splitlines()[0]
        raise JoulecastError(
            f"{path} is no whole Parquet file ({first})", "it may be cut off: fetch it again"
        ) from error
    columns = [column.to_pylist() for column in table.columns]
    return list(table.column_names), _rows(columns)


def _rows(columns: Sequence[Sequence[Any]]) -> Iterator[tuple[str, Sequence[Any]]]:
    for number, cells in enumerate(zip(*columns, strict=True), 1):
        yield f"row {number}", cells
