"""A batch: columns off the wire into a table, the model asked piece by piece, and columns onto the wire again."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from joulecast.serving.answering import MalformedRequest
from joulecast.v1 import prediction_pb2 as pb
from predictor.checking import CheckedTable
from predictor.estimate import Estimates, QuantityColumn, RowError, Table, Texts
from predictor.service.artifacts import Served
from predictor.service.packed import indexes_of, numbers_of, put_doubles, put_flags

MAX_ROWS = 1_000_000
MAX_NAMES = 1000  # different ones in a column
MAX_ERRORS = 1000  # listed in one answer; all are counted
PIECE_ROWS = 1 << 14  # the arrays of one piece fit a cache, and other calls get their turn between two pieces

Kind = TypeVar("Kind", bound=np.generic)

_QUANTITIES = ("power_watts", "joules_per_sample", "joules_per_output_token", "kilowatt_hours_per_day")
_IN_DOMAIN = pb.PredictBatchResponse.DESCRIPTOR.fields_by_name["in_domain"].number


def beyond_numbers() -> MalformedRequest:
    """Each feature is possible by itself; together they are not."""
    return MalformedRequest("these features lead to no finite estimate", "check their units")


def read_table(request: pb.PredictBatchRequest) -> Table:
    """The columns as arrays of one length. Raises MalformedRequest for what does not fit together."""
    rows = request.rows
    if not 1 <= rows <= MAX_ROWS:
        raise MalformedRequest(f"rows is {rows}", f"send 1 to {MAX_ROWS} at once")
    numbers: dict[str, NDArray[np.float64]] = {}
    texts: dict[str, Texts] = {}
    for column in request.columns:
        name = column.name[:80]
        if column.name in numbers or column.name in texts:
            raise MalformedRequest(f"column {name!r} is there twice", "send each feature once")
        kind = column.WhichOneof("values")
        if kind == "numbers":
            numbers[column.name] = _spread(name, numbers_of(column.numbers), rows)
        elif kind == "texts":
            texts[column.name] = _read_texts(name, column.texts, rows)
        else:
            raise MalformedRequest(f"column {name!r} has no values", "fill in numbers or texts, or leave it out")
    return Table(rows, numbers, texts)


def answer_batch(served: Served, table: Table) -> tuple[pb.PredictBatchResponse, int, int]:
    """Estimate every row that can be. Also how many estimates are inside and outside of the model's domain."""
    checked = served.checks.table(table, most_errors=MAX_ERRORS)
    answers = _Answers(table.rows, checked)
    for first, piece in _pieces(checked.table):
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            estimates = served.model.estimate_table(piece)
        answers.add(first, piece.rows, estimates)
    return answers.response(served)


