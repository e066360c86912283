"""Records in a CSV file: UTF-8, commas, a header, decimal points."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from joulecast.errors import JoulecastError
from predictor.readers.problems import Say
from predictor.readers.rows import NOTES
from predictor.record import COLUMNS, Record

_LARGEST_CELL = 1 << 20


def table_of_csv(path: Path, say: Say) -> tuple[list[str], Iterator[tuple[str, Sequence[str]]]]:
    """The header, and each row with its name ("line 7"). Raises JoulecastError naming the line."""
    content = _text_of(path)
    if not content.strip():
        raise JoulecastError(f"{path} is empty", "a header and a row per record belong there")
    if not content.endswith(("\n", "\r")):
        say(f"{path} does not end with a line break: if it was cut off, its last row may be too")
    csv.field_size_limit(_LARGEST_CELL)
    reader = csv.reader(io.StringIO(content, newline=""), strict=True)
    try:
        header = next(row for row in reader if row)
    except csv.Error as error:
        raise _broken(path, reader.line_num, error) from error
    if len(header) == 1:
        for mark, name in ((";", "semicolons"), ("\t", "tabs")):
            if mark in header[0]:
                raise JoulecastError(
                    f"{path}: its columns are parted by {name}", "save it with commas and decimal points"
                )
    return header, _rows(path, reader)


def _rows(path: Path, reader: Any) -> Iterator[tuple[str, Sequence[str]]]:
    while True:
        line = reader.line_num + 1  # of a row with line breaks in it, the first
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise _broken(path, line, error) from error
        if cells:
            yield f"line {line}", cells


def _text_of(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise JoulecastError(f"{path} cannot be read ({error.strerror})", "check its name and permissions") from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise JoulecastError(f"{path}, line {line}: not UTF-8", "save it as CSV UTF-8") from error
    if "\0" in text:
        raise JoulecastError(
            f"{path}, line {text.count(chr(10), 0, text.index(chr(0))) + 1}: not text", "name a CSV file"
        )
    return text


def _broken(path: Path, line: int, error: csv.Error) -> JoulecastError:
    return JoulecastError(f"{path}, line {line}: {error}", "the file may be cut off inside quotes: fetch it again")


def write_csv(records: Iterable[Record], path: Path) -> None:
    """Write records so that reading them gives the same; promoted columns only where they occur.

    Raises JoulecastError for a note that the format cannot hold, or if the file cannot be written.
    """
    records = list(records)
    names = [
        name
        for name, column in COLUMNS.items()
        if not (column.promoted or name == "provenance")
        or any(getattr(record, name) not in (None, "") for record in records)
    ]
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([*names, NOTES])
            for record in records:
                writer.writerow([*(_cell(getattr(record, name)) for name in names), _notes(record)])
    except OSError as error:
        raise JoulecastError(f"{path} cannot be written ({error.strerror})", "check its folder") from error


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return value if isinstance(value, str) else repr(value)


def _notes(record: Record) -> str:
    for key, value in record.notes.items():
        if ";" in key + value or "=" in key:
            raise JoulecastError(
                f"{record.record_id}: the note {key!r} holds a semicolon", "notes are key=value;key=value"
            )
    return ";".join(f"{key}={value}" for key, value in sorted(record.notes.items()))
