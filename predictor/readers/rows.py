"""Rows of a table to records, whatever file the table is in."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from joulecast.errors import JoulecastError
from predictor.hardware.catalogue import device_named
from predictor.hardware.device import Device
from predictor.nearest import is_slip
from predictor.readers.cells import Refused, notes_of, value_of
from predictor.readers.problems import Problems
from predictor.record import COLUMNS, ESTIMATED, Record
from predictor.record_column import Column

NOTES = "notes"
_KNOWN = (*COLUMNS, NOTES)
_PROMOTED = {name: column for name, column in COLUMNS.items() if column.promoted}
_REQUIRED = [name for name, column in COLUMNS.items() if column.required]
_MEASURED = ("mean_power_watts", "energy_joules_per_sample", "energy_joules_per_output_token")
_FIGURES = (
    "device_tdp_watts",
    "device_memory_bytes",
    "device_memory_bandwidth_bytes_per_second",
    "device_peak_flops_per_second",
)

_TOO_FEW = "the file may be cut off: fetch it again"
_TOO_MANY = "quote a cell that holds a comma; the decimal mark is a point"


class Rows:
    """Reads the rows of one table; what is wrong goes to `problems`, under the names of the file and the row.

    `seen` are the record ids of all tables read together, with their places; `unknown` the columns that records do not
    have, which become notes. Raises JoulecastError for a header that cannot be that of records.
    """

    def __init__(self, file: str, header: Sequence[str], problems: Problems, seen: dict[str, str]) -> None:
        self._file = file
        self._problems = problems
        self._seen = seen
        self._columns = _columns_of(file, header)
        self.unknown = [column for column in self._columns if isinstance(column, str)]
        self.estimated = 0  # rows refused because their energy is an estimate

    def record(self, row: str, cells: Sequence[Any]) -> Record | None:
        """The record in these cells; None if it is refused, or if something is wrong with it."""
        place = f"{self._file}, {row}"
        if len(cells) != len(self._columns):
            what = f"{len(cells)} cells under {len(self._columns)} columns"
            self._problems.add(place, "", what, _TOO_FEW if len(cells) < len(self._columns) else _TOO_MANY)
            return None
        values, notes, wrong = self._values(place, cells)
        if wrong:
            return None
        if values.get("provenance") in ESTIMATED:
            self.estimated += 1
            return None
        if not self._is_whole(place, values):
            return None
        return record_of(values, notes)

    def _values(self, place: str, cells: Sequence[Any]) -> tuple[dict[str, Any], dict[str, str], bool]:
        values: dict[str, Any] = {}
        notes: dict[str, str] = {}
        others: dict[str, str] = {}
        wrong = False
        for cell, column in zip(cells, self._columns, strict=True):
            if cell is None or (isinstance(cell, str) and not cell.strip()):
                continue
            try:
                if column is None:
                    notes = notes_of(cell)
                elif isinstance(column, str):
                    others[_as_note(column).replace("=", ":")] = _as_note(str(cell))
                else:
                    values[column.name] = value_of(cell, column)
            except Refused as refused:
                wrong = True
                name = column.name if isinstance(column, Column) else NOTES
                self._problems.add(place, name, refused.what, refused.remedy)
        for key in notes.keys() & _PROMOTED.keys():
            written = notes.pop(key)
            if key in values or not written:
                continue
            try:
                values[key] = value_of(written, _PROMOTED[key])
            except Refused as refused:
                wrong = True
                self._problems.add(place, f"{NOTES}, key {key}", refused.what, refused.remedy)
        return values, others | notes, wrong

    def _is_whole(self, place: str, values: dict[str, Any]) -> bool:
        for name in _REQUIRED:
            if name not in values:
                self._problems.add(place, name, "is empty", f"say {COLUMNS[name].meaning}")
                return False
        if not any(name in values for name in _MEASURED):
            self._problems.add(
                place, _MEASURED[0], "nothing was measured", f"give it, {_MEASURED[1]} or {_MEASURED[2]}"
            )
            return False
        total, active = values.get("parameters_total"), values.get("parameters_active")
        if total is not None and active is not None and active > total:
            what = f"{active:g} is more than all {total:g}"
            self._problems.add(place, "parameters_active", what, "give what one token or sample passes")
            return False
        first = self._seen.get(values["record_id"])
        if first is not None:
            what = f"{values['record_id']!r} stands in {first} too"
            self._problems.add(place, "record_id", what, "keep one of them, and name each file once")
            return False
        self._seen[values["record_id"]] = place
        return True


def record_of(values: dict[str, Any], notes: dict[str, str]) -> Record:
    """The record of these values, its device under the catalogue's name; its figures too if it has no TDP."""
    known = _catalogued(values["device"])
    if known is not None:
        figures = {} if "device_tdp_watts" in values else _figures_of(known)
        values = figures | values | {"device": known.name}
    return Record(**values, notes=notes)


@cache
def _catalogued(device: str) -> Device | None:
    try:
        return device_named(device)
    except JoulecastError:
        return None  # a device nobody knows makes a record all the same


def _figures_of(device: Device) -> dict[str, Any]:
    figures = {"device_kind": device.kind}
    figures |= {name: getattr(device, name.removeprefix("device_")) for name in _FIGURES}
    return {name: value for name, value in figures.items() if value is not None}


def _columns_of(file: str, header: Sequence[str]) -> list[Column | str | None]:
    """Which column stands in each place; None is the notes, a text is the name of one that records do not have."""
    names = [name.strip() for name in header]
    for place, name in enumerate(names, 1):
        if not name:
            raise JoulecastError(f"{file}: column {place} has no name", "name it, or take it out")
        if name not in _KNOWN and (meant := next((each for each in _KNOWN if is_slip(name, each)), None)):
            raise JoulecastError(
                f"{file}: unknown column {name!r}",
                f"did you mean {meant}? Else, what has no column goes into notes, as key=value",
            )
        if names.count(name) > 1:
            raise JoulecastError(f"{file}: column {name} stands there twice", "keep one of them")
    missing = [name for name in _REQUIRED if name not in names]
    if missing:
        raise JoulecastError(
            f"{file}: no column {', '.join(missing)}", "records cannot do without; see docs/records.md"
        )
    if not any(name in names for name in _MEASURED):
        raise JoulecastError(f"{file}: nothing measured", f"a column {', '.join(_MEASURED[:2])} or {_MEASURED[2]}")
    return [None if name == NOTES else COLUMNS.get(name, name) for name in names]


def _as_note(text: str) -> str:
    """What `key=value;key=value` can hold."""
    return text.strip().replace(";", ",")
