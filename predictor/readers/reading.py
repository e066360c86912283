"""Reads records from several files at once, each by its suffix."""

import logging
from collections.abc import Iterable
from pathlib import Path

from joulecast.errors import JoulecastError
from predictor.nearest import nearest
from predictor.readers.csv_file import table_of_csv
from predictor.readers.exported import intervals_of_export, is_export
from predictor.readers.intervals import records_of_intervals
from predictor.readers.plausibility import contradictions
from predictor.readers.problems import Problems, Say
from predictor.readers.rows import Rows
from predictor.readers.store import intervals_of_store, store_name
from predictor.record import Record

_log = logging.getLogger(__name__)
_SUFFIXES = (".csv", ".parquet")


def read_records(paths: Iterable[Path | str] = (), *, store: str = "", say: Say = _log.warning) -> list[Record]:
    """All records of these files and of an exporter's store, in this order; what a person should know goes to `say`.

    Files are CSV or Parquet, of records or of exported intervals. Raises JoulecastError that names file, row and
    column of up to twenty values that cannot be read. Modelled and predicted energy is left out, always, and counted.
    """
    problems = Problems()
    seen: dict[str, str] = {}
    records: list[Record] = []
    places = [str(path) for path in paths]
    for path in places:
        records += _read(Path(path), problems, seen, say)
    if store:
        places.append(store_name(store))
        records += _distinct(
            places[-1], records_of_intervals(places[-1], intervals_of_store(store), say), problems, seen
        )
    problems.raise_if_any()
    if not places:
        raise JoulecastError("no records", "name files of them with --records, or an exporter's store with --store")
    if not records:
        raise JoulecastError(f"no records in {', '.join(places)}", "docs/records.md says what makes one")
    for contradiction in contradictions(records):
        say(contradiction)
    return records


def _read(path: Path, problems: Problems, seen: dict[str, str], say: Say) -> list[Record]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        header, table = table_of_csv(path, say)
    elif suffix == ".parquet":
        from predictor.readers.parquet_file import table_of_parquet

        header, table = table_of_parquet(path)
    else:
        raise JoulecastError(f"{path} is neither CSV nor Parquet by its suffix", nearest(suffix, _SUFFIXES))
    if is_export(header):
        intervals = intervals_of_export(str(path), header, table)
        return _distinct(str(path), records_of_intervals(str(path), intervals, say), problems, seen)
    rows = Rows(str(path), header, problems, seen)
    records = [record for row, cells in table if (record := rows.record(row, cells)) is not None]
    if rows.unknown:
        say(f"{path}: columns that records do not have are kept as notes: {', '.join(rows.unknown)}")
    if rows.estimated:
        say(f"{path}: {rows.estimated} rows of modelled or predicted energy left out: models learn from measured alone")
    return records


def _distinct(where: str, records: list[Record], problems: Problems, seen: dict[str, str]) -> list[Record]:
    for record in records:
        if record.record_id in seen:
            what = f"{record.record_id!r} is in {seen[record.record_id]} too"
            problems.add(where, "", what, "name each file once, and either an export or its store")
        seen[record.record_id] = where
    return records
