"""Intervals as a file for other programs: one row each, flat columns, written whole or not at all."""

import csv
import io
import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from joulecast.cli.columns import FIELDS, Kind
from joulecast.cli.document import iso_time
from joulecast.client.result import Result
from joulecast.errors import JoulecastError

ROWS_PER_GROUP = 10_000


def export(results: Iterable[Result], form: str, output: str) -> int:
    """Write every result and return how many. Raises JoulecastError when it cannot be written."""
    write = FORMATS[form]
    if output == "-":
        if form != "csv":
            raise JoulecastError(f"{form} is not written to standard output", "name a file with --output")
        return _write_csv(results, sys.stdout.buffer)
    try:
        with _whole_file(Path(output)) as stream:
            return write(results, stream)
    except OSError as error:
        raise JoulecastError(
            f"{output} cannot be written ({error.strerror})", "check the folder, its permissions and free space"
        ) from error


def _write_csv(results: Iterable[Result], stream: BinaryIO) -> int:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(field.name for field in FIELDS)
    rows = 0
    for result in results:
        writer.writerow(_text(field.of(result), field.kind) for field in FIELDS)
        rows += 1
    text.flush()
    text.detach()
    return rows


def _text(value: Any, kind: Kind) -> Any:
    if value is None:
        return ""
    if kind == "time":
        return iso_time(value)
    if kind == "flag":
        return "true" if value else "false"
    return _json(value) if kind == "json" else value


def _write_parquet(results: Iterable[Result], stream: BinaryIO) -> int:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as missing:
        raise JoulecastError("writing parquet needs the parquet extra", "pip install 'joulecast[parquet]'") from missing
    types: Mapping[Kind, Any] = {
        "text": pa.string(),
        "json": pa.string(),
        "number": pa.float64(),
        "flag": pa.bool_(),
        "time": pa.timestamp("us", tz="UTC"),
    }
    schema = pa.schema([(field.name, types[field.kind]) for field in FIELDS])
    rows = 0
    waiting = iter(results)
    with parquet.ParquetWriter(stream, schema) as writer:
        while group := list(islice(waiting, ROWS_PER_GROUP)):
            cells = [{field.name: _value(field.of(result), field.kind) for field in FIELDS} for result in group]
            writer.write_table(pa.Table.from_pylist(cells, schema=schema))
            rows += len(group)
    return rows


def _value(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind == "time":
        return datetime.fromtimestamp(value, UTC)
    if kind == "text":
        return str(value)
    return _json(value) if kind == "json" else value


def _json(value: Any) -> str:
    return json.dumps(list(value) if isinstance(value, tuple) else value, sort_keys=True)


@contextmanager
def _whole_file(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its name when it is complete; what stood there before stays until then."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    except BaseException:
        with suppress(OSError):
            part.unlink()
        raise


FORMATS: Mapping[str, Callable[[Iterable[Result], BinaryIO], int]] = {"csv": _write_csv, "parquet": _write_parquet}