class _Answers:
    """The estimates of all rows, gathered piece by piece; what is not answered stays NaN."""

    def __init__(self, rows: int, checked: CheckedTable) -> None:
        self._rows = rows
        self._places = checked.rows
        self._errors = list(checked.errors)
        self._refused = checked.refused
        self._in_domain = np.zeros(rows, dtype=bool)
        self._columns: dict[str, NDArray[np.float64]] = {}
        self._notes: dict[str, None] = {}

    def add(self, first: int, rows: int, estimates: Estimates) -> None:
        """Put the estimates of one piece into their places."""
        places: Any = slice(first, first + rows) if self._places is None else self._places[first : first + rows]
        quantities = {name: each for name in _QUANTITIES if (each := getattr(estimates, name)) is not None}
        errors = [*estimates.errors, *_beyond_numbers(rows, quantities, estimates.errors)]
        answered = np.ones(rows, dtype=bool)
        answered[[error.row for error in errors]] = False
        self._refused += rows - int(np.count_nonzero(answered))
        for error in errors[: MAX_ERRORS - len(self._errors)]:
            row = first + error.row if self._places is None else int(self._places[first + error.row])
            self._errors.append(RowError(row, error.field, error.message))
        self._in_domain[places] = estimates.in_domain & answered
        for name, quantity in quantities.items():
            columns = self._columns.get(name)
            if columns is None:
                columns = self._columns[name] = np.full((3, self._rows), np.nan)
            for column, values in zip(columns, (quantity.value, quantity.p10, quantity.p90), strict=True):
                column[places] = np.where(answered, values, np.nan) if errors else values
        self._notes.update(dict.fromkeys(estimates.notes))

    def response(self, served: Served) -> tuple[pb.PredictBatchResponse, int, int]:
        """The whole answer."""
        description = served.description
        notes = list(self._notes)
        if self._refused > len(self._errors):
            notes.append(f"{self._refused} rows could not be answered; the first {len(self._errors)} are listed")
        response = pb.PredictBatchResponse(
            scope=description.scope,
            model=description.name,
            version=description.version,
            notes=notes,
            errors=[
                pb.RowError(row=error.row, field=error.field, message=error.message)
                for error in sorted(self._errors, key=lambda error: error.row)
            ],
        )
        put_flags(response, _IN_DOMAIN, self._in_domain)
        for name, columns in self._columns.items():
            put_doubles(getattr(response, name), dict(enumerate(columns, 1)))
        inside = int(np.count_nonzero(self._in_domain))
        return response, inside, self._rows - self._refused - inside


def _beyond_numbers(
    rows: int, quantities: Mapping[str, QuantityColumn], told: Sequence[RowError]
) -> Iterator[RowError]:
    """Rows that came out as zero or as no finite number, beside those that the model itself has told of."""
    odd = np.zeros(rows, dtype=bool)
    for each in quantities.values():
        odd |= ~((each.p10 > 0.0) & (each.p90 < np.inf))
    odd[[error.row for error in told]] = False
    for row in np.flatnonzero(odd):
        yield RowError(int(row), "", str(beyond_numbers()))


def _pieces(table: Table) -> Iterator[tuple[int, Table]]:
    for first in range(0, table.rows, PIECE_ROWS):
        last = min(first + PIECE_ROWS, table.rows)
        yield (
            first,
            Table(
                last - first,
                {name: values[first:last] for name, values in table.numbers.items()},
                {name: Texts(texts.values, texts.indexes[first:last]) for name, texts in table.texts.items()},
            ),
        )


def _read_texts(name: str, texts: pb.Texts, rows: int) -> Texts:
    values: list[str] = list(texts.values)
    if texts.indexes:
        indexes = indexes_of(texts)
        if len(indexes) != rows:
            raise _misfit(name, len(indexes), rows)
        highest = int(indexes.max())
        if highest >= len(values):
            raise MalformedRequest(f"column {name!r} has index {highest} but {len(values)} values", "count from 0")
        return _few(name, Texts(values, indexes))
    places: dict[str, int] = {}
    indexes = np.fromiter((places.setdefault(value, len(places)) for value in values), np.intp, len(values))
    return _few(name, Texts(list(places), _spread(name, indexes, rows)))


def _few(name: str, texts: Texts) -> Texts:
    """A name that is not known is searched for among all that are: that must not be done without end."""
    if len(texts.values) > MAX_NAMES:
        raise MalformedRequest(
            f"column {name!r} has {len(texts.values)} different names", f"send at most {MAX_NAMES} at once"
        )
    return texts


def _spread(name: str, values: NDArray[Kind], rows: int) -> NDArray[Kind]:
    """A value for each row; a single one stands for all, without taking more memory."""
    if len(values) == 1:
        return np.broadcast_to(values, rows)
    if len(values) != rows:
        raise _misfit(name, len(values), rows)
    return values


def _misfit(name: str, found: int, rows: int) -> MalformedRequest:
    return MalformedRequest(
        f"column {name!r} has {found} values for {rows} rows", "send one for each row, or one for all"
    )
