"""Reads records from several files at once, each by its suffix."""

import logging
from collections.abc import Iterable
from pathlib import Path

from joulecast.errors import JoulecastError
from predictor.nearest import nearest
from predictor.readers.csv_file import table_of_csv
from predictor.readers.plausibility import contradictions
from predictor.readers.problems import Problems, Say
from predictor.readers.rows import Rows
from predictor.record import Record

_log = logging.getLogger(__name__)
_SUFFIXES = (".csv", ".parquet")


def read_records(paths: Iterable[Path | str], *, say: Say = _log.warning) -> list[Record]:
    """All records of these files, in their order; what a person should know of them goes to `say`.

    Raises JoulecastError that names file, row and column of up to twenty values that cannot be read. Records whose
    energy is modelled or predicted are left out, always, and counted.
    """
    problems = Problems()
    seen: dict[str, str] = {}
    records: list[Record] = []
    files = [Path(path) for path in paths]
    if not files:
        raise JoulecastError("no records", "name files of them with --records")
    for path in files:
        records += _read(path, problems, seen, say)
    problems.raise_if_any()
    if not records:
        raise JoulecastError(f"no records in {', '.join(map(str, files))}", "nothing can be learned from none")
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
    rows = Rows(str(path), header, problems, seen)
    records = [record for row, cells in table if (record := rows.record(row, cells)) is not None]
    if rows.estimated:
        say(f"{path}: {rows.estimated} rows of modelled or predicted energy left out: models learn from measured alone")
    return records
